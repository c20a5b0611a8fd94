"""Rows of the history file → sessions and reps. What repcount cannot have written is refused with its name."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime, timedelta, timezone
from math import nan
from typing import Any, Protocol

from repcount.config import Config
from repcount.days import Session
from repcount.errors import SettingError, brief
from repcount.records import Flag, Rep

_SETTINGS = {field.name for field in fields(Config)}
_FLAGS = {str(flag) for flag in Flag}
_WHOLE = ("number", "set", "full")
_MEASURED = [field.name for field in fields(Rep) if field.name not in (*_WHOLE, "flags")]

_LARGEST = 1e6
"""Of seconds and numbers: a session of twelve days. A choice."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
"""A clock that was never set begins in 1970; beyond the other, days can no longer be listed one by one. A choice."""


class Row(Protocol):
    """A row of a database; the cells have whatever type somebody has put into them."""

    def __getitem__(self, name: str) -> Any:
        """The cell of a column. Raises IndexError where there is none."""


def session(row: Row, reps: tuple[Rep, ...]) -> Session:
    """A session of the reps that are known of it. Raises ValueError and IndexError."""
    zone = timezone(timedelta(seconds=_number(row, "utc_offset_s")))
    started = _moment(row, "started_utc").astimezone(zone)
    ended = _moment(row, "ended_utc").astimezone(zone) if row["ended_utc"] is not None else None
    return Session(row["id"], started, ended, _text(row, "source"), _text(row, "plan"), _settings(row), reps)


def rep(row: Row) -> Rep:
    """One rep. Raises ValueError and IndexError."""
    values: dict[str, Any] = {name: _number(row, name) for name in _MEASURED}
    # SQLite has no NaN and keeps NULL for it; of all numbers only the pause has a None of its own.
    values["pause_s"] = None if row["pause_s"] is None else values["pause_s"]
    values |= {name: int(_number(row, name)) for name in _WHOLE}
    values["full"] = bool(values["full"])
    values["flags"] = tuple(Flag(flag) for flag in _text(row, "flags").split(";") if flag in _FLAGS)
    return Rep(**values)


def day(text: object) -> date:
    """A day that a rep may be of. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"a day is {brief(text)}")
    when = date.fromisoformat(text)
    _check_year(when)
    return when


def _check_year(when: date) -> None:
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise ValueError(f"it is of the year {when.year}")


def _number(row: Row, name: str) -> float:
    value = row[name]
    if value is None and name in _MEASURED:
        return nan
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"{name} is {brief(value)}")
    return value


def _text(row: Row, name: str) -> str:
    if not isinstance(row[name], str):
        raise ValueError(f"{name} is {brief(row[name])}")
    return str(row[name])


def _moment(row: Row, name: str) -> datetime:
    when = datetime.fromisoformat(_text(row, name))
    _check_year(when)
    return when


def _settings(row: Row) -> Config:
    """The settings as far as this version knows and allows them."""
    try:
        known = json.loads(_text(row, "settings"))
        return Config(**{name: value for name, value in known.items() if name in _SETTINGS})
    except SettingError:
        return Config()
    except (AttributeError, RecursionError) as error:
        raise ValueError(f"settings is {brief(row['settings'])}") from error

"""From rows of the history to values.

A cell may have any type and value, because any program can write to the file. Each function raises ValueError for a
value that repcount does not write, and IndexError for a column that is not there; `check_values` turns both into
HistoryError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime, timedelta, timezone
from math import nan
from typing import Any

from repcount.config import Config
from repcount.errors import HistoryError, SettingError, brief
from repcount.history.database import Database, Row
from repcount.history.totals import Session
from repcount.types import Flag, Rep

_SETTINGS = {field.name for field in fields(Config)}
_FLAGS = {str(flag) for flag in Flag}
REP_FIELDS = [field.name for field in fields(Rep)]
_INTEGER_FIELDS = ("number", "set", "full")
_MEASURED_FIELDS = [name for name in REP_FIELDS if name not in (*_INTEGER_FIELDS, "flags")]

_LARGEST = 1e6
"""Limit of seconds and of numbers. Heuristic: a session of twelve days."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
"""A clock that was never set starts in 1970. Heuristic: later than 2199 the list of days would be too long to build."""


@contextmanager
def check_values(db: Database) -> Iterator[None]:
    """Turn the errors of converting rows into HistoryError."""
    try:
        yield
    except (ValueError, IndexError) as error:  # IndexError: there is no such column
        reason = str(error)[:200]
        raise HistoryError(f"the history {db.path} holds what repcount did not write: {reason}") from error


def session_of(row: Row, reps: tuple[Rep, ...]) -> Session:
    """A session with these reps; the row has the name of its person, too."""
    ended = _datetime(row, "ended_utc").astimezone(_zone(row)) if row["ended_utc"] is not None else None
    person = "" if row["person"] is None else text(row, "person")
    return Session(
        row["id"], started_of(row), ended, text(row, "source"), text(row, "plan"), _config(row), reps, person
    )


def started_of(row: Row) -> datetime:
    """When a session started, in the local time zone of its start."""
    return _datetime(row, "started_utc").astimezone(_zone(row))


def _zone(row: Row) -> timezone:
    return timezone(timedelta(seconds=number(row, "utc_offset_s")))


def rep_of(row: Row) -> Rep:
    """A rep."""
    values: dict[str, Any] = {name: number(row, name) for name in _MEASURED_FIELDS}
    # SQLite has no NaN and stores NULL instead; `pause_s` is the only number that may be None.
    values["pause_s"] = None if row["pause_s"] is None else values["pause_s"]
    values |= {name: int(number(row, name)) for name in _INTEGER_FIELDS}
    values["full"] = bool(values["full"])
    values["flags"] = tuple(Flag(flag) for flag in text(row, "flags").split(";") if flag in _FLAGS)
    return Rep(**values)


def _config(row: Row) -> Config:
    """The settings, as far as this version knows and allows them."""
    try:
        stored = json.loads(text(row, "settings"))
        return Config(**{name: value for name, value in stored.items() if name in _SETTINGS})
    except SettingError:
        return Config()
    except (AttributeError, RecursionError) as error:
        raise ValueError(f"settings is {brief(row['settings'])}") from error


def number(row: Row, name: str) -> float:
    """A number; NaN for an unknown measured value."""
    value = row[name]
    if value is None and name in _MEASURED_FIELDS:
        return nan
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"{name} is {brief(value)}")
    return value


def text(row: Row, name: str) -> str:
    """A text."""
    if not isinstance(row[name], str):
        raise ValueError(f"{name} is {brief(row[name])}")
    return str(row[name])


def _datetime(row: Row, name: str) -> datetime:
    when = datetime.fromisoformat(text(row, name))
    _check_year(when)
    return when


def day_in(text: object) -> date:
    """A day that was stored as text."""
    if not isinstance(text, str):
        raise ValueError(f"a day is {brief(text)}")
    when = date.fromisoformat(text)
    _check_year(when)
    return when


def _check_year(when: date) -> None:
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise ValueError(f"it is of the year {when.year}")

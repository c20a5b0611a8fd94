"""Results read back from the JSON that `analyze` wrote: data from a stranger, believed only where it is sound."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from enum import StrEnum
from itertools import pairwise
from math import isnan, nan
from typing import Any, TypeVar

from repcount import __version__, formats
from repcount.analysis import Analysis, Source
from repcount.config import Config
from repcount.errors import SettingError, brief
from repcount.types import AnalysisWarning, Flag, Rejection, RejectionReason, Rep, WarningCode

_MAX_TIME_S = 1e7
"""Latest time in a document: four months. Heuristic: no camera records for longer."""

_MAX_COUNT = 10**10
"""Most frames, pixels or reps in a document: 60 frames a second for five years."""

_MAX_TEXT_CHARS = 1000
"""Of the text that says how a video was read. Heuristic: it is a sentence."""

_TURN_DEG = 360.0

_SHA256 = re.compile(r"[0-9a-f]{64}")
_Name = TypeVar("_Name", bound=StrEnum)


class DocumentError(Exception):
    """What is wrong with a document, in a few words that follow its place in the file."""


def read_document(document: object) -> Analysis:
    """The analysis in a document that `document` wrote. Raises DocumentError for anything else.

    A document is data from a stranger: every value has to have its type and its range, and the summary has to be that
    of the reps. The unfinished rep and the facts of the warnings are not in a document and stay empty.
    """
    fields = _Fields("", document)
    for name, ours in (("schema", formats.SCHEMA), ("version", __version__)):
        if fields[name] != ours:
            raise DocumentError(f"{name} is {brief(fields[name])}; it must be {ours!r}")
    analysis = Analysis(
        source=_read_source(_Fields("source.", fields["source"])),
        settings=_read_settings(fields["settings"]),
        reps=_read_reps(fields),
        rejections=_read_rejections(fields),
        unfinished=None,
        tracked=_Fields("summary.", fields["summary"]).number("tracked", 0, 1),
        warnings=_read_warnings(fields),
        interrupted=fields.truth("interrupted"),
        model_sha256=fields.sha256("model_sha256"),
        date=fields.day("date"),
        video_sha256=fields.sha256("video_sha256"),
    )
    if fields["summary"] != (summary := formats.document(analysis)["summary"]):
        raise DocumentError(f"summary is {brief(fields['summary'])}; of its reps it would be {brief(summary)}")
    return analysis


def _read_source(fields: _Fields) -> Source:
    path = fields.path("path")
    return Source(
        path=path,
        duration_s=fields.number("duration_s", 0, _MAX_TIME_S),
        width=fields.whole("width", 1, optional=True),
        height=fields.whole("height", 1, optional=True),
        frames=fields.whole("frames", 0, optional=True),
        analysed=fields.whole("analysed", 0) or 0,
        reader=fields.text("reader"),
        from_s=_known(fields.number("from_s", 0, _MAX_TIME_S, optional=True)),
        to_s=_known(fields.number("to_s", 0, _MAX_TIME_S, optional=True)),
        subject=None if fields["subject"] is None else fields.text("subject"),
    )


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _read_settings(settings: object) -> Config:
    names = [field.name for field in dataclasses.fields(Config)]
    if not isinstance(settings, dict) or list(settings) != names:
        raise DocumentError("settings are not those of this repcount")
    try:
        return Config(**settings)
    except SettingError as error:
        raise DocumentError(str(error)) from error


def _read_reps(fields: _Fields) -> tuple[Rep, ...]:
    reps = [_read_rep(_Fields(f"reps[{place}].", item)) for place, item in enumerate(fields.items("reps"))]
    for place, (before, rep) in enumerate(pairwise(reps), 1):
        if not (before.number < rep.number and before.set <= rep.set and before.start_s <= rep.start_s):
            raise DocumentError(f"reps[{place}] does not come after the one before it")
    return tuple(reps)


def _read_rep(fields: _Fields) -> Rep:
    times = {name: fields.number(name, 0, _MAX_TIME_S) for name in ("start_s", "top_s", "end_s")}
    if not times["start_s"] <= times["top_s"] <= times["end_s"]:
        raise DocumentError(f"{fields.place}start_s, top_s and end_s do not rise")
    lengths = {name: fields.number(name, 0, _MAX_TIME_S, optional=True) for name in ("raise_s", "hold_s", "lower_s")}
    angles = {
        name: fields.number(name, -_TURN_DEG, _TURN_DEG, optional=True)
        for name in ("top_flexion_deg", "rest_flexion_deg", "knee_deg")
    }
    pause_s = fields.number("pause_s", 0, _MAX_TIME_S, optional=True)
    return Rep(
        number=fields.whole("number", 1) or 0,
        set=fields.whole("set", 1) or 0,
        **times,
        **lengths,
        pause_s=None if isnan(pause_s) else pause_s,
        **angles,
        full=fields.truth("full"),
        flags=tuple(fields.member("flags", Flag)),
        confidence=fields.number("confidence", 0, 1, optional=True),
    )


def _read_rejections(fields: _Fields) -> tuple[Rejection, ...]:
    items = [_Fields(f"rejected[{place}].", item) for place, item in enumerate(fields.items("rejected"))]
    return tuple(
        Rejection(
            start_s=item.number("start_s", 0, _MAX_TIME_S),
            end_s=item.number("end_s", 0, _MAX_TIME_S),
            reason=item.one("code", RejectionReason),
        )
        for item in items
    )


def _read_warnings(fields: _Fields) -> tuple[AnalysisWarning, ...]:
    codes, sentences = fields.member("warning_codes", WarningCode), fields.items("warnings")
    if len(codes) != len(sentences) or not all(isinstance(sentence, str) and sentence for sentence in sentences):
        raise DocumentError("warnings are not a sentence for each of warning_codes")
    return tuple(AnalysisWarning(code, recorded=sentence) for code, sentence in zip(codes, sentences, strict=True))


class _Fields:
    """The values under the keys of a JSON object, each of the type and in the range asked for, or a DocumentError."""

    def __init__(self, place: str, content: object) -> None:
        """`place` is what stands before its keys in messages, such as `source.`."""
        if not isinstance(content, dict):
            name = place.rstrip(".") or "it"
            raise DocumentError(f"{name} is {brief(content)}; it must be an object")
        self.place, self._content = place, content

    def __getitem__(self, name: str) -> Any:
        if name not in self._content:
            raise DocumentError(f"there is no {self.place}{name}")
        return self._content[name]

    def number(self, name: str, low: float, high: float, *, optional: bool = False) -> float:
        """A number; NaN for null if it is optional."""
        value = self[name]
        if value is None and optional:
            return nan
        # A comparison, as other functions fail for whole numbers of hundreds of digits.
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._error(name, f"a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, name: str, low: int, *, optional: bool = False) -> int | None:
        """A whole number; None for null if it is optional."""
        value = self[name]
        if value is None and optional:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MAX_COUNT:
            raise self._error(name, f"a whole number from {low}")
        return value

    def truth(self, name: str) -> bool:
        """True or false."""
        value = self[name]
        if not isinstance(value, bool):
            raise self._error(name, "true or false")
        return value

    def path(self, name: str) -> str:
        """The path of a file."""
        value = self[name]
        if not isinstance(value, str) or not value or "\0" in value:
            raise self._error(name, "the path of a video")
        return value

    def text(self, name: str) -> str:
        """A text of a few words."""
        value = self[name]
        if not isinstance(value, str) or len(value) > _MAX_TEXT_CHARS:
            raise self._error(name, "a short text")
        return value

    def sha256(self, name: str) -> str:
        """A SHA-256 in hexadecimal; empty for null."""
        value = self[name]
        if value is not None and not (isinstance(value, str) and _SHA256.fullmatch(value)):
            raise self._error(name, "a SHA-256 in hexadecimal, or null")
        return value or ""

    def day(self, name: str) -> str:
        """A day as YYYY-MM-DD; empty for null."""
        value = self[name]
        try:
            return "" if value is None else date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise self._error(name, "a day as YYYY-MM-DD, or null") from None

    def one(self, name: str, kind: type[_Name]) -> _Name:
        """A name that exists."""
        try:
            return kind(self[name])
        except (ValueError, TypeError):
            raise self._error(name, f"one of {', '.join(kind)}") from None

    def items(self, name: str) -> list[Any]:
        """A list."""
        value = self[name]
        if not isinstance(value, list):
            raise self._error(name, "a list")
        return value

    def member(self, name: str, kind: type[_Name]) -> list[_Name]:
        """A list of names that exist."""
        try:
            return [kind(item) for item in self.items(name)]
        except (ValueError, TypeError):
            raise self._error(name, "a list of names that this version knows") from None

    def _error(self, name: str, expected: str) -> DocumentError:
        return DocumentError(f"{self.place}{name} is {brief(self[name])}; it must be {expected}")

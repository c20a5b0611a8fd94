"""The JSON and CSV formats, reading and writing: the contract with other programs."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator, Sequence
from math import isfinite, isnan
from pathlib import Path
from typing import Any, TextIO

from repcount import messages
from repcount.analysis import Analysis, Source
from repcount.config import Config
from repcount.errors import SettingError, SignalError, brief
from repcount.types import AnalysisWarning, Flag, Rep, Sample, Update, WarningCode

SCHEMA = "repcount/1"

_REP_FIELDS = [field.name for field in dataclasses.fields(Rep)]
_SAMPLE_FIELDS = [field.name for field in dataclasses.fields(Sample)]
_SIGNAL_FIELDS = [
    *("time_s", "hip_deg", "knee_deg", "smooth_deg", "phase", "side", "visibility"),
    *(name for name in _SAMPLE_FIELDS if name not in {"time_s", "hip_deg", "knee_deg", "side", "visibility"}),
]

_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
"""First characters that make a spreadsheet run a cell: https://owasp.org/www-community/attacks/CSV_Injection"""

_DIGITS = {"_s": 3, "_deg": 1, "confidence": 2, "tracked": 3}
"""Decimals by the end of a field's name. Milliseconds and tenths of a degree are finer than the measurement."""

_MAX_LINE_CHARS = 100_000
"""The lines of `SignalWriter` have 300 characters. It bounds the memory for a file without line breaks."""


def as_json(analyses: Sequence[Analysis], *, array: bool = False) -> str:
    """The JSON text: an object for one analysis, an array for several, or for one if `array`."""
    import json

    documents = [document(analysis) for analysis in analyses]
    return json.dumps(documents if array or len(documents) != 1 else documents[0], indent=1, allow_nan=False) + "\n"


def document(analysis: Analysis) -> dict[str, Any]:
    """One analysis as a `repcount/1` document."""
    return {
        "schema": SCHEMA,
        "source": _to_row(analysis.source),
        "settings": dataclasses.asdict(analysis.settings),
        "summary": _to_row(analysis.summary),
        "reps": [_to_row(rep) for rep in analysis.reps],
        "warnings": [messages.warning_sentence(warning, str) for warning in analysis.warnings],
        "warning_codes": [warning.code.value for warning in analysis.warnings],
        "interrupted": analysis.interrupted,
    }


def read_document(document: dict[str, Any]) -> Analysis | None:
    """The analysis in a document that `document` wrote; None for anything else.

    Rejections, the unfinished rep and the facts of the warnings are not in a document and stay empty.
    """
    try:
        if document["schema"] != SCHEMA:
            return None
        return Analysis(
            source=Source(**document["source"]),
            settings=Config(**document["settings"]),
            reps=tuple(_read_rep(rep) for rep in document["reps"]),
            rejections=(),
            unfinished=None,
            tracked=float(document["summary"]["tracked"]),
            warnings=tuple(
                AnalysisWarning(WarningCode(code), recorded=str(sentence))
                for code, sentence in zip(document["warning_codes"], document["warnings"], strict=True)
            ),
            interrupted=bool(document["interrupted"]),
        )
    except (KeyError, TypeError, ValueError, SettingError):
        return None


def _read_rep(values: dict[str, Any]) -> Rep:
    known: dict[str, Any] = {
        name: float("nan") if value is None and name != "pause_s" else value for name, value in values.items()
    }
    known["flags"] = tuple(Flag(flag) for flag in known["flags"])
    return Rep(**known)


def write_reps(file: TextIO, analyses: Sequence[Analysis]) -> None:
    """Write one row per rep, with the source in the first column. The header is always there."""
    writer = csv.writer(file)
    writer.writerow(["source", *_REP_FIELDS])
    for analysis in analyses:
        for rep in analysis.reps:
            cells = (_rep_cell(value) for value in _to_row(rep).values())
            writer.writerow([escape_formula(analysis.source.path), *cells])


def escape_formula(text: str) -> str:
    """Text for a CSV cell; an apostrophe in front keeps a spreadsheet from running it as a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _to_row(record: Any) -> dict[str, Any]:
    return {field.name: _rounded(field.name, getattr(record, field.name)) for field in dataclasses.fields(record)}


def _rounded(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    if not isinstance(value, float):
        return value
    digits = next((digits for ending, digits in _DIGITS.items() if name.endswith(ending)), 3)
    return round(value, digits) + 0.0 if isfinite(value) else None


def _rep_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ";".join(value) if isinstance(value, list) else str(value)


class SignalWriter:
    """A sink that writes the signal CSV: one row per analysed frame."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(_SIGNAL_FIELDS)

    def write(self, update: Update) -> None:
        """Write the row of one update; an update without a sample has none."""
        if update.sample is None:
            return
        values = {name: getattr(update.sample, name) for name in _SAMPLE_FIELDS}
        seen = not isnan(update.sample.hip_deg)
        values |= {"smooth_deg": update.smooth_deg if seen else float("nan"), "phase": update.phase}
        self._writer.writerow([_signal_cell(values[name]) for name in _SIGNAL_FIELDS])


def _signal_cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else repr(float(value))
    return str(value)


def read_signal(path: Path) -> Iterator[Sample]:
    """Read the samples of a signal CSV; only the columns `time_s` and `hip_deg` are required.

    Raises SignalError if the file cannot be read, and, with the line number, for a row that is not a sample and for
    times that do not rise.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _check_times(path, csv.DictReader(_read_lines(path, file)))
    except OSError as error:
        raise SignalError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SignalError(f"{path}, line {_first_undecodable_line(path)}: this is not UTF-8 text") from error


def _read_lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(_MAX_LINE_CHARS):
        number += 1
        if len(line) == _MAX_LINE_CHARS:
            raise SignalError(f"{path}, line {number}: it is too long; is it a signal CSV?")
        yield line


def _first_undecodable_line(path: Path) -> int:
    """The number of the first line that is not UTF-8; the error does not say, as text is decoded in blocks."""
    with path.open("rb") as file:
        return next((number for number, line in enumerate(file, 1) if not _is_utf8(line)), 1)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _check_times(path: Path, rows: csv.DictReader[str]) -> Iterator[Sample]:
    last_s = float("-inf")
    for sample in _read_samples(path, rows):
        if not sample.time_s > last_s:
            raise SignalError(f"{path}, line {rows.line_num}: time_s {sample.time_s:g} is not later than {last_s:g}")
        last_s = sample.time_s
        yield sample


def _read_samples(path: Path, rows: csv.DictReader[str]) -> Iterator[Sample]:
    try:
        missing = [name for name in ("time_s", "hip_deg") if name not in (rows.fieldnames or [])]
        if missing:
            raise SignalError(f"{path}, line 1: there is no column {' and no '.join(missing)}; is it a signal CSV?")
        for row in rows:
            yield _parse_sample(path, rows.line_num, row)
    except csv.Error as error:
        raise SignalError(f"{path}, line {rows.line_num}: {error}") from error


def _parse_sample(path: Path, line: int, row: dict[str, str]) -> Sample:
    if None in row or None in row.values():
        raise SignalError(f"{path}, line {line}: the number of cells is not that of the header")
    values: dict[str, Any] = {name: row[name] for name in _SAMPLE_FIELDS if name in row}
    for name, text in values.items():
        if name != "side":
            values[name] = _parse_number(path, line, name, text)
    if not isfinite(values["time_s"]):
        raise SignalError(f"{path}, line {line}: time_s is {brief(row['time_s'])}; it must be a number of seconds")
    return Sample(**values)


def _parse_number(path: Path, line: int, name: str, text: str) -> float:
    try:
        number = float(text) if text.strip() else float("nan")
    except ValueError:
        raise SignalError(f"{path}, line {line}: {name} is {brief(text)}; it must be a number or empty") from None
    if not isfinite(number) and text.strip().lower() != "nan" and text.strip():
        raise SignalError(f"{path}, line {line}: {name} is {brief(text)}; it must be a number or empty")
    return number

"""The JSON and CSV formats: the contract with other programs. `app.documents` reads the JSON back."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import isfinite, isnan
from pathlib import Path
from statistics import fmean
from typing import Any, TextIO

from repcount import __version__, messages
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import SignalError, brief, printable
from repcount.pipes import open_input
from repcount.types import Rejection, Rep, Sample, Update

SCHEMA = "repcount/1"

_REP_FIELDS = [*(field.name for field in dataclasses.fields(Rep)), "reach"]
_SAMPLE_FIELDS = [field.name for field in dataclasses.fields(Sample)]
_SIGNAL_FIELDS = [
    *("time_s", "hip_deg", "knee_deg", "smooth_deg", "phase", "side", "visibility"),
    *(name for name in _SAMPLE_FIELDS if name not in {"time_s", "hip_deg", "knee_deg", "side", "visibility"}),
]

FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
"""First characters that make a spreadsheet run a cell: https://owasp.org/www-community/attacks/CSV_Injection"""

_SEPARATORS = re.compile(r'[,;|"\t\r\n]')
_FORMULA_INSIDE = re.compile(r'(?<=[,;|\t\r\n])(?="*[=+\-@\t\r\n＝＋－＠])')
"""What readers of CSV split at, and what a cell that begins after it would be run for."""

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
        "reps": [_rep_row(rep) for rep in analysis.reps],
        "warnings": [messages.warning_sentence(warning, str) for warning in analysis.warnings],
        "warning_codes": [warning.code.value for warning in analysis.warnings],
        "interrupted": analysis.interrupted,
        "rejected": [_rejected_row(rejection) for rejection in analysis.rejections],
        "version": __version__,
        "model_sha256": analysis.model_sha256 or None,
        "video_sha256": analysis.video_sha256 or None,
        "date": analysis.date or None,
    }


class TableWriter:
    """Writes a table as CSV by RFC 4180: UTF-8, a header, text that somebody else chose quoted where it has to be."""

    def __init__(self, file: TextIO, columns: Sequence[str], texts: Collection[str] = ("source",)) -> None:
        """`texts` are the columns whose text somebody else chose; the others hold numbers and fixed words."""
        self._file, self._columns, self._texts = file, columns, texts
        self._write(columns)

    def row(self, cells: Sequence[str]) -> None:
        """Write one row, a cell for each column."""
        texts = [name in self._texts for name in self._columns]
        self._write([text_cell(cell, first=not i) if texts[i] else cell for i, cell in enumerate(cells)])

    def _write(self, cells: Sequence[str]) -> None:
        self._file.write(",".join(cells) + "\r\n")


def _rep_row(rep: Rep) -> dict[str, Any]:
    return {**_to_row(rep), "reach": _rounded("reach", rep.reach)}


def write_reps(file: TextIO, analyses: Sequence[Analysis]) -> None:
    """Write one row per rep, with the source in the first column. The header is always there."""
    table = TableWriter(file, ["source", *_REP_FIELDS])
    for analysis in analyses:
        for rep in analysis.reps:
            table.row([analysis.source.path, *map(_rep_cell, _rep_row(rep).values())])


_BREAKS = "\t\r\n"
"""Are quoted and not escaped, as readers of CSV expect."""


def text_cell(text: str, *, first: bool = False) -> str:
    """A cell of CSV with text that somebody else chose, quoted by RFC 4180 where a reader might split it.

    Spreadsheets of many countries split at `;`, and some people choose tabs: text with these is quoted too. To a reader
    that splits at `;`, quotes count at the start of its cells alone, which is that of the row: in other cells than the
    `first` one an apostrophe stands before what would begin a formula after a separator. Control characters and the
    like are escaped, but for tabs and line breaks: a table may be printed on a terminal or shown in a browser.
    """
    text = "".join(c if c in _BREAKS else printable(c) for c in text)
    if not first:
        text = _FORMULA_INSIDE.sub("'", text)
    text = escape_formula(text)
    return '"' + text.replace('"', '""') + '"' if _SEPARATORS.search(text) else text


_CLIP_FIELDS = (
    *("source", "status", "error", "full", "partial", "fast", "sets", "duration_s", "width", "height", "rate_hz"),
    *("analysed", "tracked", "confidence", "warnings", "version", "model_sha256", "settings_sha256", "date"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class UncountedClip:
    """A video without a result."""

    path: str
    error: str
    """Why; empty if the run ended before it was its turn."""
    settings: Config
    date: str


def write_clips(file: TextIO, clips: Iterable[Analysis | UncountedClip]) -> None:
    """Write one row per video, also for those without a rep or a result."""
    table = TableWriter(file, _CLIP_FIELDS, ("source", "error"))
    for clip in clips:
        row = _clip_row(clip)
        table.row([_rep_cell(_rounded(name, row.get(name))) for name in _CLIP_FIELDS])


def _clip_row(clip: Analysis | UncountedClip) -> dict[str, Any]:
    made = {"version": __version__, "settings_sha256": settings_sha256(clip.settings), "date": clip.date or None}
    if isinstance(clip, UncountedClip):
        status = "failed" if clip.error else "not_counted"
        return made | {"source": clip.path, "status": status, "error": clip.error}
    source = clip.source
    return {
        **made,
        **dataclasses.asdict(clip.summary),
        "source": source.path,
        "status": "interrupted" if clip.interrupted else "counted",
        "duration_s": source.duration_s,
        "width": source.width,
        "height": source.height,
        "rate_hz": source.frames / source.duration_s if source.frames and source.duration_s > 0 else None,
        "analysed": source.analysed,
        "confidence": fmean(rep.confidence for rep in clip.reps) if clip.reps else None,
        "warnings": tuple(warning.code.value for warning in clip.warnings),
        "model_sha256": clip.model_sha256 or None,
    }


def settings_sha256(settings: Config) -> str:
    """A fingerprint of all settings: the SHA-256 of their JSON, keys sorted."""
    import hashlib
    import json

    return hashlib.sha256(json.dumps(dataclasses.asdict(settings), sort_keys=True).encode()).hexdigest()


def write_rejected(file: TextIO, analyses: Iterable[Analysis]) -> None:
    """Write one row per movement that was not counted."""
    table = TableWriter(file, ["source", "start_s", "end_s", "code"])
    for analysis in analyses:
        for rejection in analysis.rejections:
            table.row([analysis.source.path, *map(_rep_cell, _rejected_row(rejection).values())])


def _rejected_row(rejection: Rejection) -> dict[str, Any]:
    return {
        "start_s": _rounded("start_s", rejection.start_s),
        "end_s": _rounded("end_s", rejection.end_s),
        "code": rejection.reason.value,
    }


def escape_formula(text: str) -> str:
    """Text for a CSV cell; an apostrophe in front keeps a spreadsheet from running it as a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text


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
        with io.TextIOWrapper(open_input(path), encoding="utf-8-sig", newline="") as file:
            yield from _check_times(path, csv.DictReader(_read_lines(path, file)))
    except OSError as error:
        raise SignalError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SignalError(f"{path}{_first_undecodable_line(path)}: this is not UTF-8 text") from error


def _read_lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(_MAX_LINE_CHARS):
        number += 1
        if len(line) == _MAX_LINE_CHARS:
            raise SignalError(f"{path}, line {number}: it is too long; is it a signal CSV?")
        yield line


def _first_undecodable_line(path: Path) -> str:
    """Which line of a file is the first that is not UTF-8; the error does not say, as text is decoded in blocks."""
    if not path.is_file():  # what a pipe held is over
        return ""
    with path.open("rb") as file:
        return f", line {next((number for number, line in enumerate(file, 1) if not _is_utf8(line)), 1)}"


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

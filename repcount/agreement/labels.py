"""Read the reps that somebody has marked in videos: plain CSV, exports of ELAN and BORIS, results of repcount."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from repcount.errors import LabelError, brief
from repcount.pipes import open_input

FULL, PARTIAL, UNKNOWN = "full", "partial", ""

KINDS = {"full": FULL, "partial": PARTIAL, "true": FULL, "false": PARTIAL, "": UNKNOWN}
"""What a kind is called in label files, in small letters."""

IGNORE = "ignore"

_MAX_BYTES = 100_000_000
"""Heuristic: the labels of ten thousand videos have a tenth of this. It bounds the memory for a file that is none."""

_ELAN_TIMES = re.compile(r"(begin|end) time - (hh:mm:ss\.ms|ss\.msec|msec)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LabelledRep:
    """A rep as one rater marked it, in seconds from the beginning of the video."""

    start_s: float
    end_s: float
    top_s: float = nan
    """NaN if it was not marked."""
    kind: str = UNKNOWN
    """`FULL`, `PARTIAL` or `UNKNOWN`."""


Labels = dict[str, list[LabelledRep]]
"""The reps of each video, by the path or name that the file gives, in the order of their starts. A video may have
none."""


def read_labels(path: Path, kinds: Mapping[str, str] | None = None) -> Labels:
    """The labels in a file; what it is follows from its content.

    `kinds` says what further words of the file mean: `FULL`, `PARTIAL`, `UNKNOWN` or `IGNORE`, by the word in small
    letters. Without it, a behaviour or annotation by any other name than `full` or `partial` is an error, so that no
    mark is left out silently. Raises LabelError, which names the line or mark.
    """
    text = _read_text(path)
    reader = _reader(text)
    known = {**KINDS, **{word.strip().casefold(): kind for word, kind in (kinds or {}).items()}}
    labels: Labels = {}
    for row in reader(path, text):
        reps = labels.setdefault(row.source, [])
        if row.start_s is None and row.end_s is None:
            continue  # a video without a rep
        kind = known.get(row.kind.strip().casefold())
        if kind is None:
            words = brief(row.kind.strip())
            raise LabelError(
                f"{path}, {row.place}: {words} is neither full nor partial; say what it means with --kind "
                f"{words}=full, =partial or =ignore"
            )
        if kind != IGNORE:
            reps.append(_checked(path, row, kind))
    if not labels:
        raise LabelError(f"{path} holds no labels")
    return {source: sorted(reps, key=lambda rep: rep.start_s) for source, reps in labels.items()}


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    """Where it stands in the file, for messages."""
    source: str
    start_s: float | None
    end_s: float | None
    top_s: float | None = None
    kind: str = ""


def _checked(path: Path, row: _Row, kind: str) -> LabelledRep:
    start_s, end_s = row.start_s, row.end_s
    if start_s is None or end_s is None:
        raise LabelError(f"{path}, {row.place}: a rep needs a start and an end")
    if not (isfinite(start_s) and isfinite(end_s) and start_s < end_s):
        raise LabelError(f"{path}, {row.place}: the end ({end_s:g}) has to be later than the start ({start_s:g})")
    top_s = nan if row.top_s is None else row.top_s
    if isfinite(top_s) and not start_s <= top_s <= end_s:
        raise LabelError(f"{path}, {row.place}: the top ({top_s:g}) is not between start and end")
    return LabelledRep(start_s, end_s, top_s, kind)


def _read_text(path: Path) -> str:
    try:
        with open_input(path) as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise LabelError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise LabelError(f"{path} is too large for labels: it has more than {_MAX_BYTES // 1_000_000} MB")
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError(f"{path} is not text in UTF-8 or UTF-16; export it again as UTF-8") from error


def _reader(text: str) -> Callable[[Path, str], Sequence[_Row]]:
    start = text.lstrip()
    if start.startswith("<"):
        return _read_eaf
    if start.startswith(("{", "[")):
        return _read_json
    return _read_table


# --- JSON --------------------------------------------------------------------------------------------------


def _read_json(path: Path, text: str) -> list[_Row]:
    """Results of `repcount --json`."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{path} is not valid JSON: {brief(str(error))}") from error
    rows: list[_Row] = []
    for nth, document in enumerate(content if isinstance(content, list) else [content], 1):
        place = f"video {nth}"
        try:
            if document["schema"] != "repcount/1":
                raise KeyError(document["schema"])
            source = str(document["source"]["path"])
            rows.append(_Row(place, source, None, None))
            for rep in document["reps"]:
                kind = FULL if rep["full"] else PARTIAL
                rows.append(
                    _Row(
                        f"{place}, rep {rep['number']}",
                        source,
                        _json_number(rep["start_s"]),
                        _json_number(rep["end_s"]),
                        _json_number(rep["top_s"]),
                        kind,
                    )
                )
        except (KeyError, TypeError, IndexError, ValueError, OverflowError) as error:
            raise LabelError(f"{path}, {place}: this is no result of `repcount analyze --json`") from error
    return rows


def _json_number(value: Any) -> float | None:
    return None if value is None else float(value)


# --- ELAN's own files --------------------------------------------------------------------------------------


def _read_eaf(path: Path, text: str) -> list[_Row]:
    """ELAN's .eaf: time-aligned annotations of all tiers; their value is the kind."""
    if "<!ENTITY" in text:
        raise LabelError(f"{path} defines entities, which no .eaf file of ELAN does; it is not read")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise LabelError(f"{path} is not valid XML: {error}") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise LabelError(f"{path} is XML, but not a file of ELAN (.eaf)")
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    url = "" if media is None else media.get("RELATIVE_MEDIA_URL") or media.get("MEDIA_URL") or ""
    source = _file_of(url) or path.stem
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    unit_s = 0.001  # the only one that ELAN writes, whatever TIME_UNITS says
    rows = [_Row("the media file", source, None, None)]
    for annotation in root.iter("ALIGNABLE_ANNOTATION"):
        place = f"annotation {annotation.get('ANNOTATION_ID')}"
        times = [slots.get(annotation.get(name)) for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")]
        start_s, end_s = (None if time is None else _number(path, place, time) for time in times)
        if start_s is None or end_s is None:
            raise LabelError(f"{path}, {place}: it has no time")
        value = annotation.findtext("ANNOTATION_VALUE") or ""
        rows.append(_Row(place, source, start_s * unit_s, end_s * unit_s, kind=value))
    return rows


def _file_of(url: str) -> str:
    """The path in a file URL, or the relative path that it is."""
    path = unquote(urlsplit(url).path) if url.startswith("file:") else unquote(url)
    return re.sub(r"^/+(?=[A-Za-z]:)", "", path)  # file:///C:/videos/a.mp4


# --- tables ------------------------------------------------------------------------------------------------


def _read_table(path: Path, text: str) -> list[_Row]:
    """Plain CSV, reps of `repcount --csv`, and the tables of ELAN and BORIS, separated by comma, semicolon or tab."""
    lines = text.splitlines()
    header = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith('"#')), 0)
    separator = max(",;\t", key=(lines[header] if lines else "").count)
    table = list(csv.reader(io.StringIO("\n".join(lines[header:]), newline=""), delimiter=separator))
    if not table:
        raise LabelError(f"{path} is empty")
    names = [name.strip().casefold() for name in table[0]]
    rows = [(f"line {header + i}", row) for i, row in enumerate(table[1:], 2) if any(cell.strip() for cell in row)]
    for required, read in _TABLES:
        if all(any(name in names for name in alternatives) for alternatives in required):
            return read(path, names, rows)
    raise LabelError(
        f"{path}, line {header + 1}: the columns of labels are source, start, top, end, kind; tables of BORIS "
        f"(aggregated events) and ELAN (tab-delimited text with column names) are read, too. There is {brief(names)}"
    )


_TableRows = Sequence[tuple[str, list[str]]]


def _read_plain(path: Path, names: list[str], rows: _TableRows) -> list[_Row]:
    cell = _cells(names)
    made = []
    for place, row in rows:
        start, top, end = (_time(path, place, cell(row, name, f"{name}_s")) for name in ("start", "top", "end"))
        source = cell(row, "source").removeprefix("'")  # which keeps a spreadsheet from running it
        made.append(_Row(place, source, start, end, top, cell(row, "kind", "full")))
    return made


def _read_boris(path: Path, names: list[str], rows: _TableRows) -> list[_Row]:
    """BORIS, "Export aggregated events": state events with start and stop; the behaviour is the kind."""
    cell = _cells(names)
    made = []
    for place, row in rows:
        source = cell(row, "media file name", "media file", "source") or cell(row, "observation id")
        source = re.sub(r"^(player )?#?\d+\s*:\s*", "", source.strip(), flags=re.IGNORECASE)
        kind = cell(row, "behavior")
        if cell(row, "behavior type").strip().casefold() == "point":
            raise LabelError(f"{path}, {place}: {brief(kind)} is a point event; reps have to be state events")
        start, end = (_time(path, place, cell(row, name)) for name in ("start (s)", "stop (s)"))
        made.append(_Row(place, source, start, end, kind=kind))
    return made


def _read_elan(path: Path, names: list[str], rows: _TableRows) -> list[_Row]:
    """ELAN, "Export as tab-delimited text" with column names, with one column for all tiers or one for each."""
    cell = _cells(names)
    units = {match[1] + match[2]: name for name in names if (match := _ELAN_TIMES.fullmatch(name))}
    others = {"annotation", "tier", "participant", "file name", "file path", "media file", "file"}
    values = [name for name in names if name == "annotation"] or [
        name for name in names if name and name not in others and not re.match("(begin|end|duration|time)", name)
    ]
    made = []
    for place, row in rows:
        source = cell(row, "media file", "file path", "file name", "file") or path.stem
        times = []
        for which in ("begin", "end"):
            unit = next((unit for unit in ("ss.msec", "msec", "hh:mm:ss.ms") if which + unit in units), None)
            if unit is None:
                raise LabelError(f"{path}: there is no column with the {which} time")
            value = _time(path, place, cell(row, units[which + unit]))
            times.append(value / 1000 if value is not None and unit == "msec" else value)
        kind = next((text for name in values if (text := cell(row, name).strip())), "")
        made.append(_Row(place, _file_of(source), times[0], times[1], kind=kind))
    return made


_TABLES: list[tuple[list[set[str]], Callable[[Path, list[str], _TableRows], list[_Row]]]] = [
    ([{"behavior"}, {"start (s)"}, {"stop (s)"}], _read_boris),
    ([{f"begin time - {unit}" for unit in ("hh:mm:ss.ms", "ss.msec", "msec")}], _read_elan),
    ([{"source"}, {"start", "start_s"}, {"end", "end_s"}], _read_plain),
]
"""The columns by which a table is known, each a set of alternatives."""


def _cells(names: list[str]) -> Callable[..., str]:
    """A function that gives the cell of a row by the first of some column names that there is; else empty."""

    def cell(row: list[str], *wanted: str) -> str:
        index = next((names.index(name) for name in wanted if name in names), None)
        return row[index].strip() if index is not None and index < len(row) else ""

    return cell


def _time(path: Path, place: str, text: str) -> float | None:
    """Seconds, from a number or from hh:mm:ss.ms; a comma may stand for the point."""
    if not text or text.casefold() in {"na", "nan"}:
        return None
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + _number(path, place, part)
    return seconds


def _number(path: Path, place: str, text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = nan
    if not isfinite(value):
        raise LabelError(f"{path}, {place}: {brief(text)} is not a time")
    return value

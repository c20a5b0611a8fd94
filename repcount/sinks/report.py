"""The report: one HTML file with all there is to see of one or several counted videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import isnan
from pathlib import Path
from statistics import median
from typing import Any

from repcount import findings
from repcount.analysis import Analysis, explain
from repcount.chart import Timeline, build_timeline, clock
from repcount.config import Config
from repcount.curve import AngleTrace
from repcount.page import file_address, jpeg_data_uri, render_page, versions
from repcount.records import Rep
from repcount.sinks.report_course import TrendCharts, small_charts
from repcount.sinks.report_svg import LAYOUTS, rows

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One video to report on."""

    analysis: Analysis
    curve: AngleTrace
    pictures: Mapping[int, bytes] = field(default_factory=dict)
    """A JPEG for the number of each rep; empty to leave people out of the file."""
    video: str = ""
    """The name of a video that lies beside the report and has its times, to play it from there; empty for none."""


def render_report(counted: Sequence[ReportItem], *, made: str = "") -> str:
    """The page. `made` says when, for the foot of it; empty leaves it out."""
    sections = [_section(number, each) for number, each in enumerate(counted, 1)]
    return render_page("report.html", "plot.js", "sort.js", sections=sections, made=made, versions=versions())


def _section(number: int, counted: ReportItem) -> dict[str, Any]:
    analysis = counted.analysis
    drawing = build_timeline(analysis, counted.curve)
    pictures = {rep: jpeg_data_uri(jpeg) for rep, jpeg in counted.pictures.items()}
    return {
        "id": f"v{number}",
        "name": Path(analysis.source.path).name or "samples",
        "verdict": findings.summary_sentence(analysis),
        "figures": _figures(analysis),
        "layouts": [(layout, rows(drawing, layout)) for layout in LAYOUTS],
        "several_sets": analysis.summary.sets > 1,
        "labels": {rep.number: _label(rep) for rep in analysis.reps},
        "reps": [_row(rep) for rep in analysis.reps],
        "pictures": pictures,
        "video": file_address(counted.video) if counted.video else "",
        "video_name": counted.video,
        "courses": _courses(drawing, analysis.settings),
        "uncounted": [(clock(each.start_s), clock(each.end_s), each.reason) for each in analysis.rejections],
        "unfinished": clock(analysis.unfinished.start_s) if analysis.unfinished else "",
        "notes": [*_warnings(analysis), *findings.notes(analysis)],
        "settings": _settings(analysis.settings),
        "source": _source(analysis),
    }


def _warnings(analysis: Analysis) -> list[str]:
    """Those that are not told in full where what was not counted is listed."""
    listed = explain(len(analysis.reps) + len(analysis.rejections), analysis.rejections)
    return [warning for warning in analysis.warnings if warning != listed]


def _courses(drawing: Timeline, config: Config) -> TrendCharts | None:
    return small_charts(drawing, config) if drawing.bands else None


def _figures(analysis: Analysis) -> list[tuple[str, str]]:
    """The numbers at the top: what, and how many."""
    summary, reps = analysis.summary, analysis.reps
    told = [("full", f"{summary.full}"), ("partial", f"{summary.partial}"), ("fast", f"{summary.fast}")]
    if summary.sets > 1:
        told.append(("sets", f"{summary.sets}"))
    if reps:
        told.append(("usual raise", _usual([rep.raise_s for rep in reps])))
        told.append(("usual lower", _usual([rep.lower_s for rep in reps])))
        told.append(("top", _from_to([rep.top_flexion_deg for rep in reps])))
    return [*told, ("person seen", f"{summary.tracked:.0%}")]


def _usual(seconds: Sequence[float]) -> str:
    known = [value for value in seconds if not isnan(value)]
    return f"{median(known):.1f} s" if known else "–"


def _from_to(degrees: Sequence[float]) -> str:
    known = [value for value in degrees if not isnan(value)]
    ends = dict.fromkeys(f"{end:.0f}" for end in (min(known), max(known))) if known else []
    return "–".join(ends) + "°" if known else "–"


def _label(rep: Rep) -> str:
    """All about a rep in words, sentence by sentence."""
    sentences = [f"Rep {rep.number}: {_verdict(rep)}", f"Starts at {clock(rep.start_s)}"]
    if not isnan(rep.raise_s):
        knees = "" if isnan(rep.knee_deg) else f", knees {rep.knee_deg:.0f}°"
        sentences.append(f"Raise {rep.raise_s:.1f} s, hold {rep.hold_s:.1f} s, lower {rep.lower_s:.1f} s")
        sentences.append(f"Top at {rep.top_flexion_deg:.0f}°{knees}")
    return ". ".join(sentences)


def _verdict(rep: Rep) -> str:
    return ", ".join(["full" if rep.full else "partial", *findings.remarks(rep)])


def _row(rep: Rep) -> Row:
    """The cells of the table: (what is shown, what it sorts by)."""
    times = [rep.raise_s, rep.hold_s, rep.lower_s, rep.pause_s]
    angles = [rep.top_flexion_deg, rep.rest_flexion_deg, rep.knee_deg]
    numbers = [_cell(each, ".2f") for each in times] + [_cell(each, ".0f", "°") for each in angles]
    return {
        "number": rep.number,
        "set": rep.set,
        "full": rep.full,
        "remarks": findings.remarks(rep, notes=False),
        "rank": 10 * (not rep.full) + len(rep.flags),
        "start": (f"{rep.start_s:.1f}", rep.start_s),
        "numbers": [*numbers, _cell(100 * rep.confidence, ".0f", "%")],
    }


def _cell(value: float | None, digits: str, unit: str = "") -> tuple[str, float | str]:
    if value is None or isnan(value):
        return "–", ""
    return f"{value:{digits}}{unit}".replace("-", "\N{MINUS SIGN}"), round(value, 4)


def _settings(config: Config) -> list[tuple[str, str, str, bool]]:
    """Name, value, what it is, and whether it is another than the default."""
    usual = Config()
    told = []
    for item in fields(config):
        value = getattr(config, item.name)
        about = item.metadata.get("about", "seconds asked for raise/hold/lower/pause")
        text = f"{value:g}" if isinstance(value, float) else str(value)
        told.append((item.name, text, about, value != getattr(usual, item.name)))
    return told


def _source(analysis: Analysis) -> str:
    source = analysis.source
    size = f", {source.width} × {source.height} pixels" if source.width else ""
    frames = f" of {source.frames}" if source.frames else ""
    return f"{clock(source.duration_s)} long{size}, {source.analysed}{frames} frames analysed"

"""One self-contained HTML page with everything there is to see of one or several counted videos."""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib import metadata
from math import isnan
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from repcount import messages
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.reports import findings
from repcount.reports.svg import LAYOUTS, TrendCharts, rows, small_charts
from repcount.reports.timeline import Timeline, build_timeline, clock
from repcount.reports.traces import AngleTrace
from repcount.types import Rep, WarningCode

_TEMPLATES = Path(__file__).parent / "templates"

_COUNTED_WITH = ("repcount", "mediapipe", "opencv-python-headless", "numpy")


def render_page(template: str, *scripts: str, **values: Any) -> str:
    """The page; `template` and `scripts` are names in the folder of templates.

    Every value is escaped, and only the style and the script of ours, known by their hashes, are let run: the
    names of files may hold anything.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, *codes = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", *scripts))
    code = "\n".join(codes)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(code)}; img-src data:; "
        "media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    return environment.get_template(template).render(style=style, script=code, policy=policy, **values)


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def jpeg_data_uri(jpeg: bytes) -> str:
    """A JPEG as an address that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def file_address(name: str) -> str:
    """The name of a file beside the page as a relative address."""
    return "./" + quote(name.encode("utf-8", "surrogateescape"))


def versions() -> list[str]:
    """What counted, by name and version."""
    return [f"Python {platform.python_version()}", *(_version(name) for name in _COUNTED_WITH)]


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} (not installed)"


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
        "uncounted": [
            (clock(each.start_s), clock(each.end_s), messages.REJECTION_SENTENCES[each.reason])
            for each in analysis.rejections
        ],
        "unfinished": clock(analysis.unfinished.start_s) if analysis.unfinished else "",
        "notes": [*_warnings(analysis), *findings.notes(analysis)],
        "settings": _settings(analysis.settings),
        "source": _source(analysis),
    }


def _warnings(analysis: Analysis) -> list[str]:
    """All but the one about rejected movements: the report lists those one by one."""
    return [
        messages.warning_sentence(warning)
        for warning in analysis.warnings
        if warning.code is not WarningCode.MOVEMENTS_REJECTED
    ]


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

"""The HTML report: one self-contained page about one or several counted videos."""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from importlib import metadata
from math import isnan
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from repcount import messages
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import printable
from repcount.language import current, ngettext, number
from repcount.language import gettext as _
from repcount.reports import findings
from repcount.reports.timeline import build_timeline, clock
from repcount.reports.timeline_svg import LAYOUTS, timeline_strips
from repcount.reports.traces import AngleTrace
from repcount.reports.trend_svg import trend_charts
from repcount.types import Rep, WarningCode

_TEMPLATES = Path(__file__).parent / "templates"

_PACKAGES = ("repcount", "mediapipe", "opencv-python-headless", "numpy")
"""Packages that influence the result; their versions are at the foot of the page."""


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One video to report on."""

    analysis: Analysis
    trace: AngleTrace
    thumbnails: Mapping[int, bytes] = field(default_factory=dict)
    """A JPEG of each rep, by its number; empty to keep people out of the file."""
    video: str = ""
    """Path of a video with the same times that the page plays, from the folder of the report; empty for none."""
    recorded: date | None = None
    """The day of the recording."""


def render_report(
    items: Sequence[ReportItem], *, person: str = "", uncounted: Sequence[tuple[str, str]] = (), made: str = ""
) -> str:
    """The page.

    `person` is whose videos they are, `uncounted` the videos without a result, as name and reason, `made` the date at
    its foot; empty leaves each out.
    """
    return render_page(
        *("report.html", "plot.js", "sort.js"),
        sections=[_section(position, item) for position, item in enumerate(items, 1)],
        person=person,
        uncounted=uncounted,
        made=made,
        versions=versions(),
    )


def render_page(template: str, *scripts: str, **values: Any) -> str:
    """Render `template` with our style sheet and `scripts` inlined; all are names in the folder of templates.

    Every value is escaped, also what acts or is invisible in a browser, such as what turns text round, and the content
    security policy allows only that style and those scripts, by their hashes: names of files may contain anything.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"_": _, "language": current()}
    style, *codes = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", *scripts))
    code = "\n".join(codes)
    policy = (
        f"default-src 'none'; style-src {_csp_hash(style)}; script-src {_csp_hash(code)}; img-src data:; "
        "media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    return environment.get_template(template).render(style=style, script=code, policy=policy, **values)


def _shown(value: Any) -> Any:
    """A value of a template: text that is no markup of ours as it may be shown."""
    return printable(value) if type(value) is str else value


def _csp_hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def versions() -> list[str]:
    """Name and version of Python and of the packages that influence the result."""
    return [f"Python {platform.python_version()}", *(_version(name) for name in _PACKAGES)]


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} (not installed)"


def _section(position: int, item: ReportItem) -> dict[str, Any]:
    """What the template shows of one video."""
    analysis = item.analysis
    timeline = build_timeline(analysis, item.trace)
    return {
        "id": f"v{position}",
        "name": Path(analysis.source.path).name or "samples",
        "recorded": "" if item.recorded is None else _("recorded on {day}").format(day=item.recorded.isoformat()),
        "summary": findings.summary_sentence(analysis),
        "advice": findings.advice(analysis),
        "figures": _figures(analysis),
        "layouts": [(layout, timeline_strips(timeline, layout)) for layout in LAYOUTS],
        "several_sets": analysis.summary.sets > 1,
        "labels": {rep.number: _label(rep) for rep in analysis.reps},
        "reps": [_table_row(rep) for rep in analysis.reps],
        "thumbnails": {rep: _jpeg_data_uri(jpeg) for rep, jpeg in item.thumbnails.items()},
        "video": _relative_url(item.video) if item.video else "",
        "video_name": item.video,
        "trends": trend_charts(timeline, analysis.settings) if timeline.reps else None,
        "rejected": [
            (clock(each.start_s), clock(each.end_s), messages.rejection_sentence(each.reason))
            for each in analysis.rejections
        ],
        "unfinished": clock(analysis.unfinished.start_s) if analysis.unfinished else "",
        "notes": [*_warnings(analysis), *findings.notes(analysis)],
        "settings": _settings(analysis.settings),
        "source": _source(analysis),
    }


def _jpeg_data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _relative_url(name: str) -> str:
    """The URL of a file, by its path from the folder of the page."""
    return "./" + quote(name.encode("utf-8", "surrogateescape"))


def _warnings(analysis: Analysis) -> list[str]:
    """The warnings, without the one about rejected movements, which have a list of their own."""
    return [
        messages.warning_sentence(warning)
        for warning in analysis.warnings
        if warning.code is not WarningCode.MOVEMENTS_REJECTED
    ]


def _figures(analysis: Analysis) -> list[tuple[str, str]]:
    """The figures at the top of the section, as name and value."""
    summary, reps = analysis.summary, analysis.reps
    full = ngettext("full rep", "full reps", summary.full)
    partial = ngettext("partial rep", "partial reps", summary.partial)
    figures = [(full, f"{summary.full}"), (partial, f"{summary.partial}"), (_("fast"), f"{summary.fast}")]
    if summary.sets > 1:
        figures.append((_("sets"), f"{summary.sets}"))
    if reps:
        figures.append((_("typical raise"), _median_s([rep.raise_s for rep in reps])))
        figures.append((_("typical lower"), _median_s([rep.lower_s for rep in reps])))
        figures.append((_("top"), _range_deg([rep.top_flexion_deg for rep in reps])))
    if analysis.settings.own_target:
        figures.append((_("target"), f"{analysis.settings.full_deg:g}°"))
    return [*figures, (_("person seen"), f"{summary.tracked:.0%}")]


def _median_s(seconds: Sequence[float]) -> str:
    known = [value for value in seconds if not isnan(value)]
    return f"{number(median(known), 1)} s" if known else "–"


def _range_deg(degrees: Sequence[float]) -> str:
    known = [value for value in degrees if not isnan(value)]
    ends = dict.fromkeys(f"{end:.0f}" for end in (min(known), max(known))) if known else []
    return "–".join(ends) + "°" if known else "–"


def _label(rep: Rep) -> str:
    """All about a rep in words, for its tooltip and for screen readers."""
    remarks = ": ".join(filter(None, [messages.verdict(rep.full), ", ".join(messages.flag_words(rep.flags))]))
    sentences = [
        _("Rep {n}: {remarks}").format(n=rep.number, remarks=remarks),
        _("Starts at {time}").format(time=clock(rep.start_s)),
    ]
    if not isnan(rep.raise_s):
        times = [number(seconds, 1) for seconds in (rep.raise_s, rep.hold_s, rep.lower_s)]
        sentences.append(_("Raise {0} s, hold {1} s, lower {2} s").format(*times))
        top = _("Top at {top}°") if isnan(rep.knee_deg) else _("Top at {top}°, knees {knees}°")
        sentences.append(top.format(top=f"{rep.top_flexion_deg:.0f}", knees=f"{rep.knee_deg:.0f}"))
    return ". ".join(sentences)


def _table_row(rep: Rep) -> dict[str, Any]:
    """The row of a rep; numbers are (text, sort key)."""
    times = [rep.raise_s, rep.hold_s, rep.lower_s, rep.pause_s]
    angles = [rep.top_flexion_deg, rep.rest_flexion_deg, rep.knee_deg]
    numbers = [_cell(each, 2) for each in times] + [_cell(each, 0, "°") for each in angles]
    return {
        "number": rep.number,
        "set": rep.set,
        "full": rep.full,
        "remarks": messages.flag_words(rep.flags),
        "rank": 10 * (not rep.full) + len(rep.flags),
        "start": (number(rep.start_s, 1), rep.start_s),
        "numbers": [*numbers, _cell(100 * rep.confidence, 0, "%")],
    }


def _cell(value: float | None, digits: int, unit: str = "") -> tuple[str, float | str]:
    if value is None or isnan(value):
        return "–", ""
    return f"{number(value, digits)}{unit}".replace("-", "\N{MINUS SIGN}"), round(value, 4)


def _settings(config: Config) -> list[tuple[str, str, str, bool]]:
    """Each setting: name, value, meaning, and whether it differs from the default."""
    default = Config()
    rows = []
    for item in fields(config):
        value = getattr(config, item.name)
        text = f"{value:g}" if isinstance(value, float) else str(value)
        about = _(item.metadata["about"]) if item.metadata else _("seconds asked for raise/hold/lower/pause")
        rows.append((item.name, text, about, value != getattr(default, item.name)))
    return rows


def _source(analysis: Analysis) -> str:
    source = analysis.source
    parts = [clock(source.duration_s)]
    if source.width:
        parts.append(_("{width} × {height} pixels").format(width=source.width, height=source.height))
    frames = _("{n} of {frames} frames analysed") if source.frames else _("{n} frames analysed")
    return ", ".join([*parts, frames.format(n=source.analysed, frames=source.frames)])

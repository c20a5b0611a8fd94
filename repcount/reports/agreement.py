"""A comparison of two raters for people and programs: text, JSON, a table of all reps and a plot."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, TextIO

from repcount.agreement.labels import LabelledRep
from repcount.agreement.matching import Matches, VideoMatch
from repcount.agreement.statistics import Agreement, Differences, Share
from repcount.formats import TableWriter
from repcount.messages import plural
from repcount.reports.plot import quiet_matplotlib

SCHEMA = "repcount-comparison/1"

PAIR_COLUMNS = (
    *("source", "both", "kind_1", "start_1_s", "top_1_s", "end_1_s", "kind_2", "start_2_s", "top_2_s", "end_2_s"),
)


def lines(agreement: Agreement, matches: Matches, names: tuple[str, str]) -> Iterator[str]:
    """The figures as text that fits 80 columns; `names` are those of the two raters' files."""
    one, other = names
    yield f"1  {one}: {plural(agreement.recall.cases, 'rep')}"
    yield f"2  {other}: {plural(agreement.precision.cases, 'rep')}"
    yield f"in {plural(agreement.videos, 'video')} that both have"
    yield ""
    yield _share("same number of full reps", agreement.same_count, "videos")
    yield _share("of 1 also in 2 (recall)", agreement.recall, "reps")
    yield _share("of 2 also in 1 (precision)", agreement.precision, "reps")
    same = sum(first == second for first, second in agreement.kinds)
    yield _share("both full or both partial", Share(same, len(agreement.kinds)), "reps")
    yield f"{'  Cohen’s kappa':28}{_number(agreement.kappa, 2)}"
    yield f"{'ICC(A,1) of the durations':28}{_number(agreement.duration_icc, 3)}"
    yield ""
    yield f"{'2 minus 1, in seconds':24}{'median':>8}{'95 %':>8}{'bias':>8}   limits of agreement"
    for name in ("start", "top", "end", "duration"):
        yield _differences(name, getattr(agreement, name))
    disagreements = list(_disagreements(matches.videos))
    yield from ["", *disagreements] if disagreements else []
    for number, sources in ((1, matches.only_one), (2, matches.only_other)):
        if sources:
            yield ""
            yield f"only in {number}, not compared: {', '.join(sources)}"


def _share(label: str, share: Share, unit: str) -> str:
    low, high = share.interval
    interval = f"  {share.value:.2f} (95 %: {low:.2f} to {high:.2f})" if share.cases else ""
    return f"{label:28}{share.hits} of {share.cases} {unit}{interval}"


def _differences(name: str, of: Differences) -> str:
    low, high = of.limits
    limits = f"{_number(low, 2)} to {_number(high, 2)}"
    counted = f"{name} ({len(of.values)} reps)"
    return f"{counted:24}{_number(of.median_abs, 2):>8}{_number(of.p95_abs, 2):>8}{_number(of.bias, 2):>8}   {limits}"


def _disagreements(videos: Sequence[VideoMatch]) -> Iterator[str]:
    """The reps that one rater alone has, and those that one calls full and the other partial, by video."""
    for video in videos:
        remarks = [f"{rep.start_s:.1f} s only in 1" for rep in _alone(video.ones, [i for i, _ in video.pairs])]
        remarks += [f"{rep.start_s:.1f} s only in 2" for rep in _alone(video.others, [j for _, j in video.pairs])]
        remarks += [
            f"{one.start_s:.1f} s {one.kind} in 1, {other.kind} in 2"
            for one, other in ((video.ones[i], video.others[j]) for i, j in video.pairs)
            if one.kind and other.kind and one.kind != other.kind
        ]
        if remarks:
            yield f"{video.source}: {'; '.join(remarks)}"


def _alone(reps: Sequence[LabelledRep], paired: Sequence[int]) -> list[LabelledRep]:
    return [rep for i, rep in enumerate(reps) if i not in paired]


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if isfinite(value) else "unknown"


def as_json(agreement: Agreement, matches: Matches, names: tuple[str, str]) -> str:
    """All figures as a JSON document; what is not known is null."""
    document = {
        "schema": SCHEMA,
        "files": list(names),
        "videos": agreement.videos,
        "same_count": _share_document(agreement.same_count),
        "recall": _share_document(agreement.recall),
        "precision": _share_document(agreement.precision),
        "kinds": {"reps": len(agreement.kinds), "same": sum(one == other for one, other in agreement.kinds)},
        "kappa": _or_null(agreement.kappa),
        "duration_icc": _or_null(agreement.duration_icc),
        "differences_s": {
            name: _differences_document(getattr(agreement, name)) for name in ("start", "top", "end", "duration")
        },
        "only_1": matches.only_one,
        "only_2": matches.only_other,
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _share_document(share: Share) -> dict[str, Any]:
    low, high = map(_or_null, share.interval)
    return {"hits": share.hits, "cases": share.cases, "value": _or_null(share.value), "low_95": low, "high_95": high}


def _differences_document(of: Differences) -> dict[str, Any]:
    low, high = map(_or_null, of.limits)
    return {
        "reps": len(of.values),
        "median_abs": _or_null(of.median_abs),
        "p95_abs": _or_null(of.p95_abs),
        "bias": _or_null(of.bias),
        "low_limit": low,
        "high_limit": high,
    }


def _or_null(value: float) -> float | None:
    return round(value, 4) if isfinite(value) else None


def write_pairs(file: TextIO, matches: Matches) -> None:
    """Write one row per rep that either rater has; cells of the other rater are empty where only one has it."""
    table = TableWriter(file, PAIR_COLUMNS)
    for video in matches.videos:
        rows: list[tuple[LabelledRep | None, LabelledRep | None]] = [
            (video.ones[i], video.others[j]) for i, j in video.pairs
        ]
        rows += [(rep, None) for rep in _alone(video.ones, [i for i, _ in video.pairs])]
        rows += [(None, rep) for rep in _alone(video.others, [j for _, j in video.pairs])]
        for one, other in sorted(rows, key=lambda row: (row[0] or row[1]).start_s):  # type: ignore[union-attr]
            both = "true" if one and other else "false"
            table.row([video.source, both, *_cells(one), *_cells(other)])


def _cells(rep: LabelledRep | None) -> list[str]:
    if rep is None:
        return [""] * 4
    times = (f"{value:.3f}" if isfinite(value) else "" for value in (rep.start_s, rep.top_s, rep.end_s))
    return [rep.kind, *times]


def render_plot(agreement: Agreement, names: tuple[str, str], file_format: str) -> bytes:
    """A Bland-Altman plot of the durations: how much the raters differ, over the mean of both."""
    with quiet_matplotlib() as mpl, mpl.rc_context(), warnings.catch_warnings():
        from matplotlib.figure import Figure

        warnings.filterwarnings("ignore", message="Glyph")
        mpl.rcdefaults()
        mpl.rcParams.update({"font.family": "DejaVu Sans", "svg.hashsalt": "repcount", "pdf.fonttype": 42})
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        axes = figure.subplots()
        means = [(one + other) / 2 for one, other in agreement.durations_s]
        known = len(agreement.kinds) == len(means)
        alike = [one == other for one, other in agreement.kinds] if known else [True] * len(means)
        for wanted, color, label in (
            (True, "#1f6f8b", "rep"),
            (False, "#c8553d", "full for one, partial for the other"),
        ):
            chosen = [i for i, same in enumerate(alike) if same is wanted]
            if chosen:
                values = [agreement.duration.values[i] for i in chosen]
                axes.scatter([means[i] for i in chosen], values, s=18, color=color, alpha=0.7, label=label)
        low, high = agreement.duration.limits
        for value, text in ((agreement.duration.bias, "bias"), (low, "95 % limit"), (high, "95 % limit")):
            if isfinite(value):
                axes.axhline(value, color="#555555", linewidth=1, linestyle="-" if text == "bias" else "--")
                # Beside the plot, where no point and no other text is.
                axes.annotate(f"{text}\n{value:+.2f} s", (1.01, value), xycoords=("axes fraction", "data"), va="center",
                              fontsize=9)  # fmt: skip
        axes.set_xlabel("duration of the rep, mean of both (s)")
        axes.set_ylabel("duration in 2 minus in 1 (s)")
        axes.set_title(f"1: {names[0]}\n2: {names[1]}", loc="left", fontsize=10)
        if not all(alike):
            figure.legend(loc="outside lower right", ncols=2, frameon=False, fontsize=9)
        file = io.BytesIO()
        figure.savefig(file, format=file_format, dpi=150, metadata=_METADATA.get(file_format, {}))
    return file.getvalue()


_METADATA: dict[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Without dates, so that the same figures give the same file."""

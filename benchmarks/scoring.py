"""One labelled clip against what repcount makes of it, and the totals over many."""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path, PureWindowsPath
from typing import Any

import repcount
from repcount import files, formats
from repcount.agreement import matching
from repcount.agreement.labels import LabelledRep
from repcount.agreement.statistics import percentile
from repcount.errors import SettingError, brief
from repcount.types import RejectionReason

MOMENTS = ("start", "top", "end")
_LARGEST = 1e6
"""Of seconds, degrees and counts in labels: no video lasts twelve days. Heuristic."""

_LONGEST = 200
"""Bytes of a name; most file systems take 255, and an ending is added to some."""

_FULL_OVERLAP, _PARTIAL_OVERLAP = 0.3, 0.2
"""Least overlap (of the time both cover together) at which a counted rep is taken for a labelled one."""

Clip = dict[str, Any]
Rep = dict[str, Any]


@dataclass(slots=True)
class Score:
    """One clip, what was counted on it and how that fits its labels."""

    clip: Clip
    reps: list[Rep] = field(default_factory=list)
    """As in the JSON of `repcount analyze`."""
    refusals: list[RejectionReason] = field(default_factory=list)
    failure: str | None = None
    errors: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By moment, and `top_flexion`."""
    partials: list[bool] = field(default_factory=list)
    """For each labelled partial rep whether it was found."""

    @property
    def full(self) -> int:
        return sum(rep["full"] for rep in self.reps)

    @property
    def strict(self) -> int:
        return int(self.clip["expected"].get("full_strict", 0))

    @property
    def accept(self) -> list[int]:
        return self.clip["expected"].get("accept") or [self.strict, self.strict]

    @property
    def right(self) -> bool:
        return self.failure is None and self.accept[0] <= self.full <= self.accept[1]

    @property
    def scored(self) -> bool:
        return self.failure is None and self.clip.get("score", True)


def read_labels(path: Path) -> list[Clip]:
    """The clips of LABELS.json. Raises SettingError, naming the clip, for what is not laid out as they are."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{path} is not valid JSON: {str(error)[:200]}") from error
    clips = document.get("clips") if isinstance(document, dict) else None
    if not isinstance(clips, list):
        raise SettingError(f'{path} holds no list of "clips"')
    for nth, clip in enumerate(clips, 1):
        wrong = _wrong(clip)
        if wrong:
            raise SettingError(f"{path}, clip {nth}: {wrong}")
    return clips


def _wrong(clip: object) -> str | None:
    """What is not right with a clip."""
    if not isinstance(clip, dict):
        return f"it is {brief(clip)}"
    texts = [name for name in ("id", "file", "class") if not _is_text(clip.get(name))]
    texts += [name for name in ("exercise",) if not _is_text(clip.get(name) or "")]
    if texts:
        return f"{texts[0]} is {brief(clip.get(texts[0]))}; it must be a short text"
    astray = [name for name in ("id", "file") if _leads_out(clip[name], plain=name == "id")]
    if astray:
        return f"{astray[0]} is {brief(clip[astray[0]])}; it must be a name in the folder of the labels"
    view, expected, reps = clip.get("view"), clip.get("expected"), clip.get("reps", [])
    if isinstance(view, dict) and not _is_number(view.get("yaw_deg")):
        return f"yaw_deg is {brief(view.get('yaw_deg'))}; it must be a number"
    if not isinstance(expected, dict) or not _is_count(expected.get("full_strict", 0)):
        return f"expected is {brief(expected)}; it must hold counts"
    accept = expected.get("accept")
    if accept and not (isinstance(accept, list) and len(accept) == 2 and all(map(_is_count, accept))):
        return f"accept is {brief(accept)}; it must be the least and the most reps"
    if not isinstance(reps, list):
        return f"reps is {brief(reps)}; it must be a list"
    return next((f"there is a rep {brief(rep)}" for rep in reps if not _is_rep(rep)), None)


def _is_rep(rep: object) -> bool:
    if not isinstance(rep, dict) or not _is_text(rep.get("kind")):
        return False
    return all(rep.get(name) is None or _is_number(rep[name]) for name in (*MOMENTS, "peak_hip_flexion_deg"))


def _is_text(value: object) -> bool:
    """Whether it is a text that a file can be named by."""
    return isinstance(value, str) and value.isprintable() and len(value.encode()) <= _LONGEST


def _leads_out(name: str, *, plain: bool) -> bool:
    """Whether a file of that name may lie outside of its folder, or, if `plain`, below it: signals go by the id."""
    path = PureWindowsPath(name)  # which takes both kinds of slashes for one
    return bool(path.anchor) or ".." in path.parts or not path.parts or (plain and len(path.parts) > 1)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_count(value: object) -> bool:
    return _is_number(value) and isinstance(value, int)


def score(folder: Path, signals: Path | None, settings: repcount.Config, clip: Clip) -> Score:
    """Count one clip and compare."""
    try:
        analysis = _analysis(folder / clip["file"], clip["id"], signals, settings)
    except repcount.RepcountError as error:
        return Score(clip, failure=str(error))
    refusals = [refusal.reason for refusal in analysis.rejections]
    result = Score(clip, formats.document(analysis)["reps"], refusals)
    if clip["class"] != "distractor":
        _compare(result)
    return result


def _analysis(video: Path, name: str, signals: Path | None, settings: repcount.Config) -> repcount.Analysis:
    if signals is None:
        return repcount.analyze(video, settings)
    signal = signals / f"{name}@{settings.rate_hz:g}hz.csv"
    if signal.exists():
        return repcount.recount(signal, settings)
    with files.TextOutput(signal, sys.stdout) as text:
        analysis = repcount.analyze(video, settings, sinks=[formats.SignalWriter(text.file)])
        if analysis.interrupted:
            raise KeyboardInterrupt
    return analysis


def _compare(result: Score) -> None:
    full = [rep for rep in result.reps if rep["full"]]
    others = [rep for rep in result.reps if not rep["full"]]
    labels = [rep for rep in result.clip.get("reps", []) if rep.get("start") is not None and rep.get("end") is not None]
    labelled_full = [label for label in labels if label["kind"] == "full"]
    for i, j in _match(labelled_full, full, _FULL_OVERLAP):
        _measure(result, labelled_full[i], full[j])
    partials = [label for label in labels if label["kind"] != "full" and "partial" in label["kind"]]
    found = {i for i, _ in _match(partials, others, _PARTIAL_OVERLAP)}
    result.partials += [i in found for i in range(len(partials))]


def _match(labels: Sequence[Rep], reps: Sequence[Rep], min_overlap: float) -> list[tuple[int, int]]:
    return matching.match(
        [LabelledRep(label["start"], label["end"]) for label in labels],
        [LabelledRep(rep["start_s"], rep["end_s"]) for rep in reps],
        min_overlap,
    )


def overlap(label: Rep, rep: Rep) -> float:
    """Time that both cover over the time from the first start to the last end."""
    return matching.overlap(LabelledRep(label["start"], label["end"]), LabelledRep(rep["start_s"], rep["end_s"]))


def _measure(result: Score, label: Rep, found: Rep) -> None:
    for moment in MOMENTS:
        if label.get(moment) is not None:
            result.errors[moment].append(abs(found[f"{moment}_s"] - label[moment]))
    if label.get("peak_hip_flexion_deg") is not None and found["top_flexion_deg"] is not None:
        result.errors["top_flexion"].append(abs(found["top_flexion_deg"] - label["peak_hip_flexion_deg"]))


def figures(results: Sequence[Score]) -> dict[str, Any]:
    """The totals over some clips; clips with `score: false` count for `failed` alone."""
    raises = [r for r in results if r.scored and r.clip["class"] != "distractor"]
    others = [r for r in results if r.scored and r.clip["class"] == "distractor"]
    misses = [abs(r.full - r.strict) for r in raises]
    relative = [miss / max(r.strict, 1) for miss, r in zip(misses, raises, strict=True)]
    partials = [found for r in raises for found in r.partials]
    return {
        "leg_raise_clips": len(raises),
        "exact": sum(r.right for r in raises),
        "strict": sum(miss == 0 for miss in misses),
        "obo": sum(miss <= 1 for miss in misses),
        "mae": round(statistics.fmean(relative), 3) if relative else None,
        "partials": [sum(partials), len(partials)],
        "distractor_clips": len(others),
        "false_full": sum(max(r.full - r.accept[1], 0) for r in others),
        "false_any": sum(len(r.reps) for r in others),
        "false_clips": sum(not r.right for r in others),
        "failed": sum(r.failure is not None for r in results),
        **{f"{moment}_err_s": _spread(raises, moment, 3) for moment in MOMENTS},
        "top_flexion_err_deg": _spread(raises, "top_flexion", 1),
    }


def _spread(results: Iterable[Score], name: str, digits: int) -> list[float | None]:
    """Median, 95th percentile and number."""
    values = [value for r in results for value in r.errors.get(name, [])]
    return [_rounded(percentile(values, share), digits) for share in (0.5, 0.95)] + [len(values)]


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if isfinite(value) else None

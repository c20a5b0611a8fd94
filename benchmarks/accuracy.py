#!/usr/bin/env python3
"""Score repcount on a folder of labelled videos.

LABELS.json holds {"clips": [...]} as sample_videos/truth.json does. For each clip "expected" holds the counts
(`accept` is the range that passes, `full_strict` the best single answer) and "reps" the moments in seconds.

  exact        leg-raise clips whose full count lies in the accepted range
  strict, obo  the same with the strict count, and with at most one beside it
  mae          mean of |count - strict| / max(strict, 1)
  partials     labelled partial reps that a rep which is not full overlaps, found of labelled
  false_full   full reps too many on the clips that hold none; false_any: reps of any kind there;
  false_clips  such clips whose full count is not accepted
  failed       clips that could not be analysed
  *_err        |error| of matched full reps: median, 95th percentile and number
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from scoring import MOMENTS, Clip, Score, figures, read_labels, score

import repcount
from repcount import config
from repcount.agreement.statistics import percentile
from repcount.errors import SettingError
from repcount.messages import REJECTION_SENTENCES

_WIDTH = 150
"""Characters the table of clips needs; a narrower terminal or a pipe would cut it."""


def condition(clip: Clip) -> str:
    """Class and view, or what is done where it is no leg raise."""
    view = clip.get("view")
    seen = f"yaw {view['yaw_deg']:g}°" if isinstance(view, dict) else str(view or "").partition(" ")[0]
    exercise = clip.get("exercise") if clip["class"] == "distractor" else None
    return ", ".join(part for part in (clip["class"], exercise or seen) if part)


def conditions(results: Sequence[Score]) -> dict[str, list[Score]]:
    """The scored clips by condition; distractors alone of their kind and right are put together."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for result in results:
        if result.scored:
            groups[condition(result.clip)].append(result)
    single = [k for k, g in groups.items() if len(g) == 1 and g[0].clip["class"] == "distractor" and not g[0].reps]
    if len(single) > 1:
        groups["distractor, others, one clip each"] = [groups.pop(name)[0] for name in single]
    return dict(sorted(groups.items(), reverse=True))


def show(results: Sequence[Score], console: Console) -> None:
    """Print clips, conditions and totals."""
    heads: tuple[str, ...] = ("clip", "class", "full", "other", "expected", "", "start s", "top s", "end s", "refused")
    _print(console, heads, map(_clip_row, results))
    heads = ("condition", "clips", "right", "partials", "false", "start s", "top s", "end s", "top °")
    _print(console, heads, (_group_row(name, group) for name, group in conditions(results).items()))
    for name, value in figures(results).items():
        console.print(f"{name:20} {json.dumps(value)}")


def _print(console: Console, heads: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    made = Table(box=None, pad_edge=False, header_style="dim")
    for head in heads:
        made.add_column(head, no_wrap=head != "refused")
    for row in rows:
        made.add_row(*row)
    console.print(made)
    console.print()


def _clip_row(r: Score) -> list[str]:
    mark = "FAILED" if r.failure else "not scored" if not r.scored else "ok" if r.right else "WRONG"
    low, high = r.accept
    wanted = str(r.strict) if low == high else f"{r.strict} ({low}-{high})"
    reasons = [(REJECTION_SENTENCES[reason], n) for reason, n in Counter(r.refusals).items()]
    why = r.failure or "; ".join(f"{text} ({n})" if n > 1 else text for text, n in reasons)
    middles = [_text(percentile(r.errors.get(name, []), 0.5), 2) for name in MOMENTS]
    return [r.clip["id"], r.clip["class"], str(r.full), str(len(r.reps) - r.full), wanted, mark, *middles, why]


def _group_row(name: str, group: Sequence[Score]) -> list[str]:
    outcome = figures(group)
    found, labelled = outcome["partials"]
    false = f"{outcome['false_full']}/{outcome['false_any']}" if outcome["distractor_clips"] else ""
    middles = [_text(outcome[f"{moment}_err_s"][0], 2) for moment in MOMENTS]
    right = str(sum(r.right for r in group))
    partials = f"{found}/{labelled}" if labelled else ""
    return [name, str(len(group)), right, partials, false, *middles, _text(outcome["top_flexion_err_deg"][0], 0)]


def _text(value: float | None, digits: int) -> str:
    return "" if value is None or isnan(value) else f"{value:.{digits}f}"


def settings(pairs: Iterable[str]) -> repcount.Config:
    """The defaults with `name=value` over them; `strictness=` sets a preset. Raises SettingError."""
    given = {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
    names = {item.name for item in fields(repcount.Config)}
    preset = given.pop("strictness", "normal")
    try:
        values: dict[str, Any] = {k: v if k == "tempo" else float(v) for k, v in given.items()}
    except ValueError as error:
        raise SettingError(f"--set takes name=number: {error}") from None
    if preset not in config.PRESETS or not names.issuperset(values):
        raise SettingError(f"--set knows {', '.join(sorted(names))}, strictness")
    return repcount.Config(**{**config.PRESETS[preset], **values})


def _map(work: Callable[[Clip], Score], clips: Sequence[Clip], jobs: int) -> list[Score]:
    """In processes of their own where there are several: starting MediaPipe diverts a process's stderr."""
    if jobs == 1:
        return [work(clip) for clip in clips]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(work, clips))


def main(arguments: Sequence[str] | None = None) -> int:
    """Score a folder; 0 however good the figures are, 2 where nothing can be scored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, metavar="LABELS.json")
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of clips without leg raises take every Nth")
    parser.add_argument("--signals", type=Path, metavar="DIR", help="keep the signals here and count from them")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="counter settings")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write figures and reps here")
    given = parser.parse_args(arguments)
    folder = given.labels.parent
    try:
        clips = read_labels(given.labels)
    except SettingError as error:
        parser.error(str(error))
    there = [clip for clip in clips if (folder / clip["file"]).exists()]
    others = [clip for clip in there if clip["class"] == "distractor"]
    left_out = [clip["id"] for nth, clip in enumerate(others) if nth % max(given.every, 1)]
    there = [clip for clip in there if clip["id"] not in left_out]
    for clip in clips:
        if clip not in there and clip["id"] not in left_out:
            print(f"note: {clip['file']} is not there; {clip['id']} is skipped", file=sys.stderr)
    try:
        chosen = settings(given.set)
    except SettingError as error:
        parser.error(str(error))
    if not there:
        parser.error(f"no clips found beside {given.labels}")
    if given.signals:
        given.signals.mkdir(parents=True, exist_ok=True)
    results = _map(partial(score, folder, given.signals, chosen), there, max(given.jobs, 1))
    show(results, Console(highlight=False, width=max(Console().width, _WIDTH)))
    if given.json:
        kept = [{"id": r.clip["id"], "right": r.right, "reps": r.reps, "refusals": r.refusals} for r in results]
        given.json.write_text(json.dumps({"figures": figures(results), "clips": kept}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

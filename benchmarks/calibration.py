#!/usr/bin/env python3
"""Is the stated confidence right? A reliability table over many reps, most of them from videos made worse.

Each labelled leg-raise clip is counted as it is and smaller, darker, blurred, noisy, cropped, occluded, with frames
dropped and at other rates. A rep is right when its verdict (full or not) is that of the label and start, top and end
are within 0.3 s of it; a rep that no label covers is wrong. Labels that leave the verdict open are left out.

  stated, right   mean confidence of the reps in a row and the share of them that are right, with its 95 % interval
  ECE             expected calibration error: mean of |stated - right| over the rows, weighted by their reps
  sure            of the reps that are stated at 0.9 or more, the share that is right

The constants of the confidence were chosen looking at the labelled clips as they are, so only clips that came later are
held out. Two halves, by the checksum of the clip's name, show how much a figure depends on which clips are in it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scoring import MOMENTS, Clip, Rep, overlap, read_labels

import repcount
from repcount import formats, pipeline
from repcount.errors import SettingError
from repcount.pose import angles, model
from repcount.pose.parallel import TRACKED_LONG_SIDE_PX
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Sample
from repcount.video import reader
from repcount.video.opencv import cv2

Image = NDArray[np.uint8]
_WITHIN_S = 0.3
_LEAST_OVERLAP = 0.3
_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_OPEN = ("unclear", "pulse", "unfinished", "top_to_bottom", "bent", "full_bent", "one_leg")
"""Kinds of labels whose verdict a reasonable rule may give either way, or which are no rep."""


class Condition(NamedTuple):
    """What is done to a video before it is counted."""

    change: Callable[[Image, np.random.Generator], Image] = lambda image, _: image
    rate_hz: float = 15.0
    dropped: float = 0.0
    """Share of the frames that are lost, some in a row."""


def _smaller(image: Image, _: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    small = cv2.resize(image, (int(0.45 * width), int(0.45 * height)), interpolation=cv2.INTER_AREA)
    worse = np.full_like(image, 110)
    worse[height - small.shape[0] :, : small.shape[1]] = small
    return worse


def _darker(image: Image, rng: np.random.Generator) -> Image:
    dark = 0.18 * image.astype(np.float32) + rng.normal(0, 4, image.shape)
    return np.clip(dark, 0, 255).astype(np.uint8)


def _blurred(image: Image, _: np.random.Generator) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), image.shape[1] / 200), dtype=np.uint8)


def _noisy(image: Image, rng: np.random.Generator) -> Image:
    return np.clip(image + rng.normal(0, 30, image.shape), 0, 255).astype(np.uint8)


def _cropped(image: Image, _: np.random.Generator) -> Image:
    width = image.shape[1]
    return np.ascontiguousarray(image[:, width // 8 : -width // 8])


def _occluded(image: Image, _: np.random.Generator) -> Image:
    worse, width = image.copy(), image.shape[1]
    worse[:, int(0.42 * width) : int(0.48 * width)] = 90
    return worse


CONDITIONS = {
    "as it is": Condition(),
    "smaller": Condition(_smaller),
    "darker": Condition(_darker),
    "blurred": Condition(_blurred),
    "noisy": Condition(_noisy),
    "cropped": Condition(_cropped),
    "occluded": Condition(_occluded),
    "frames dropped": Condition(dropped=0.35),
    "8 Hz": Condition(rate_hz=8.0),
    "30 Hz": Condition(rate_hz=30.0),
}


class Judged(NamedTuple):
    """A counted rep: what was said of it and whether that is right."""

    clip: str
    condition: str
    confidence: float
    right: bool


def samples(video: Path, condition: Condition, seed: int) -> Iterator[Sample]:
    """The samples of a video under a condition, by one tracker."""
    rng = np.random.default_rng(seed)
    side, lost_until_s = "", -math.inf
    with reader.open_video(video) as file, PersonTracker(model.ensure_model()) as tracker:
        for frame in file.frames(condition.rate_hz, file.info.shrink(TRACKED_LONG_SIDE_PX)):
            if rng.random() < condition.dropped / 3:
                lost_until_s = frame.time_s + rng.uniform(0.0, 0.4)
            if frame.time_s < lost_until_s:
                continue
            pose = tracker.track(Frame(frame.time_s, condition.change(frame.image, rng)))
            sample = angles.compute_sample(frame.time_s, pose, side)
            side = sample.side
            yield sample


def count(folder: Path, signals: Path | None, clip: Clip, name: str) -> list[Judged]:
    """Count one clip under one condition, and judge its reps."""
    seed = zlib.crc32(f"{clip['id']} {name}".encode())
    kept = signals and signals / f"{clip['id']}@{name.replace(' ', '_')}.csv"
    if kept and kept.exists():
        analysis = repcount.recount(kept)
    else:
        read = list(samples(folder / clip["file"], CONDITIONS[name], seed))
        analysis = repcount.count(read)
        if kept:
            with kept.open("w", newline="", encoding="utf-8") as file:
                writer = formats.SignalWriter(file)
                for update in pipeline.updates(read, repcount.Config()):
                    writer.write(update)
    reps = formats.document(analysis)["reps"]
    return [Judged(clip["id"], name, rep["confidence"], right) for rep, right in judged(clip, reps)]


def judged(clip: Clip, reps: Iterable[Rep]) -> Iterator[tuple[Rep, bool]]:
    """Each rep whose verdict a label settles, and whether it is right."""
    for rep in reps:
        covered = [(overlap(label, rep), label) for label in clip.get("reps", []) if None not in _span(label)]
        share, label = max(covered, key=lambda pair: pair[0], default=(0.0, None))
        if label is None or share < _LEAST_OVERLAP:
            if not any(_touches(other, rep) for other in clip.get("reps", [])):
                yield rep, False
        elif not label["kind"].startswith(_OPEN):
            known = [moment for moment in MOMENTS if label.get(moment) is not None]
            near = all(abs(rep[f"{moment}_s"] - label[moment]) <= _WITHIN_S for moment in known)
            yield rep, near and rep["full"] == (label["kind"] == "full")


def _span(label: Rep) -> tuple[Any, Any]:
    return label.get("start"), label.get("end")


def _touches(label: Rep, rep: Rep) -> bool:
    """Whether a label whose verdict or end is open has to do with a rep."""
    start, end = _span(label)
    is_open = None in (start, end) or label["kind"].startswith(_OPEN)
    return is_open and (start is None or start < rep["end_s"]) and (end is None or end > rep["start_s"])


def interval(right: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, right / of
    middle, half = share + z**2 / (2 * of), z * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return (middle - half) / (1 + z**2 / of), (middle + half) / (1 + z**2 / of)


def figures(reps: Sequence[Judged]) -> dict[str, Any]:
    """The rows of the reliability table and what sums them up."""
    rows: list[dict[str, Any]] = []
    ece = 0.0
    for low, high in itertools.pairwise(_EDGES):
        inside = [r for r in reps if low <= r.confidence < high or (high == 1.0 and r.confidence == 1.0)]
        if inside:
            right = sum(r.right for r in inside)
            stated = sum(r.confidence for r in inside) / len(inside)
            ece += abs(stated * len(inside) - right)
            rows.append({"from": low, "to": high, "reps": len(inside), "stated": stated, "right": right / len(inside),
                         "interval": interval(right, len(inside))})  # fmt: skip
    sure = [r for r in reps if r.confidence >= 0.9]
    return {
        "reps": len(reps),
        "rows": rows,
        "ece": ece / max(len(reps), 1),
        "sure": [sum(r.right for r in sure), len(sure)],
    }


def in_first_half(clip: str) -> bool:
    """Whether a clip is in the first of two halves, chosen by the checksum of its name."""
    return zlib.crc32(clip.encode()) % 2 == 0


def show(title: str, reps: Sequence[Judged]) -> dict[str, Any]:
    """Print the table of some reps."""
    told = figures(reps)
    print(f"\n{title}: {told['reps']} reps, ECE {told['ece']:.3f}")
    for row in told["rows"]:
        low, high = row["interval"]
        print(f"  {row['from']:.2f}-{row['to']:.2f}  {row['reps']:5} reps  stated {row['stated']:.3f}"
              f"  right {row['right']:.3f} ({low:.3f}-{high:.3f})")  # fmt: skip
    right, of = told["sure"]
    if of:
        print(f"  sure (0.9 and more): {right} of {of} right, {right / of:.1%}")
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Count the clips of some folders under all conditions and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, nargs="+", metavar="LABELS.json")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time")
    parser.add_argument("--signals", type=Path, metavar="DIR", help="keep the signals here and count from them")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write figures and reps here")
    given = parser.parse_args(arguments)
    if given.signals:
        given.signals.mkdir(parents=True, exist_ok=True)
    work: list[tuple[Path, Clip]] = []
    for labels in given.labels:
        try:
            clips = read_labels(labels)
        except SettingError as error:
            parser.error(str(error))
        there = [clip for clip in clips if (labels.parent / clip["file"]).exists() and clip.get("score", True)]
        work += [(labels.parent, clip) for clip in there if clip["class"] != "distractor"]
    if not work:
        parser.error("no leg-raise clips found beside the labels")
    reps: list[Judged] = []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for name in given.conditions:
            counting = [pool.submit(partial(count, folder, given.signals), clip, name) for folder, clip in work]
            found = [rep for future in counting for rep in future.result()]
            reps += found
            print(f"{name:16} {len(found):4} reps, {sum(r.right for r in found)} right", file=sys.stderr)
    figures = {
        "first half": show("first half of the clips", [r for r in reps if in_first_half(r.clip)]),
        "second half": show("second half of the clips", [r for r in reps if not in_first_half(r.clip)]),
        "all": show("all clips", reps),
    }
    if given.json:
        kept = [rep._asdict() for rep in reps]
        given.json.write_text(json.dumps({"figures": figures, "reps": kept}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

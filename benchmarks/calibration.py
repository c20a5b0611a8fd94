#!/usr/bin/env python3
"""Is the stated confidence right? A reliability table over many reps, most of them from videos made worse.

Each labelled leg-raise clip is counted as it is and smaller, darker, paler, blurred, noisy, compressed, shaken,
cropped, occluded, with frames dropped and at other rates; how much worse is drawn for each clip. A rep is right when
its verdict (full or not) is that of the label and start, top and end are within 0.3 s of it; a rep that no label covers
is wrong. Labels that leave the verdict open are left out.

  stated, right   mean confidence of the reps in a row and the share of them that are right, with its 95 % interval
  ECE             expected calibration error: mean of |stated - right| over the rows, weighted by their reps
  sure            of the reps that are stated at 0.9 or more, the share that is right
  lost            labelled reps that no counted rep covers, of which no confidence can warn

Clips of other exercises are given by `--others`: every rep counted in them is wrong. They are no part of the tables
above; a rep counted there is printed with what was stated of it.

The people in the labelled clips are split in two by the checksum of the clip's name, or of the repository from which a
real clip comes, so that nobody is in both halves. The constants of the confidence were fitted on the first half alone;
the second half and the clips given by `--held-out` are held out.

Tracking takes about 2 s for each rep and condition. `--poses DIR` keeps the landmarks, so that it may be done in pieces
and the judging repeated in a minute; `--kept` judges what is there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scoring import MOMENTS, Clip, Rep, overlap, read_labels

import repcount
from repcount import formats
from repcount.agreement.statistics import Share
from repcount.errors import SettingError
from repcount.pose import angles, model
from repcount.pose.parallel import TRACKED_LONG_SIDE_PX
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Pose, Sample
from repcount.video import reader
from repcount.video.opencv import cv2

Image = NDArray[np.uint8]
Change = Callable[[Image, float, np.random.Generator], Image]
_WITHIN_S = 0.3
_LEAST_OVERLAP = 0.3
_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_OPEN = ("unclear", "pulse", "unfinished", "top_to_bottom", "bent", "full_bent", "one_leg")
"""Kinds of labels whose verdict a reasonable rule may give either way, or which are no rep."""


def _same(image: Image, _: float, __: np.random.Generator) -> Image:
    return image


class Condition(NamedTuple):
    """What is done to a video before it is counted."""

    change: Change = _same
    """Of an image, how much from 0 to 1, and random numbers."""
    rate_hz: float = 15.0
    dropped: float = 0.0
    """Share of the frames that are lost, some in a row."""


def _smaller(image: Image, much: float, _: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    share = 0.6 - 0.3 * much
    small = cv2.resize(image, (int(share * width), int(share * height)), interpolation=cv2.INTER_AREA)
    worse = np.full_like(image, 110)
    worse[height - small.shape[0] :, : small.shape[1]] = small
    return worse


def _darker(image: Image, much: float, rng: np.random.Generator) -> Image:
    dark = cv2.convertScaleAbs(image, alpha=0.3 - 0.22 * much)
    return _with_noise(np.asarray(dark, dtype=np.uint8), 2 + 4 * much, rng)


def _paler(image: Image, much: float, _: np.random.Generator) -> Image:
    share = 0.45 - 0.3 * much
    return np.asarray(cv2.convertScaleAbs(image, alpha=share, beta=200 * (1 - share)), dtype=np.uint8)


def _blurred(image: Image, much: float, _: np.random.Generator) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), image.shape[1] * (0.002 + 0.006 * much)), dtype=np.uint8)


def _noisy(image: Image, much: float, rng: np.random.Generator) -> Image:
    return _with_noise(image, 12 + 33 * much, rng)


def _with_noise(image: Image, size: float, rng: np.random.Generator) -> Image:
    noise = np.empty(image.shape, dtype=np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, 0, size)
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), dtype=np.uint8)


def _compressed(image: Image, much: float, _: np.random.Generator) -> Image:
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, round(20 - 15 * much)])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)


def _shaken(image: Image, much: float, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    dx, dy = rng.normal(0, (0.002 + 0.008 * much) * width, 2)
    shift = np.array([[1, 0, dx], [0, 1, dy]], dtype=np.float32)
    return np.asarray(cv2.warpAffine(image, shift, (width, height)), dtype=np.uint8)


def _cropped(image: Image, much: float, _: np.random.Generator) -> Image:
    off = round(image.shape[1] * (0.04 + 0.1 * much))
    return np.ascontiguousarray(image[:, off:-off])


def _occluded(image: Image, much: float, _: np.random.Generator) -> Image:
    worse, width = image.copy(), image.shape[1]
    middle = 0.3 + 0.4 * (much * 7 % 1)
    worse[:, round((middle - 0.02 - 0.03 * much) * width) : round((middle + 0.02 + 0.03 * much) * width)] = 90
    return worse


CONDITIONS = {
    "as it is": Condition(),
    "smaller": Condition(_smaller),
    "darker": Condition(_darker),
    "paler": Condition(_paler),
    "blurred": Condition(_blurred),
    "noisy": Condition(_noisy),
    "compressed": Condition(_compressed),
    "shaken": Condition(_shaken),
    "cropped": Condition(_cropped),
    "occluded": Condition(_occluded),
    "frames dropped": Condition(dropped=0.35),
    "8 Hz": Condition(rate_hz=8.0),
    "10 Hz": Condition(rate_hz=10.0),
    "30 Hz": Condition(rate_hz=30.0),
}


class Judged(NamedTuple):
    """A counted rep: what was said of it and whether that is right."""

    clip: str
    condition: str
    held_out: bool
    confidence: float
    full: bool
    right: bool


class Found(NamedTuple):
    """What was found in one clip under one condition."""

    reps: list[Judged]
    labelled: int
    """Reps whose verdict a label settles."""
    lost: int


class Task(NamedTuple):
    """One clip under one condition."""

    folder: Path
    clip: Clip
    condition: str
    held_out: bool


def tracked(video: Path, condition: Condition, seed: int) -> Iterator[tuple[float, Pose | None]]:
    """Times and poses of a video under a condition, by one tracker."""
    rng = np.random.default_rng(seed)
    much, lost_until_s = rng.random(), -math.inf
    with reader.open_video(video) as file, PersonTracker(model.ensure_model()) as tracker:
        for frame in file.frames(condition.rate_hz, file.info.shrink(TRACKED_LONG_SIDE_PX)):
            if rng.random() < condition.dropped / 3:
                lost_until_s = frame.time_s + rng.uniform(0.0, 0.4)
            if frame.time_s < lost_until_s:
                continue
            yield frame.time_s, tracker.track(Frame(frame.time_s, condition.change(frame.image, much, rng)))


_KEPT = ("people_lying", "shins_differ", "legs_gone")
"""What a pose knows besides its landmarks."""


def poses(task: Task, folder: Path | None, *, kept_only: bool) -> list[tuple[float, Pose | None]] | None:
    """Those of a clip, from `folder` if they are kept there; None if they would have to be, and are not."""
    clip, name = task.clip, task.condition
    kept = folder and folder / f"{clip['id']}@{name.replace(' ', '_')}.npz"
    if kept and kept.exists():
        with np.load(kept) as file:
            times, points = file["times_s"], file["points"].astype(np.float64)
            known = zip(*(file[name].tolist() for name in _KEPT), strict=True)
        return [(float(t), None if np.isnan(p[0, 0]) else
                 Pose(p[:, :2], p[:, 2:5], p[:, 5], people_lying=lying, shins_differ=differ, legs_gone=gone))
                for t, p, (lying, differ, gone) in zip(times, points, known, strict=True)]  # fmt: skip
    if kept_only:
        return None
    seed = zlib.crc32(f"{clip['id']} {name}".encode())
    found = list(tracked(task.folder / clip["file"], CONDITIONS[name], seed))
    if kept:
        points = np.full((len(found), 33, 6), np.nan, np.float32)
        for row, (_, pose) in zip(points, found, strict=True):
            if pose is not None:
                row[:] = np.column_stack([pose.xy_px, pose.world_m, pose.visibility])
        known_of: dict[str, Any] = {name: [getattr(pose, name, np.nan) for _, pose in found] for name in _KEPT}
        part = kept.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as out:
            times = np.array([t for t, _ in found])
            np.savez(out, times_s=times, points=points, **known_of)
        part.replace(kept)
    return found


def samples(found: Iterable[tuple[float, Pose | None]]) -> Iterator[Sample]:
    """What is measured on poses."""
    side = ""
    for time_s, pose in found:
        sample = angles.compute_sample(time_s, pose, side)
        side = sample.side
        yield sample


def count(folder: Path | None, kept_only: bool, task: Task) -> Found:
    """Count one clip under one condition, and judge its reps."""
    found = poses(task, folder, kept_only=kept_only)
    if found is None:
        return Found([], 0, 0)
    reps = formats.document(repcount.count(samples(found)))["reps"]
    settled = [label for label in task.clip.get("reps", []) if None not in _span(label) and not _is_open(label)]
    lost = sum(max((overlap(label, rep) for rep in reps), default=0.0) < _LEAST_OVERLAP for label in settled)
    held_out = task.held_out
    return Found(
        [Judged(task.clip["id"], task.condition, held_out, rep["confidence"], rep["full"], right)
         for rep, right in judged(task.clip, reps)], len(settled), lost,
    )  # fmt: skip


def judged(clip: Clip, reps: Iterable[Rep]) -> Iterator[tuple[Rep, bool]]:
    """Each rep whose verdict a label settles, and whether it is right."""
    for rep in reps:
        covered = [(overlap(label, rep), label) for label in clip.get("reps", []) if None not in _span(label)]
        share, label = max(covered, key=lambda pair: pair[0], default=(0.0, None))
        if label is None or share < _LEAST_OVERLAP:
            if not any(_touches(other, rep) for other in clip.get("reps", [])):
                yield rep, False
        elif not _is_open(label):
            known = [moment for moment in MOMENTS if label.get(moment) is not None]
            near = all(abs(rep[f"{moment}_s"] - label[moment]) <= _WITHIN_S for moment in known)
            yield rep, near and rep["full"] == (label["kind"] == "full")


def _is_open(label: Rep) -> bool:
    return str(label["kind"]).startswith(_OPEN)


def _span(label: Rep) -> tuple[Any, Any]:
    return label.get("start"), label.get("end")


def _touches(label: Rep, rep: Rep) -> bool:
    """Whether a label whose verdict or end is open has to do with a rep."""
    start, end = _span(label)
    is_open = None in (start, end) or _is_open(label)
    return is_open and (start is None or start < rep["end_s"]) and (end is None or end > rep["start_s"])


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
                         "interval": Share(right, len(inside)).interval})  # fmt: skip
    sure = [r for r in reps if r.confidence >= 0.9]
    return {
        "reps": len(reps),
        "clips": len({r.clip for r in reps}),
        "rows": rows,
        "ece": ece / max(len(reps), 1),
        "sure": [sum(r.right for r in sure), len(sure)],
    }


def in_first_half(clip: Clip) -> bool:
    """Whether a clip is in the half that was fitted on, by the checksum of what stands for the person in it."""
    person = (clip.get("origin") or {}).get("repo") or clip["id"]
    return zlib.crc32(str(person).encode()) % 2 == 0


def show(title: str, reps: Sequence[Judged]) -> dict[str, Any]:
    """Print the table of some reps."""
    outcome = figures(reps)
    print(f"\n{title}: {outcome['reps']} reps of {outcome['clips']} clips, ECE {outcome['ece']:.3f}")
    for row in outcome["rows"]:
        low, high = row["interval"]
        print(f"  {row['from']:.2f}-{row['to']:.2f}  {row['reps']:5} reps  stated {row['stated']:.3f}"
              f"  right {row['right']:.3f} ({low:.3f}-{high:.3f})")  # fmt: skip
    right, of = outcome["sure"]
    if of:
        low, high = Share(right, of).interval
        print(f"  sure (0.9 and more): {right} of {of} right, {right / of:.1%} ({low:.1%}-{high:.1%})")
    return outcome


def read_tasks(labels: Path, conditions: Sequence[str], *, held_out: bool, others: bool = False) -> list[Task]:
    """The leg-raise clips beside LABELS.json, or those of other exercises, each under all conditions.

    Raises SettingError.
    """
    clips = [
        clip for clip in read_labels(labels) if clip.get("score", True) and (clip["class"] == "distractor") is others
    ]
    return [
        Task(labels.parent, clip, name, held_out or not in_first_half(clip))
        for name in conditions
        for clip in clips
        if (labels.parent / clip["file"]).exists()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Count the clips of some folders under all conditions and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, nargs="*", metavar="LABELS.json")
    parser.add_argument("--held-out", type=Path, nargs="+", default=[], metavar="LABELS.json", help="more to hold out")
    parser.add_argument("--others", type=Path, nargs="+", default=[], metavar="LABELS.json", help="of other exercises")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    parser.add_argument("--jobs", type=int, default=1, help="clips at a time")
    parser.add_argument("--poses", type=Path, metavar="DIR", help="keep the landmarks here and count from them")
    parser.add_argument("--kept", action="store_true", help="only count from the landmarks that are there")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write figures and reps here")
    given = parser.parse_args(arguments)
    if given.poses:
        given.poses.mkdir(parents=True, exist_ok=True)
    tasks: list[Task] = []
    others: list[Task] = []
    try:
        for labels in (*given.labels, *given.held_out):
            tasks += read_tasks(labels, given.conditions, held_out=labels in given.held_out)
        for labels in given.others:
            others += read_tasks(labels, given.conditions, held_out=True, others=True)
    except SettingError as error:
        parser.error(str(error))
    if not tasks and not others:
        parser.error("no clips to count found beside the labels")
    reps: list[Judged] = []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for name in given.conditions:
            counting = [pool.submit(count, given.poses, given.kept, task) for task in others if task.condition == name]
            wrong = [rep for future in counting for rep in future.result().reps]
            if others:
                which = ", ".join(
                    f"{rep.clip} {'full' if rep.full else 'partial'} {rep.confidence:.2f}" for rep in wrong
                )
                print(f"{name:16} {len(counting):4} clips of other exercises, {len(wrong)} reps {which}")
        for name in given.conditions if tasks else ():
            counting = [pool.submit(count, given.poses, given.kept, task) for task in tasks if task.condition == name]
            found = [future.result() for future in counting]
            more = [rep for one in found for rep in one.reps]
            reps += more
            labelled, lost = sum(one.labelled for one in found), sum(one.lost for one in found)
            print(f"{name:16} {len(more):4} reps, {sum(r.right for r in more)} right; lost {lost} of {labelled}")
    if not tasks:
        return 0
    tables = {
        "fitted": show("fitted on", [r for r in reps if not r.held_out]),
        "held out": show("held out", [r for r in reps if r.held_out]),
        "all": show("all", reps),
    }
    if given.json:
        kept = [rep._asdict() for rep in reps]
        given.json.write_text(json.dumps({"figures": tables, "reps": kept}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

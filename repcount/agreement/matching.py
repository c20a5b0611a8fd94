"""Which rep of one rater is which of the other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Protocol

from repcount.agreement.labels import LabelledRep, Labels
from repcount.errors import LabelError

MIN_OVERLAP = 0.3
"""Least overlap of two reps to be the same. Heuristic: a rep that is marked half a second early and late at a length of
two seconds still overlaps by half, and neighbours do not overlap at all."""


class Span(Protocol):
    """Anything with a start and an end."""

    @property
    def start_s(self) -> float:
        """Seconds."""

    @property
    def end_s(self) -> float:
        """Seconds."""


def overlap(one: Span, other: Span) -> float:
    """The time that both cover, over the time from the first start to the last end: 0 to 1."""
    inner_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    outer_s = max(one.end_s, other.end_s) - min(one.start_s, other.start_s)
    return max(inner_s, 0.0) / max(outer_s, 1e-9)


def match(ones: Sequence[Span], others: Sequence[Span], min_overlap: float = MIN_OVERLAP) -> list[tuple[int, int]]:
    """Pairs of indices into both, those that overlap most first taken; each rep is in at most one pair."""
    candidates = [
        (share, i, j)
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
        if (share := overlap(one, other)) >= min_overlap
    ]
    pairs: list[tuple[int, int]] = []
    for _, i, j in sorted(candidates, key=lambda each: (-each[0], each[1], each[2])):
        if all(i != one and j != other for one, other in pairs):
            pairs.append((i, j))
    return sorted(pairs)


@dataclass(frozen=True, slots=True)
class VideoMatch:
    """The reps of one video by both raters."""

    source: str
    """As the first rater's file names it."""
    ones: list[LabelledRep]
    others: list[LabelledRep]
    pairs: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Matches:
    """The videos that both raters have looked at, and those of one alone."""

    videos: list[VideoMatch]
    only_one: list[str]
    only_other: list[str]


def match_labels(ones: Labels, others: Labels) -> Matches:
    """Pair the videos by their paths, from the end, and their reps by time.

    `monday/a.mp4` is `/data/monday/a.mp4`, and `a.eaf` is `a.mp4`. Raises LabelError if a video may be one of two.
    """
    videos, left = [], dict(others)
    for source, reps in ones.items():
        found = _same_video(source, list(others))
        if found is not None and found in left:
            theirs = left.pop(found)
            videos.append(VideoMatch(source, reps, theirs, match(reps, theirs)))
        elif found is not None:
            raise LabelError(f"{found} is more than one of the other file's videos; name them with their folders")
    paired = {video.source for video in videos}
    return Matches(videos, [source for source in ones if source not in paired], list(left))


def _same_video(source: str, candidates: Sequence[str]) -> str | None:
    shared = {candidate: _shared_parts(source, candidate) for candidate in candidates}
    most = max(shared.values(), default=0)
    best = [candidate for candidate, parts in shared.items() if parts == most]
    if not most:
        return None
    if len(best) > 1:
        raise LabelError(f"{source} may be {best[0]} or {best[1]}; name videos with their folders in both files")
    return best[0]


def _shared_parts(one: str, other: str) -> int:
    """How many parts of two paths are the same, from the end; the ending of the file does not matter."""
    shared = 0
    for mine, theirs in zip(_parts(one), _parts(other), strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared


def _parts(path: str) -> list[str]:
    pure = PureWindowsPath(path)  # takes both kinds of slashes
    return [pure.stem.casefold(), *(part.casefold() for part in reversed(pure.parts[:-1]))]

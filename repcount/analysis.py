"""What is known of one video once it has been counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import isnan

from repcount.config import Config
from repcount.counting import counter
from repcount.types import Event, Flag, Rejection, Rep, RepRemoved, Sample, UnfinishedRep, Update

_TRACKED_LITTLE = 0.5
_FEET_SEEN = 0.5
OBLIQUE_VIEW_DEG = 60.0
"""View angle (`Sample.view_deg`) above which the angles are rough: the camera is nearer to the head or the feet than to
the side. On clips rendered at 60° the hip angle is off by up to 18° at the top, even as read in space. A recording gets
a warning, live counting waits."""

SMALL_TRUNK_SHARE = 0.08
"""Trunk length as a share of the image's longer side, below which the person is called small or far away: about 4 m
from the camera, MediaPipe's limit. The longer side, because that is what a camera's zoom refers to, held upright or
not."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the samples came from. Sizes and frames are None for a signal file."""

    path: str
    duration_s: float
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    analysed: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one video."""

    full: int
    partial: int
    fast: int
    sets: int
    tracked: float
    """Share of the analysed frames in which somebody was found, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of counting one video or signal."""

    source: Source
    settings: Config
    reps: tuple[Rep, ...]
    rejections: tuple[Rejection, ...]
    """Movements of the legs that are no leg raises, each with its reason."""
    unfinished: UnfinishedRep | None
    """A movement that the end of the video cut off."""
    tracked: float
    warnings: tuple[str, ...]
    interrupted: bool = False

    @property
    def summary(self) -> Summary:
        """Counts of the reps by verdict."""
        full = sum(rep.full for rep in self.reps)
        fast = sum(bool({Flag.FAST_RAISE, Flag.FAST_LOWER} & set(rep.flags)) for rep in self.reps)
        return Summary(full, len(self.reps) - full, fast, max((rep.set for rep in self.reps), default=0), self.tracked)


@dataclass(slots=True)
class AnalysisBuilder:
    """Gathers updates into an Analysis; keeps events and sums, never samples."""

    events: list[Event] = field(default_factory=list)
    samples: int = 0
    seen: int = 0
    last_s: float = 0.0
    _feet: float = 0.0
    _view: float = 0.0
    _trunk_px: float = 0.0

    def write(self, update: Update) -> None:
        """Take one update."""
        self.events.extend(update.events)
        sample = update.sample
        if sample is None:
            return
        self.samples += 1
        self.last_s = sample.time_s
        if not isnan(sample.hip_deg):
            self._add(sample)

    def _add(self, sample: Sample) -> None:
        self.seen += 1
        self._feet += sample.feet_visibility
        self._view += sample.view_deg
        self._trunk_px += sample.trunk_px

    def result(
        self, source: Source, settings: Config, warnings: list[str] | None = None, *, interrupted: bool = False
    ) -> Analysis:
        """The analysis of everything written so far."""
        removed = {event.number for event in self.events if isinstance(event, RepRemoved)}
        counted = [event for event in self.events if isinstance(event, Rep)]
        reps = counter.with_pauses([rep for rep in counted if rep.number not in removed])
        refusals = tuple(event for event in self.events if isinstance(event, Rejection))
        unfinished = next((event for event in self.events if isinstance(event, UnfinishedRep)), None)
        told = [
            *(warnings or []),
            *self._warnings(source),
            *_of_events(reps, refusals, unfinished),
            *_by_hand(reps, removed),
        ]
        tracked = self.seen / self.samples if self.samples else 0.0
        return Analysis(source, settings, reps, refusals, unfinished, tracked, tuple(told), interrupted)

    def _warnings(self, source: Source) -> list[str]:
        if not self.seen:
            return ["nobody was found in the picture: the whole person has to be in it, lying, from the side"]
        told = []
        if self.seen < _TRACKED_LITTLE * self.samples:
            told.append(f"the person was found in only {self.seen / self.samples:.0%} of the frames")
        if self._feet < _FEET_SEEN * self.seen:
            told.append("the feet were mostly out of the picture or hidden: move the camera back")
        if self._view > OBLIQUE_VIEW_DEG * self.seen:
            told.append("the camera looks from the head or the feet: angles are rough; put it at the side")
        longer_px = max(source.width or 0, source.height or 0)
        if self._trunk_px < SMALL_TRUNK_SHARE * longer_px * self.seen:
            told.append("the person is small in the picture: 2 to 3 m from the camera is best")
        return told


def _of_events(reps: tuple[Rep, ...], refusals: tuple[Rejection, ...], unfinished: UnfinishedRep | None) -> list[str]:
    told = []
    if refusals:
        told.append(explain(len(reps) + len(refusals), refusals))
    doubtful = sum(Flag.LOW_CONFIDENCE in rep.flags for rep in reps)
    if doubtful:
        told.append(f"{doubtful} of {len(reps)} reps were hard to see: check them in the video")
    if unfinished is not None:
        told.append(f"the end cuts off a movement that began at {unfinished.start_s:.1f} s: it is not counted")
    return told


def _by_hand(reps: tuple[Rep, ...], removed: set[int]) -> list[str]:
    added = sum(Flag.BY_HAND in rep.flags for rep in reps)
    told = [f"{added} of {len(reps)} reps were added by hand"] if added else []
    return [*told, f"{len(removed)} reps were taken off by hand"] if removed else told


def explain(movements: int, refusals: tuple[Rejection, ...]) -> str:
    """One sentence on what was seen and not counted."""
    reasons = Counter(refusal.reason for refusal in refusals)
    listed = "; ".join(f"{reason} ({count})" if len(reasons) > 1 else reason for reason, count in reasons.most_common())
    return f"{movements} movements seen, {len(refusals)} not counted: {listed}"

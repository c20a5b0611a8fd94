"""The result of counting one video or signal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import isnan

from repcount.config import Config
from repcount.counting import counter
from repcount.types import (
    UPRIGHT_DEG,
    AnalysisWarning,
    Event,
    Flag,
    Rejection,
    Rep,
    RepRemoved,
    Sample,
    StrayLeg,
    TargetSet,
    UnfinishedRep,
    Update,
    WarningCode,
)

_MIN_TRACKED = 0.5
_MIN_FEET_VISIBILITY = 0.5
"""Heuristics: a result rests on too little if less than half was seen."""

OBLIQUE_VIEW_DEG = 60.0
"""View angle (`Sample.view_deg`) above which the angles are rough: the camera is nearer to the head or the feet than to
the side. On clips rendered at 60° the hip angle is off by up to 18° at the top, even as read in space. A recording gets
a warning, live counting waits."""

_BACKWARDS_DEG, _CHEST_DOWN_DEG, _BACKWARDS_SHARE = 230.0, -45.0, 0.15
"""Hip angle that no hip reaches, 50° behind the trunk, with the chest facing down, and the share of such samples from
which on a picture without a rep is taken to stand on its head. A set of leg raises upside down has 0.40; of 291
signals of leg raises and other exercises one had more, in which the model takes somebody small for upside down, and the
next 0.07."""

_STILL_LEG_DEG, _OTHER_LEG_DEG, _ONE_LEG_SHARE = 15.0, 30.0, 0.2
"""Flexion below which the better-seen leg lies still, how far the other one is above it, and the share of such samples
from which on, where nothing was counted and nothing refused, that is said: the model puts the far leg of who lies in
front onto the legs of who raises them behind. That has 0.37 of a rendered set, and a leg raised alone 0.31-0.45 of
three; of 101 other clips those where nothing was counted or refused have 0.13 at most, of somebody who runs."""

_STRAY_SHARE = 0.4
"""More than this share of the reps were judged by one leg before that is said. On landmarks without colours it is in 29
of 133 clips of two people, as they are and made worse, and in 7 of 852 of one person."""

_MIN_CROWDED, _CROWDED_SHARE = 5, 0.2
"""Samples that show several people lying before it is said, and their share of those in which others were looked for.
Heuristic: a sofa is taken for somebody for a moment, and of people who lie close to each other one is found now and
then."""

SMALL_TRUNK_SHARE = 0.08
"""Trunk length as a share of the image's longer side, below which the person is called small or far away: about 4 m
from the camera, MediaPipe's limit. The longer side, because that is what a camera's zoom refers to, held upright or
not."""


_NO_PICTURE = (WarningCode.PICTURE_BLANK, WarningCode.PICTURE_FROZEN)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the samples came from. Size and frames are None for a signal file."""

    path: str
    duration_s: float
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    analysed: int = 0
    reader: str = ""
    """The library that read a video file and, if it was not the usual one, why; for people."""
    from_s: float | None = None
    """Where in the video counting began, if not at its beginning."""
    to_s: float | None = None
    """Where it ended, if not at its end."""
    subject: str | None = None
    """Which of several people who lie was counted, if somebody said: a number or a point, as `types.Subject`."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of one video."""

    full: int
    partial: int
    fast: int
    sets: int
    tracked: float
    """Share of the analysed frames in which a person was found, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of counting one video or signal."""

    source: Source
    settings: Config
    reps: tuple[Rep, ...]
    rejections: tuple[Rejection, ...]
    """Leg movements that are not leg raises, each with its reason."""
    unfinished: UnfinishedRep | None
    """A movement that the end of the video cut off, if any."""
    tracked: float
    """As in `Summary`."""
    warnings: tuple[AnalysisWarning, ...]
    """What limits the trust in the result; `messages.warning_sentence` puts one into words."""
    interrupted: bool = False
    """Whether it was stopped by hand, so that the result is that of a part."""
    model_sha256: str = ""
    """Of the pose model's file; empty where no picture was looked at, as for a signal."""
    date: str = ""
    """The day on which it was counted, as YYYY-MM-DD; empty if nobody said."""
    video_sha256: str = ""
    """Of the bytes of the video, in hexadecimal, by which `--resume` knows it again; empty if it was not computed."""

    @property
    def summary(self) -> Summary:
        """How many reps were full, partial and fast, and in how many sets."""
        full = sum(rep.full for rep in self.reps)
        fast = sum(bool({Flag.FAST_RAISE, Flag.FAST_LOWER} & set(rep.flags)) for rep in self.reps)
        return Summary(full, len(self.reps) - full, fast, max((rep.set for rep in self.reps), default=0), self.tracked)


@dataclass(slots=True)
class AnalysisBuilder:
    """A sink that builds an Analysis. It keeps events and sums, never samples."""

    events: list[Event] = field(default_factory=list)
    samples: int = 0
    seen: int = 0
    last_s: float = 0.0
    _feet: float = 0.0
    _view: float = 0.0
    _trunk_px: float = 0.0
    _backwards: int = 0
    _one_leg: int = 0
    _lying: Counter[int] = field(default_factory=Counter)
    """Samples by how many people lay in the picture, where that is known."""

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
        self._backwards += sample.hip_deg > _BACKWARDS_DEG and sample.chest_deg < _CHEST_DOWN_DEG
        flexion = 180.0 - sample.hip_deg
        self._one_leg += abs(flexion) < _STILL_LEG_DEG and 180.0 - sample.other_hip_deg > flexion + _OTHER_LEG_DEG
        if not isnan(sample.people_lying):
            self._lying[int(sample.people_lying)] += 1

    def result(
        self,
        source: Source,
        settings: Config,
        warnings: Sequence[AnalysisWarning] = (),
        *,
        interrupted: bool = False,
    ) -> Analysis:
        """The analysis of everything written so far; `warnings` are those of the source."""
        removed = sum(isinstance(event, RepRemoved) for event in self.events)
        targets = [event for event in self.events if isinstance(event, TargetSet)]
        settings = replace(settings, full_deg=targets[-1].target_deg) if targets else settings
        reps = counter.with_pauses(counter.reps_on_record(self.events))
        rejections = tuple(event for event in self.events if isinstance(event, Rejection))
        unfinished = next((event for event in self.events if isinstance(event, UnfinishedRep)), None)
        all_warnings = (
            *warnings,
            *self._visibility_warnings(source, explained=any(warning.code in _NO_PICTURE for warning in warnings)),
            *self._upside_down(reps),
            *self._one_leg_alone(reps, rejections),
            *self._stray_leg(reps),
            *_count_warnings(reps, rejections, unfinished),
            *_correction_warnings(reps, removed),
            *_target_warnings(settings, targets),
        )
        tracked = self.seen / self.samples if self.samples else 0.0
        return Analysis(source, settings, reps, rejections, unfinished, tracked, all_warnings, interrupted)

    def _visibility_warnings(self, source: Source, *, explained: bool) -> Iterator[AnalysisWarning]:
        """`explained`: a warning of the source says why nobody is seen."""
        if not self.seen:
            if not explained:
                yield AnalysisWarning(WarningCode.NOBODY_FOUND)
            return
        if self.seen < _MIN_TRACKED * self.samples:
            yield AnalysisWarning(WarningCode.RARELY_FOUND, {"tracked": self.seen / self.samples})
        if self._feet < _MIN_FEET_VISIBILITY * self.seen:
            yield AnalysisWarning(WarningCode.FEET_HIDDEN)
        if self._view > OBLIQUE_VIEW_DEG * self.seen:
            yield AnalysisWarning(WarningCode.OBLIQUE_VIEW)
        longer_px = max(source.width or 0, source.height or 0)
        if self._trunk_px < SMALL_TRUNK_SHARE * longer_px * self.seen:
            yield AnalysisWarning(WarningCode.SMALL_PERSON)
        several = [(samples, people) for people, samples in self._lying.items() if people > 1]
        crowded = sum(samples for samples, _ in several)
        if crowded >= _MIN_CROWDED and crowded > _CROWDED_SHARE * self._lying.total():
            yield AnalysisWarning(WarningCode.SEVERAL_LYING, {"people": max(several)[1]})

    def _upside_down(self, reps: Sequence[Rep]) -> Iterator[AnalysisWarning]:
        if not reps and self._backwards > _BACKWARDS_SHARE * self.seen:
            yield AnalysisWarning(WarningCode.UPSIDE_DOWN)

    def _one_leg_alone(self, reps: Sequence[Rep], rejections: Sequence[Rejection]) -> Iterator[AnalysisWarning]:
        if not reps and not rejections and self._one_leg > _ONE_LEG_SHARE * self.seen:
            yield AnalysisWarning(WarningCode.ONE_LEG_ALONE)

    def _stray_leg(self, reps: Sequence[Rep]) -> Iterator[AnalysisWarning]:
        if sum(isinstance(event, StrayLeg) for event in self.events) > _STRAY_SHARE * len(reps):
            yield AnalysisWarning(WarningCode.STRAY_LEG)


def _count_warnings(
    reps: tuple[Rep, ...], rejections: tuple[Rejection, ...], unfinished: UnfinishedRep | None
) -> Iterator[AnalysisWarning]:
    if rejections:
        reasons = Counter(rejection.reason for rejection in rejections).most_common()
        facts = {"movements": len(reps) + len(rejections), **{reason.value: count for reason, count in reasons}}
        yield AnalysisWarning(WarningCode.MOVEMENTS_REJECTED, facts)
    doubtful = sum(Flag.LOW_CONFIDENCE in rep.flags for rep in reps)
    if doubtful:
        yield AnalysisWarning(WarningCode.LOW_CONFIDENCE, {"doubtful": doubtful, "reps": len(reps)})
    if unfinished is not None:
        yield AnalysisWarning(WarningCode.UNFINISHED_REP, {"start_s": unfinished.start_s})


def _correction_warnings(reps: tuple[Rep, ...], removed: int) -> Iterator[AnalysisWarning]:
    added = sum(Flag.BY_HAND in rep.flags for rep in reps)
    if added:
        yield AnalysisWarning(WarningCode.REPS_ADDED, {"added": added, "reps": len(reps)})
    if removed:
        yield AnalysisWarning(WarningCode.REPS_REMOVED, {"removed": removed})


def _target_warnings(settings: Config, targets: Sequence[TargetSet]) -> Iterator[AnalysisWarning]:
    if settings.own_target:
        yield AnalysisWarning(WarningCode.OWN_TARGET, {"target_deg": settings.full_deg, "upright_deg": UPRIGHT_DEG})
    for target in targets:
        facts = {"target_deg": target.target_deg, "at_s": target.time_s, "reps": len(target.numbers)}
        yield AnalysisWarning(WarningCode.TARGET_SET, facts)

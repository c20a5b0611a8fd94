"""Counts reps: samples in, updates with numbered reps out. Live, recorded and replayed counting share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import nan

from repcount.config import Config
from repcount.counting import state_machine
from repcount.counting.movement import floor_tilt
from repcount.types import Event, Flag, Phase, Rep, RepRemoved, Sample, TargetSet, Update


def assign_number_and_set(config: Config, before: Rep | None, measured: Rep | None, rep: Rep) -> Rep:
    """`rep` with its number and set, given the one `before` it, and the last one that was `measured`.

    A rep added by hand changes no measured times.
    """
    if measured is not None and _is_measured(rep):
        # The moments of either rep are reckoned for themselves; at a quick turn they may pass each other.
        start_s = max(rep.start_s, measured.end_s)
        rep = replace(rep, start_s=start_s, raise_s=rep.raise_s - (start_s - rep.start_s))
    if before is None:
        return replace(rep, number=1, set=1)
    new_set = rep.start_s - before.end_s > config.rest_gap_s
    return replace(rep, number=before.number + 1, set=before.set + new_set)


def _is_measured(rep: Rep) -> bool:
    return Flag.BY_HAND not in rep.flags


def with_pauses(reps: Sequence[Rep]) -> tuple[Rep, ...]:
    """The reps with `pause_s`, which is known only once the next one has started. Those added by hand have none."""
    measured = [rep for rep in reps if _is_measured(rep)]
    pauses_s = {rep.number: max(after.start_s - rep.end_s, 0.0) for rep, after in pairwise(measured)}
    return tuple(replace(rep, pause_s=pauses_s[rep.number]) if rep.number in pauses_s else rep for rep in reps)


def as_full(rep: Rep) -> Rep:
    """A rep that lacked nothing but height, under a target that it reaches. What was measured stays."""
    return replace(rep, full=True, flags=tuple(flag for flag in rep.flags if flag is not Flag.SHORT_TOP))


def reps_on_record(events: Iterable[Event]) -> list[Rep]:
    """The reps among `events` as they stand at the end: without the removed ones, full where a target made them so."""
    events = list(events)
    removed = {event.number for event in events if isinstance(event, RepRemoved)}
    in_reach = {number for event in events if isinstance(event, TargetSet) for number in event.numbers}
    reps = [event for event in events if isinstance(event, Rep) and event.number not in removed]
    return [as_full(rep) if rep.number in in_reach else rep for rep in reps]


class RepCounter:
    """One count from its first sample to its last, with the corrections that people make by hand."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._state = state_machine.State()
        self._before: Rep | None = None
        self._measured: Rep | None = None

    def push(self, sample: Sample) -> list[Update]:
        """What is known after one more sample; the outlier guard lags `filters.DELAY` of them behind.

        The times have to rise.
        """
        self._state, found = state_machine.step(self._config, self._state, sample)
        return [self._update(found)] if self._state.about is not None else []

    def end(self) -> list[Update]:
        """What the end makes known. Samples pushed afterwards are counted afresh; numbers and sets go on."""
        updates = []
        while self._state.waiting:
            self._state, found = state_machine.flush(self._config, self._state)
            updates.append(self._update(found))
        events = self._numbered(state_machine.finish(self._config, self._state))
        self._state = state_machine.State()
        return [*updates, _without_sample(events)] if events else updates

    def add(self, time_s: float) -> Update:
        """Put a full rep on the record by hand, of which only the time is known."""
        unknown = {"raise_s": nan, "hold_s": nan, "lower_s": nan, "top_flexion_deg": nan, "rest_flexion_deg": nan}
        rep = Rep(
            number=0, set=0, start_s=time_s, top_s=time_s, end_s=time_s, pause_s=None, knee_deg=nan, confidence=nan,
            full=True, flags=(Flag.BY_HAND,), **unknown,
        )  # fmt: skip
        return _without_sample(self._numbered([rep]))

    def remove(self, time_s: float, number: int) -> Update:
        """Take the rep of that number off the record by hand. Numbers are never given twice."""
        return _without_sample((RepRemoved(time_s, number),))

    def set_target(self, time_s: float, target_deg: float, numbers: Sequence[int] = ()) -> Update:
        """Count reps as full from `target_deg` on, and the partial reps of those numbers, too, by hand.

        Raises SettingError for a target that is not allowed.
        """
        self._config = replace(self._config, full_deg=target_deg)
        return _without_sample((TargetSet(time_s, target_deg, tuple(numbers)),))

    def _update(self, found: Sequence[Event]) -> Update:
        state = self._state
        tilt = floor_tilt(state.trace)
        lift = state.trace[-1].leg_smooth - tilt if _seen(state) else nan
        rest = state.rest - tilt
        return Update(state.about, state.smooth_deg, state.phase, self._numbered(found), lift, rest)

    def _numbered(self, found: Sequence[Event]) -> tuple[Event, ...]:
        events: list[Event] = []
        for event in found:
            if isinstance(event, Rep):
                self._before = event = assign_number_and_set(self._config, self._before, self._measured, event)
                self._measured = event if _is_measured(event) else self._measured
            events.append(event)
        return tuple(events)


def _seen(state: state_machine.State) -> bool:
    """Whether the newest angle is that of the newest sample."""
    return bool(state.trace) and state.trace[-1].sample is state.about


def _without_sample(events: tuple[Event, ...]) -> Update:
    return Update(None, nan, Phase.UNKNOWN, events)

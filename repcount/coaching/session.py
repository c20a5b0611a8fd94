"""Workout plan, sets and rests of a live session, and their announcements: a state machine. Pure: state in, state out.

| event               | WAITING for a rep | ACTIVE set            | REST                     | DONE with the plan   |
|---------------------|-------------------|-----------------------|--------------------------|----------------------|
| full rep            | ACTIVE            | counts; at the plan's | ACTIVE: the first of the | counts on            |
|                     |                   | reps REST or DONE     | next set                 |                      |
| partial rep         | ACTIVE            | recorded              | recorded in the set that | recorded             |
|                     |                   |                       | is over                  |                      |
| `+`                 | ACTIVE            | as a full rep         | counts in the set that   | counts on            |
|                     |                   |                       | is over                  |                      |
| `-`                 |                   | one rep less          | one less; ACTIVE if that leaves the plan's reps |
|                     |                   |                       | unreached, where these had ended the set        |
| `n`                 |                   | REST or DONE          | WAITING for the next set |                      |
| `r`                 | WAITING           | WAITING, reps removed | WAITING, reps removed    | WAITING, reps removed |
| stillness           |                   | REST or DONE          |                          |                      |
| the rest is over    |                   |                       | WAITING for the next set |                      |
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from math import inf, nan

from repcount.coaching.events import Announcement, Cue, Stage
from repcount.config import Config
from repcount.counting.counter import as_full
from repcount.errors import SettingError
from repcount.types import Flag, Rep, TargetSet

DAY_LIMIT = 100
"""Default limit of full reps per day, from the guidance for the exercise."""

REST_S = 60.0
"""Default rest between two sets. Heuristic."""

_LAST_FIVE = 5
"""The end of a set is announced this many full reps ahead, in sets of more than twice as many."""

_LAST_ONE_FROM = 3
"""The last rep of a set is announced in sets of at least so many. Heuristic: in shorter ones everybody knows."""

_REST_WARNING_S = 10.0
"""The end of a rest is announced this long ahead, in rests of more than twice as long.

Heuristic: time enough to lie down.
"""

_REST_MARKS_S = (_REST_WARNING_S, 3.0, 2.0, 1.0)
"""What is announced of the end of a rest: the warning, and a countdown."""

_SHORTEST_REST_S = 5.0
"""A set that ended by stillness is followed by no rest of its own if less than this is left of it: announcement,
countdown and end would fall into one. Heuristic; it is also the shortest rest that can be asked for."""


@dataclass(frozen=True, slots=True)
class WorkoutPlan:
    """Number of sets, and full reps in each; both None for a free session."""

    sets: int | None = None
    reps: int | None = None
    more: bool = False
    """`+`: a set continues past its reps until the person stops."""


FREE = WorkoutPlan()


def parse_plan(text: str | None) -> WorkoutPlan:
    """`3x30`, `5x20`, `3x30+`, or `free` or None for a free session. Raises SettingError."""
    if text is None or text.strip().lower() == "free":
        return FREE
    match = re.fullmatch(r"\s*(\d{1,2})\s*[x×*]\s*(\d{1,3})\s*(\+?)\s*", text, re.IGNORECASE)
    if match is None or int(match[1]) == 0 or int(match[2]) == 0:
        raise SettingError(f"plan is {text!r}; it must be sets x reps, such as 3x30, 5x20 or 3x30+, or free")
    return WorkoutPlan(int(match[1]), int(match[2]), bool(match[3]))


@dataclass(frozen=True, slots=True)
class SessionGoals:
    """What the person intends to do."""

    plan: WorkoutPlan = FREE
    rest_s: float = REST_S
    """Rest between two sets."""
    day_limit: int = DAY_LIMIT
    """Full reps of a day, over all sessions, at which the limit is announced; it blocks nothing."""
    gestures: bool = False
    """Whether one arm held up means pause or go on, and both end the set."""


class Stretch(enum.StrEnum):
    """The stretch of a workout that is under way."""

    WAITING = "waiting"
    """No rep of the set yet."""
    ACTIVE = "active"
    REST = "rest"
    """The set is over, and the rest is running."""
    DONE = "done"
    """All sets of the plan are done; further reps count on in the last one."""


class _Ended(enum.StrEnum):
    """What ended a set."""

    PLAN = "plan"
    STILLNESS = "stillness"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class SessionState:
    """Sets and rests so far. Times are seconds of the session's clock."""

    stretch: Stretch = Stretch.WAITING
    set: int = 1
    """The set under way; during a rest the one that is over."""
    reps: tuple[Rep, ...] = ()
    """Recorded reps of that set, full and partial."""
    session: int = 0
    """Full reps of the whole session."""
    quiet_since_s: float = nan
    """When the newest rep ended."""
    rest_since_s: float = nan
    """When the set ended."""
    ended_by: _Ended | None = None
    """What ended the set; None while it is not over."""
    counted_down_s: float = inf
    """The last of `_REST_MARKS_S` that was announced in this rest."""
    limit_announced: bool = False

    @property
    def full(self) -> int:
        """Full reps in this set."""
        return sum(rep.full for rep in self.reps)

    @property
    def resting(self) -> bool:
        """Whether the set is over."""
        return self.stretch in (Stretch.REST, Stretch.DONE)


Transition = tuple[SessionState, tuple[Announcement, ...]]
"""The next state, and what to announce."""


def set_of(state: SessionState, rep: Rep) -> int:
    """The set that a new rep belongs to.

    A full rep during the rest is the first of the next set. A partial one is a stretch or a false start, and one added
    by hand was missed before.
    """
    return state.set + _begins_next_set(state, rep)


def _begins_next_set(state: SessionState, rep: Rep) -> bool:
    return state.stretch is Stretch.REST and rep.full and Flag.BY_HAND not in rep.flags


def on_rep(goals: SessionGoals, state: SessionState, rep: Rep, today: int) -> Transition:
    """The transition for a recorded rep; `today` is the day's full reps including this one."""
    begins = _begins_next_set(state, rep)
    if begins:
        state = _waiting(state, state.set + 1)
    state = replace(state, reps=(*state.reps, rep))
    if state.stretch in (Stretch.WAITING, Stretch.ACTIVE):
        state = replace(state, stretch=Stretch.ACTIVE, quiet_since_s=rep.end_s)
    announcements = []
    if rep.full:
        state = replace(state, session=state.session + 1)
        by_hand = Flag.BY_HAND in rep.flags
        announcements.append(Announcement(Cue.ADDED if by_hand else Cue.COUNT, state.full))
        announcements += [Announcement(Cue.SET_BEGINS, state.set)] if begins else []
        if state.stretch is Stretch.ACTIVE:
            announcements += _progress(goals.plan, state.full)
    if rep.full and _reached(goals.plan, state) and state.stretch is Stretch.ACTIVE:
        state, end_of_set = _close(goals, state, rep.end_s, _Ended.PLAN)
        announcements += end_of_set
    if today >= goals.day_limit and not state.limit_announced:
        state = replace(state, limit_announced=True)
        announcements.append(Announcement(Cue.DAY_LIMIT, today))
    return state, tuple(announcements)


def _reached(plan: WorkoutPlan, state: SessionState) -> bool:
    return plan.reps is not None and not plan.more and state.full >= plan.reps


def _progress(plan: WorkoutPlan, full: int) -> list[Announcement]:
    """How far the set is, where that is worth a word."""
    if plan.reps is None:
        return []
    left = plan.reps - full
    if left == 1 and plan.reps >= _LAST_ONE_FROM:
        return [Announcement(Cue.LAST_ONE)]
    if left == _LAST_FIVE and plan.reps > 2 * _LAST_FIVE:
        return [Announcement(Cue.LAST_FIVE, _LAST_FIVE)]
    halfway = 2 * full in (plan.reps, plan.reps + 1) and plan.reps >= 2 * _LAST_FIVE
    return [Announcement(Cue.HALFWAY)] if halfway else []


def on_target_set(goals: SessionGoals, state: SessionState, target: TargetSet, today: int) -> Transition:
    """The transition for a target that makes partial reps of this set full; `today` includes them."""
    reps = tuple(as_full(rep) if rep.number in target.numbers else rep for rep in state.reps)
    gained = sum(rep.full for rep in reps) - state.full
    state = replace(state, reps=reps, session=state.session + gained)
    announcements = [Announcement(Cue.TARGET_SET, round(target.target_deg)), Announcement(Cue.COUNT, state.full)]
    if state.stretch is Stretch.ACTIVE and _reached(goals.plan, state):
        state, end_of_set = _close(goals, state, target.time_s, _Ended.PLAN)
        announcements += end_of_set
    if today >= goals.day_limit and not state.limit_announced:
        state = replace(state, limit_announced=True)
        announcements.append(Announcement(Cue.DAY_LIMIT, today))
    return state, tuple(announcements)


def on_rep_removed(goals: SessionGoals, state: SessionState, number: int, time_s: float) -> Transition:
    """The transition for rep `number` of this set being removed by hand at `time_s`.

    A set that ended with the reps of the plan, and now lacks one of them, goes on.
    """
    remaining = tuple(rep for rep in state.reps if rep.number != number)
    state = replace(state, session=state.session - state.full + sum(rep.full for rep in remaining), reps=remaining)
    if state.ended_by is _Ended.PLAN and not _reached(goals.plan, state):
        state = replace(_waiting(state, state.set), reps=remaining)
    if state.stretch in (Stretch.WAITING, Stretch.ACTIVE):
        stretch = Stretch.ACTIVE if remaining else Stretch.WAITING
        state = replace(state, stretch=stretch, quiet_since_s=time_s)
    return state, (Announcement(Cue.REMOVED, state.full),)


def restart_set(state: SessionState) -> Transition:
    """The transition for starting the set again, its reps being removed from the record; a rest is over with it."""
    restarted = _waiting(replace(state, session=state.session - state.full), state.set)
    return restarted, (Announcement(Cue.RESTARTED),)


def on_next(goals: SessionGoals, state: SessionState, time_s: float) -> Transition:
    """The transition for the key that ends the set, or the rest.

    Where there is neither it changes nothing, and it is said which set comes or that all are done: who held up both
    arms can't see that they were seen.
    """
    if state.stretch is Stretch.REST:
        return _next_set(state)
    if state.stretch is Stretch.WAITING:
        return state, (Announcement(Cue.SET_BEGINS, state.set),)
    if state.stretch is Stretch.DONE:
        return state, (Announcement(Cue.WORKOUT_DONE, state.session),)
    return _close(goals, state, time_s, _Ended.KEY)


def on_tick(config: Config, goals: SessionGoals, state: SessionState, time_s: float, *, moving: bool) -> Transition:
    """The transition for the passing of time; a set stays open while the legs are `moving`.

    Nor do partial reps alone make a set that could be done.
    """
    if state.stretch is Stretch.ACTIVE and state.full and not moving:
        still = time_s - state.quiet_since_s > config.rest_gap_s
        return _close(goals, state, state.quiet_since_s, _Ended.STILLNESS, time_s) if still else (state, ())
    return _count_down(goals, state, time_s) if state.stretch is Stretch.REST else (state, ())


def _count_down(goals: SessionGoals, state: SessionState, time_s: float) -> Transition:
    left_s = rest_left_s(goals, state, time_s)
    if left_s <= 0:
        return _next_set(state)
    marks_s = [mark_s for mark_s in _REST_MARKS_S if left_s <= mark_s < state.counted_down_s]
    if not marks_s:
        return state, ()
    # Whatever the interval between two ticks, only what is still true is said.
    mark_s = min(marks_s)
    state = replace(state, counted_down_s=mark_s)
    if mark_s == _REST_WARNING_S:
        worth_it = goals.rest_s > 2 * _REST_WARNING_S
        return state, (Announcement(Cue.REST_SOON_OVER, round(mark_s)),) if worth_it else ()
    return state, (Announcement(Cue.COUNTDOWN, round(mark_s)),)


def hold(state: SessionState, passed_s: float, *, rest: bool = True) -> SessionState:
    """The state after `passed_s` in which time stood still for the set, and with `rest` for the rest, too."""
    state = replace(state, quiet_since_s=state.quiet_since_s + passed_s)
    return replace(state, rest_since_s=state.rest_since_s + passed_s) if rest else state


def _close(
    goals: SessionGoals, state: SessionState, ended_s: float, ended_by: _Ended, now_s: float | None = None
) -> Transition:
    """End the set that ended at `ended_s`, which is noticed `now_s`: the rest begins, or the workout is done."""
    state = replace(state, rest_since_s=ended_s, ended_by=ended_by, counted_down_s=inf)
    if goals.plan.sets is not None and state.set >= goals.plan.sets:
        return replace(state, stretch=Stretch.DONE), (Announcement(Cue.WORKOUT_DONE, state.session),)
    end = Announcement(Cue.SET_DONE, state.full)
    state = replace(state, stretch=Stretch.REST)
    if now_s is not None and rest_left_s(goals, state, now_s) < _SHORTEST_REST_S:
        # The stillness that ended the set was the rest. "Set done" says it all.
        return _waiting(state, state.set + 1), (end,)
    return state, (end,)


def _next_set(state: SessionState) -> Transition:
    return _waiting(state, state.set + 1), (Announcement(Cue.REST_OVER, state.set + 1),)


def _waiting(state: SessionState, number: int) -> SessionState:
    """Before the first rep of set `number`."""
    return SessionState(set=number, session=state.session, limit_announced=state.limit_announced)


def rest_left_s(goals: SessionGoals, state: SessionState, time_s: float) -> float:
    """Seconds of rest left; NaN when not resting."""
    return state.rest_since_s + goals.rest_s - time_s if state.stretch is Stretch.REST else nan


def stage(state: SessionState) -> Stage:
    """COUNTING, REST or DONE; the other stages depend on more than the reps."""
    return {Stretch.REST: Stage.REST, Stretch.DONE: Stage.DONE}.get(state.stretch, Stage.COUNTING)

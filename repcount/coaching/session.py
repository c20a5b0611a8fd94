"""Workout plan, sets and rests of a live session, and their announcements. Pure: state in, state out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import isnan, nan

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

_REST_WARNING_S = 10.0
"""The end of a rest is announced this long ahead, in rests of more than twice as long.

Heuristic: time enough to lie down.
"""

_CORRECTIONS = {
    Flag.SHORT_BOTTOM: Cue.ALL_THE_WAY_DOWN,
    Flag.BENT_KNEES: Cue.LEGS_STRAIGHT,
    Flag.LEGS_APART: Cue.LEGS_TOGETHER,
    Flag.SHORT_TOP: Cue.HIGHER,
    Flag.FAST_RAISE: Cue.SLOWER,
    Flag.FAST_LOWER: Cue.SLOWER,
}
"""The correction for each flag, the most helpful first: bent knees also keep the legs from getting upright."""


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


@dataclass(frozen=True, slots=True)
class SessionState:
    """Sets and rests so far."""

    reps: tuple[Rep, ...] = ()
    """Recorded reps of this set, full and partial."""
    set: int = 1
    session: int = 0
    """Full reps of the whole session."""
    sets_done: int = 0
    closed_set: int = 0
    """The set that ended last, 0 if none; a rep soon after its end still belongs to it."""
    rest_since_s: float = nan
    """When the last set ended; NaN before the first end and once the next set is under way."""
    rest_warned: bool = False
    """Whether the end of this rest has been announced ahead."""
    rest_over: bool = False
    """Whether this rest has ended, though no rep of the next set has been counted."""
    finished: bool = False
    """Whether all sets of the plan are done."""
    limit_announced: bool = False

    @property
    def full(self) -> int:
        """Full reps in this set."""
        return sum(rep.full for rep in self.reps)

    @property
    def resting(self) -> bool:
        """Whether a set is over and no rep of the next has been counted."""
        return not isnan(self.rest_since_s)


Transition = tuple[SessionState, tuple[Announcement, ...]]
"""The next state, and what to announce."""


def on_rep(goals: SessionGoals, state: SessionState, rep: Rep, today: int) -> Transition:
    """The transition for a counted rep; `today` is the day's full reps including this one."""
    if rep.set != state.set:
        state = replace(state, set=rep.set, reps=())
    state = replace(state, reps=(*state.reps, rep), rest_since_s=nan, rest_warned=False, rest_over=False)
    announcements = []
    if rep.full:
        state = replace(state, session=state.session + 1)
        by_hand = Flag.BY_HAND in rep.flags
        announcements.append(Announcement(Cue.ADDED if by_hand else Cue.COUNT, state.full))
    announcements += [Announcement(cue) for cue in _correction(rep)]
    announcements += _last_five(goals, state, rep)
    if goals.plan.reps is not None and state.full == goals.plan.reps and rep.full and not goals.plan.more:
        state, end_of_set = close_set(goals, state, rep.end_s)
        announcements += end_of_set
    if today >= goals.day_limit and not state.limit_announced:
        state = replace(state, limit_announced=True)
        announcements.append(Announcement(Cue.DAY_LIMIT, today))
    return state, tuple(announcements)


def _correction(rep: Rep) -> list[Cue]:
    return [cue for flag, cue in _CORRECTIONS.items() if flag in rep.flags][:1]


def _last_five(goals: SessionGoals, state: SessionState, rep: Rep) -> list[Announcement]:
    planned = goals.plan.reps or 0
    due = rep.full and planned - state.full == _LAST_FIVE and planned > 2 * _LAST_FIVE
    return [Announcement(Cue.LAST_FIVE, _LAST_FIVE)] if due else []


def on_target_set(goals: SessionGoals, state: SessionState, target: TargetSet, today: int) -> Transition:
    """The transition for a target that makes partial reps of this set full; `today` includes them."""
    reps = tuple(as_full(rep) if rep.number in target.numbers else rep for rep in state.reps)
    gained = sum(rep.full for rep in reps) - state.full
    state = replace(state, reps=reps, session=state.session + gained)
    announcements = [Announcement(Cue.TARGET_SET, round(target.target_deg)), Announcement(Cue.COUNT, state.full)]
    if goals.plan.reps is not None and state.full >= goals.plan.reps and not goals.plan.more:
        state, end_of_set = close_set(goals, state, target.time_s)
        announcements += end_of_set
    if today >= goals.day_limit and not state.limit_announced:
        state = replace(state, limit_announced=True)
        announcements.append(Announcement(Cue.DAY_LIMIT, today))
    return state, tuple(announcements)


def on_rep_removed(state: SessionState, number: int) -> Transition:
    """The transition for rep `number` of this set being removed by hand."""
    remaining = tuple(rep for rep in state.reps if rep.number != number)
    removed_full = sum(rep.full for rep in state.reps) - sum(rep.full for rep in remaining)
    state = replace(state, reps=remaining, session=state.session - removed_full)
    return state, (Announcement(Cue.REMOVED, state.full),)


def restart_set(state: SessionState) -> Transition:
    """The transition for starting the set again, its reps being removed from the record."""
    ended = state.closed_set == state.set
    restarted = SessionState(
        set=state.set,
        session=state.session - state.full,
        sets_done=state.sets_done - ended,
        closed_set=0 if ended else state.closed_set,
        limit_announced=state.limit_announced,
    )
    return restarted, (Announcement(Cue.RESTARTED),)


def close_set(goals: SessionGoals, state: SessionState, time_s: float) -> Transition:
    """The transition for a set that ended at `time_s`: the rest begins, or the workout is done.

    A set without reps is not closed.
    """
    if state.resting or not state.reps:
        return state, ()
    done = state.sets_done + (state.closed_set != state.set)
    finished = goals.plan.sets is not None and done >= goals.plan.sets
    end = Announcement(Cue.WORKOUT_DONE, state.session) if finished else Announcement(Cue.SET_DONE, state.full)
    return replace(state, sets_done=done, closed_set=state.set, rest_since_s=time_s, finished=finished), (end,)


def on_tick(config: Config, goals: SessionGoals, state: SessionState, time_s: float, *, moving: bool) -> Transition:
    """The transition for the passing of time; a set stays open while the legs are `moving`."""
    if state.reps and not state.resting and not moving:
        last_s = state.reps[-1].end_s
        return close_set(goals, state, last_s) if time_s - last_s > config.rest_gap_s else (state, ())
    if not state.resting or state.finished:
        return state, ()
    left_s = rest_left_s(goals, state, time_s)
    if left_s <= 0 and not state.rest_over:
        return end_rest(state)
    if left_s <= _REST_WARNING_S and not state.rest_warned and goals.rest_s > 2 * _REST_WARNING_S:
        return replace(state, rest_warned=True), (Announcement(Cue.REST_SOON_OVER, round(_REST_WARNING_S)),)
    return state, ()


def end_rest(state: SessionState) -> Transition:
    """The transition for the end of the rest: the next set may begin, with a count of its own."""
    if not state.resting or state.rest_over:
        return state, ()
    next_set = state.set + 1
    state = replace(state, set=next_set, reps=(), rest_warned=True, rest_over=True)
    return state, (Announcement(Cue.REST_OVER, next_set),)


def rest_left_s(goals: SessionGoals, state: SessionState, time_s: float) -> float:
    """Seconds of rest left; negative when it is over, NaN when not resting."""
    return state.rest_since_s + goals.rest_s - time_s


def stage(state: SessionState) -> Stage:
    """COUNTING, REST or DONE; the other stages depend on more than the reps."""
    if state.finished and state.resting:
        return Stage.DONE
    return Stage.REST if state.resting else Stage.COUNTING

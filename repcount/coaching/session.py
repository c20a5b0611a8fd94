"""Sets, plan and rest of a live session, and what to say about them. State in, state out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import isnan, nan

from repcount.coaching.events import Announcement, Cue, Stage
from repcount.config import Config
from repcount.errors import SettingError
from repcount.types import Flag, Rep

DAY_LIMIT = 100
"""Full reps a day, as the guidance of the exercise has it."""

REST_S = 60.0
"""Rest between two sets. A choice."""


@dataclass(frozen=True, slots=True)
class WorkoutPlan:
    """Sets asked, and full reps in each; None in both is a free session."""

    sets: int | None = None
    reps: int | None = None
    more: bool = False
    """`+`: a set goes on past its reps until the person stops."""


FREE = WorkoutPlan()


def parse_plan(text: str | None) -> WorkoutPlan:
    """`3x30`, `5x20`, `3x30+` or `free`. Raises SettingError."""
    if text is None or text.strip().lower() == "free":
        return FREE
    found = re.fullmatch(r"\s*(\d{1,2})\s*[x×*]\s*(\d{1,3})\s*(\+?)\s*", text, re.IGNORECASE)
    if found is None or int(found[1]) == 0 or int(found[2]) == 0:
        raise SettingError(f"plan is {text!r}; it must be sets x reps, such as 3x30, 5x20 or 3x30+, or free")
    return WorkoutPlan(int(found[1]), int(found[2]), bool(found[3]))


_LAST = 5
"""How many full reps before the last the end is announced."""

_SOON_S = 10.0
"""How long before the end of the rest it is announced: time enough to lie down. A choice."""

_CUES = {
    Flag.SHORT_BOTTOM: Cue.ALL_THE_WAY_DOWN,
    Flag.BENT_KNEES: Cue.LEGS_STRAIGHT,
    Flag.LEGS_APART: Cue.LEGS_TOGETHER,
    Flag.SHORT_TOP: Cue.HIGHER,
    Flag.FAST_RAISE: Cue.SLOWER,
    Flag.FAST_LOWER: Cue.SLOWER,
}
"""What a flag asks for, the most helpful first: knees that bend also keep the legs from standing upright."""


@dataclass(frozen=True, slots=True)
class SessionGoals:
    """What the person means to do."""

    plan: WorkoutPlan = FREE
    rest_s: float = REST_S
    """Rest between two sets."""
    day_limit: int = DAY_LIMIT


@dataclass(frozen=True, slots=True)
class SessionState:
    """Where the session stands."""

    reps: tuple[Rep, ...] = ()
    """Those of this set, full and partial, that are on the record."""
    set: int = 1
    session: int = 0
    """Full reps of the whole session."""
    done_sets: int = 0
    closed_set: int = 0
    """The set that ended last; reps soon after its end still belong to it."""
    rest_since_s: float = nan
    """When the last set ended; NaN while none has, or while the next is under way."""
    warned: bool = False
    over: bool = False
    """Whether the rest was said to be soon, and to be over."""
    finished: bool = False
    """All sets of the plan are done."""
    limit_told: bool = False

    @property
    def full(self) -> int:
        """Full reps in this set."""
        return sum(rep.full for rep in self.reps)

    @property
    def resting(self) -> bool:
        """Whether a set is over and the next has not begun."""
        return not isnan(self.rest_since_s)


Transition = tuple[SessionState, tuple[Announcement, ...]]


def on_rep(aims: SessionGoals, state: SessionState, rep: Rep, today: int) -> Transition:
    """The state after a rep, and what to say; `today` is the day's full reps with this one."""
    if rep.set != state.set:
        state = replace(state, set=rep.set, reps=())
    state = replace(state, reps=(*state.reps, rep), rest_since_s=nan, warned=False, over=False)
    notices = []
    if rep.full:
        state = replace(state, session=state.session + 1)
        by_hand = Flag.BY_HAND in rep.flags
        notices.append(Announcement(Cue.ADDED if by_hand else Cue.COUNT, state.full))
    notices += [Announcement(cue) for cue in _cue(rep)]
    notices += _milestones(aims, state, rep)
    if aims.plan.reps is not None and state.full == aims.plan.reps and rep.full and not aims.plan.more:
        state, more = close_set(aims, state, rep.end_s)
        notices += more
    if today >= aims.day_limit and not state.limit_told:
        state = replace(state, limit_told=True)
        notices.append(Announcement(Cue.DAY_LIMIT, today))
    return state, tuple(notices)


def _cue(rep: Rep) -> list[Cue]:
    return [cue for flag, cue in _CUES.items() if flag in rep.flags][:1]


def _milestones(aims: SessionGoals, state: SessionState, rep: Rep) -> list[Announcement]:
    left = (aims.plan.reps or 0) - state.full
    last = rep.full and left == _LAST and (aims.plan.reps or 0) > 2 * _LAST
    return [Announcement(Cue.LAST_FIVE, left)] if last else []


def on_rep_removed(state: SessionState, number: int) -> Transition:
    """The state after a rep of this set was taken off by hand."""
    kept = tuple(rep for rep in state.reps if rep.number != number)
    gone = sum(rep.full for rep in state.reps) - sum(rep.full for rep in kept)
    state = replace(state, reps=kept, session=state.session - gone)
    return state, (Announcement(Cue.REMOVED, state.full),)


def restart_set(state: SessionState) -> Transition:
    """The state after this set's reps were taken off by hand, and the set begins anew."""
    ended = state.closed_set == state.set
    done = state.done_sets - ended
    closed_set = 0 if ended else state.closed_set
    gone = SessionState(set=state.set, session=state.session - state.full, done_sets=done, closed_set=closed_set)
    return replace(gone, limit_told=state.limit_told), (Announcement(Cue.RESTARTED),)


def close_set(aims: SessionGoals, state: SessionState, time_s: float) -> Transition:
    """The state after a set has ended: the rest begins, or all is done. A set without reps just goes on."""
    if state.resting or not state.reps:
        return state, ()
    done = state.done_sets + (state.closed_set != state.set)
    finished = aims.plan.sets is not None and done >= aims.plan.sets
    what = Announcement(Cue.WORKOUT_DONE, state.session) if finished else Announcement(Cue.SET_DONE, state.full)
    return replace(state, done_sets=done, closed_set=state.set, rest_since_s=time_s, finished=finished), (what,)


def on_tick(config: Config, aims: SessionGoals, state: SessionState, time_s: float, *, moving: bool) -> Transition:
    """The state at a time between reps; `moving` holds a set open while the legs are on their way."""
    if state.reps and not state.resting and not moving:
        last_s = state.reps[-1].end_s
        return close_set(aims, state, last_s) if time_s - last_s > config.rest_gap_s else (state, ())
    if not state.resting or state.finished:
        return state, ()
    left_s = rest_left_s(aims, state, time_s)
    if left_s <= 0 and not state.over:
        return end_rest(state)
    if left_s <= _SOON_S and not state.warned and aims.rest_s > 2 * _SOON_S:
        return replace(state, warned=True), (Announcement(Cue.REST_SOON_OVER, round(_SOON_S)),)
    return state, ()


def end_rest(state: SessionState) -> Transition:
    """The state after the rest: the next set may begin, with its own count."""
    if not state.resting or state.over:
        return state, ()
    next_set = state.set + 1
    state = replace(state, set=next_set, reps=(), warned=True, over=True)
    return state, (Announcement(Cue.REST_OVER, next_set),)


def rest_left_s(aims: SessionGoals, state: SessionState, time_s: float) -> float:
    """Seconds of rest left, below 0 when it is over; NaN while there is none."""
    return state.rest_since_s + aims.rest_s - time_s


def stage(state: SessionState) -> Stage:
    """Counting, resting or done, as far as the reps tell."""
    if state.finished and state.resting:
        return Stage.DONE
    return Stage.REST if state.resting else Stage.COUNTING

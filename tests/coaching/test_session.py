"""Plan, sets and rests: parsing, and what each event does at each moment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount.coaching import session
from repcount.coaching.events import Announcement, Cue
from repcount.coaching.phrases import spoken_text
from repcount.coaching.session import FREE, SessionGoals, SessionState, Stretch, WorkoutPlan, parse_plan
from repcount.config import Config
from repcount.errors import SettingError
from repcount.types import Flag, Rep


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        (None, FREE),
        ("free", FREE),
        ("3x30", WorkoutPlan(3, 30)),
        (" 5 X 20 ", WorkoutPlan(5, 20)),
        ("3×30+", WorkoutPlan(3, 30, more=True)),
    ],
)
def test_a_plan_is_sets_times_reps(text: str | None, plan: WorkoutPlan) -> None:
    assert parse_plan(text) == plan


@pytest.mark.parametrize("text", ["", "30", "0x30", "3x0", "3x30x2", "x", "-3x30", "3x30++", "999x10"])
def test_any_other_plan_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(SettingError, match="3x30, 5x20 or 3x30"):
        parse_plan(text)


class Workout:
    """Plays events, each a letter, to the state machine, and writes down what it says.

    `F` a full rep of 4 s, `P` a partial one, `+` `-` `n` `r` the keys, a number so many seconds of stillness.
    """

    def __init__(self, plan: str, rest_s: float = 30.0) -> None:
        self.goals = SessionGoals(parse_plan(plan), rest_s, day_limit=1000)
        self.state = SessionState()
        self.time_s = 0.0
        self.reps: list[Rep] = []
        self.said: list[str] = []
        self.removed: set[int] = set()

    def play(self, script: str) -> Workout:
        for event in script.split():
            keys = {"F": self._full, "P": self._partial, "+": self._add, "-": self._remove, "n": self._next}
            keys |= {"r": self._restart}
            keys.get(event, lambda event=event: self._wait(float(event)))()
        return self

    def _apply(self, transition: session.Transition) -> None:
        self.state, announcements = transition
        self.said += [spoken_text(each) for each in announcements if each.cue is not Cue.COUNT]

    def _wait(self, seconds: float, *, moving: bool = False) -> None:
        for _ in range(round(10 * seconds)):
            self.time_s += 0.1
            self._apply(session.on_tick(Config(), self.goals, self.state, self.time_s, moving=moving))

    def _rep(self, *, full: bool, flags: tuple[Flag, ...] = ()) -> None:
        start_s = self.time_s if flags else self.time_s - 4
        rep = Rep(
            len(self.reps) + 1,
            0,
            start_s,
            start_s,
            self.time_s,
            2.0,
            0.0,
            2.0,
            None,
            90.0,
            4.0,
            175.0,
            full,
            flags,
            0.9,
        )
        rep = replace(rep, set=session.set_of(self.state, rep))
        self.reps.append(rep)
        self._apply(session.on_rep(self.goals, self.state, rep, self.state.session + rep.full))

    def _full(self) -> None:
        self._wait(4, moving=True)
        self._rep(full=True)

    def _partial(self) -> None:
        self._wait(4, moving=True)
        self._rep(full=False, flags=(Flag.SHORT_TOP,))

    def _add(self) -> None:
        self._rep(full=True, flags=(Flag.BY_HAND,))

    def _remove(self) -> None:
        full = [rep.number for rep in self.state.reps if rep.full]
        if full:
            self.removed.add(full[-1])
            self._apply(session.on_rep_removed(self.goals, self.state, full[-1], self.time_s))

    def _next(self) -> None:
        self._apply(session.on_next(self.goals, self.state, self.time_s))

    def _restart(self) -> None:
        self.removed |= {rep.number for rep in self.state.reps}
        self._apply(session.restart_set(self.state))

    @property
    def now(self) -> tuple[str, int, int]:
        """Stretch, set and full reps of it."""
        return self.state.stretch.value, self.state.set, self.state.full

    @property
    def sets(self) -> str:
        """The sets of the reps that are on the record."""
        return "".join(str(rep.set) for rep in self.reps if rep.number not in self.removed)


ENDS = ["10 seconds", "3", "2", "1", "rest over, set 2"]


MOMENTS = {
    "waiting": ("3x3", ""),
    "waiting again": ("3x3", "F F F n"),
    "active": ("3x3", "F"),
    "active, past its reps": ("3x2+", "F F F"),
    "rest, by plan": ("3x2", "F F 5"),
    "rest, by stillness": ("3x4", "F F 21"),
    "rest, by key": ("3x4", "F F n 5"),
    "rest, past its reps": ("3x2+", "F F F n 5"),
    "done, by plan": ("1x2", "F F"),
    "done, by stillness": ("1x4", "F F 21"),
    "done, by key": ("1x4", "F F n"),
}
"""A plan, and what has happened so far, with a rest of 30 s."""


@pytest.mark.parametrize(
    ("moment", "event", "now", "said", "sets"),
    [
        ("waiting", "F", ("active", 1, 1), [], "1"),
        ("waiting", "P", ("active", 1, 0), [], "1"),
        ("waiting", "+", ("active", 1, 1), ["1, by hand"], "1"),
        ("waiting", "-", ("waiting", 1, 0), [], ""),
        ("waiting", "n", ("waiting", 1, 0), ["set 1"], ""),
        ("waiting", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("waiting", "25", ("waiting", 1, 0), [], ""),
        ("waiting again", "F", ("active", 2, 1), [], "1112"),
        ("waiting again", "P", ("active", 2, 0), [], "1112"),
        ("waiting again", "+", ("active", 2, 1), ["1, by hand"], "1112"),
        ("waiting again", "-", ("waiting", 2, 0), [], "111"),
        ("waiting again", "n", ("waiting", 2, 0), ["set 2"], "111"),
        ("waiting again", "r", ("waiting", 2, 0), ["set restarted"], "111"),
        ("waiting again", "25", ("waiting", 2, 0), [], "111"),
        ("active", "F", ("active", 1, 2), ["last one"], "11"),
        ("active", "P", ("active", 1, 1), [], "11"),
        ("active", "+", ("active", 1, 2), ["2, by hand", "last one"], "11"),
        ("active", "-", ("waiting", 1, 0), ["back to 0"], ""),
        ("active", "n", ("rest", 1, 1), ["set done, 1"], "1"),
        ("active", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("active", "25", ("rest", 1, 1), ["set done, 1", "10 seconds"], "1"),
        ("active, past its reps", "F", ("active", 1, 4), [], "1111"),
        ("active, past its reps", "P", ("active", 1, 3), [], "1111"),
        ("active, past its reps", "+", ("active", 1, 4), ["4, by hand"], "1111"),
        ("active, past its reps", "-", ("active", 1, 2), ["back to 2"], "11"),
        ("active, past its reps", "n", ("rest", 1, 3), ["set done, 3"], "111"),
        ("active, past its reps", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("active, past its reps", "25", ("rest", 1, 3), ["set done, 3", "10 seconds"], "111"),
        ("rest, by plan", "F", ("active", 2, 1), ["set 2"], "112"),
        ("rest, by plan", "P", ("rest", 1, 2), [], "111"),
        ("rest, by plan", "+", ("rest", 1, 3), ["3, by hand"], "111"),
        ("rest, by plan", "-", ("active", 1, 1), ["back to 1"], "1"),
        ("rest, by plan", "n", ("waiting", 2, 0), ["rest over, set 2"], "11"),
        ("rest, by plan", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("rest, by plan", "25", ("waiting", 2, 0), ENDS, "11"),
        ("rest, by stillness", "F", ("active", 2, 1), ["set 2"], "112"),
        ("rest, by stillness", "P", ("rest", 1, 2), [], "111"),
        ("rest, by stillness", "+", ("rest", 1, 3), ["3, by hand"], "111"),
        ("rest, by stillness", "-", ("rest", 1, 1), ["back to 1"], "1"),
        ("rest, by stillness", "n", ("waiting", 2, 0), ["rest over, set 2"], "11"),
        ("rest, by stillness", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("rest, by stillness", "25", ("waiting", 2, 0), ENDS[1:], "11"),
        ("rest, by key", "F", ("active", 2, 1), ["set 2"], "112"),
        ("rest, by key", "P", ("rest", 1, 2), [], "111"),
        ("rest, by key", "+", ("rest", 1, 3), ["3, by hand"], "111"),
        ("rest, by key", "-", ("rest", 1, 1), ["back to 1"], "1"),
        ("rest, by key", "n", ("waiting", 2, 0), ["rest over, set 2"], "11"),
        ("rest, by key", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("rest, by key", "25", ("waiting", 2, 0), ENDS, "11"),
        ("rest, past its reps", "F", ("active", 2, 1), ["set 2"], "1112"),
        ("rest, past its reps", "P", ("rest", 1, 3), [], "1111"),
        ("rest, past its reps", "+", ("rest", 1, 4), ["4, by hand"], "1111"),
        ("rest, past its reps", "-", ("rest", 1, 2), ["back to 2"], "11"),
        ("rest, past its reps", "n", ("waiting", 2, 0), ["rest over, set 2"], "111"),
        ("rest, past its reps", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("rest, past its reps", "25", ("waiting", 2, 0), ENDS, "111"),
        ("done, by plan", "F", ("done", 1, 3), [], "111"),
        ("done, by plan", "P", ("done", 1, 2), [], "111"),
        ("done, by plan", "+", ("done", 1, 3), ["3, by hand"], "111"),
        ("done, by plan", "-", ("active", 1, 1), ["back to 1"], "1"),
        ("done, by plan", "n", ("done", 1, 2), ["workout done, 2 reps"], "11"),
        ("done, by plan", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("done, by plan", "25", ("done", 1, 2), [], "11"),
        ("done, by stillness", "F", ("done", 1, 3), [], "111"),
        ("done, by stillness", "P", ("done", 1, 2), [], "111"),
        ("done, by stillness", "+", ("done", 1, 3), ["3, by hand"], "111"),
        ("done, by stillness", "-", ("done", 1, 1), ["back to 1"], "1"),
        ("done, by stillness", "n", ("done", 1, 2), ["workout done, 2 reps"], "11"),
        ("done, by stillness", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("done, by stillness", "25", ("done", 1, 2), [], "11"),
        ("done, by key", "F", ("done", 1, 3), [], "111"),
        ("done, by key", "P", ("done", 1, 2), [], "111"),
        ("done, by key", "+", ("done", 1, 3), ["3, by hand"], "111"),
        ("done, by key", "-", ("done", 1, 1), ["back to 1"], "1"),
        ("done, by key", "n", ("done", 1, 2), ["workout done, 2 reps"], "11"),
        ("done, by key", "r", ("waiting", 1, 0), ["set restarted"], ""),
        ("done, by key", "25", ("done", 1, 2), [], "11"),
    ],
)  # fmt: skip
def test_each_event_at_each_moment(
    moment: str, event: str, now: tuple[str, int, int], said: list[str], sets: str
) -> None:
    """The table of `session`, every cell of it; 25 s of stillness, in which a rest ends, too."""
    plan, so_far = MOMENTS[moment]
    workout = Workout(plan).play(so_far)
    known = len(workout.said)
    workout.play(event)
    assert (workout.now, workout.said[known:], workout.sets) == (now, said, sets)


@pytest.mark.parametrize(
    ("plan", "script", "now", "said", "sets"),
    [
        ("2x3", "F F F", ("rest", 1, 3), ["last one", "set done, 3"], "111"),
        ("2x3", "F F F 31", ("waiting", 2, 0), ["last one", "set done, 3", *ENDS], "111"),
        ("2x2", "F F 31 F F", ("done", 2, 2), ["set done, 2", *ENDS, "workout done, 4 reps"], "1122"),
        # In the rest.
        ("2x2", "F F 5 F F", ("done", 2, 2), ["set done, 2", "set 2", "workout done, 4 reps"], "1122"),
        ("2x2", "F F 5 P 22", ("waiting", 2, 0), ["set done, 2", *ENDS], "111"),
        ("2x2", "F F 5 P F", ("active", 2, 1), ["set done, 2", "set 2"], "1112"),
        ("2x2", "F F 5 - F", ("rest", 1, 2), ["set done, 2", "back to 1", "set done, 2"], "11"),
        ("2x2", "F F 5 - +", ("rest", 1, 2), ["set done, 2", "back to 1", "2, by hand", "set done, 2"], "11"),
        ("2x2", "F F 5 + -", ("rest", 1, 2), ["set done, 2", "3, by hand", "back to 2"], "11"),
        # A rep under way when the rest is over, one more rest, and a set after the last one.
        ("2x2", "F F 28 F", ("active", 2, 1), ["set done, 2", *ENDS], "112"),
        ("3x2", "F F 31 F F 5 F", ("active", 3, 1), ["set done, 2", *ENDS, "set done, 2", "set 3"], "11223"),
        # In a set.
        ("2x5", "F F -", ("active", 1, 1), ["back to 1"], "1"),
        ("2x5", "F - 60", ("waiting", 1, 0), ["back to 0"], ""),
        ("2x5", "F P r F", ("active", 1, 1), ["set restarted"], "1"),
        ("2x2", "F +", ("rest", 1, 2), ["2, by hand", "set done, 2"], "11"),
        # Stillness.
        ("2x5", "F F 19.5", ("active", 1, 2), [], "11"),
        ("2x5", "F F 21", ("rest", 1, 2), ["set done, 2", "10 seconds"], "11"),
        ("2x5", "F F 21 10", ("waiting", 2, 0), ["set done, 2", *ENDS], "11"),
        ("1x5", "F F 21", ("done", 1, 2), ["workout done, 2 reps"], "11"),
        ("2x5", "P P 60", ("active", 1, 0), [], "11"),
        ("2x5", "P n", ("rest", 1, 0), ["set done, 0"], "1"),
        ("free", "F F 21 F", ("active", 2, 1), ["set done, 2", "10 seconds", "set 2"], "112"),
        ("free", "F F 40 F", ("active", 2, 1), ["set done, 2", *ENDS], "112"),
        # A set that goes on past its reps.
        ("2x2+", "F F F", ("active", 1, 3), [], "111"),
        ("2x2+", "F F F 21", ("rest", 1, 3), ["set done, 3", "10 seconds"], "111"),
        ("1x2+", "F F F n", ("done", 1, 3), ["workout done, 3 reps"], "111"),
        # After the plan.
        ("1x2", "F F 90", ("done", 1, 2), ["workout done, 2 reps"], "11"),
        ("1x2", "F F - F", ("done", 1, 2), ["workout done, 2 reps", "back to 1", "workout done, 2 reps"], "11"),
        ("1x2", "F F F -", ("done", 1, 2), ["workout done, 2 reps", "back to 2"], "11"),
    ],
)  # fmt: skip
def test_what_events_do_one_after_the_other(
    plan: str, script: str, now: tuple[str, int, int], said: list[str], sets: str
) -> None:
    workout = Workout(plan).play(script)
    assert (workout.now, workout.said, workout.sets) == (now, said, sets)


@pytest.mark.parametrize("rest_s", [5.0, 10.0, 19.0, 24.0])
def test_a_rest_that_stillness_used_up_has_no_end_of_its_own(rest_s: float) -> None:
    workout = Workout("2x5", rest_s).play("F F 60")
    assert (workout.said, workout.now) == (["set done, 2"], ("waiting", 2, 0))


@pytest.mark.parametrize("script", ["F F 2.5", "F n 2.5"])
@pytest.mark.parametrize(
    ("event", "now", "said"),
    [
        ("F", ("active", 2, 1), ENDS[1:]),  # which takes longer than the rest
        ("P", ("active", 2, 0), ENDS[1:]),
        ("n", ("waiting", 2, 0), ["3", "rest over, set 2"]),
        ("3", ("waiting", 2, 0), ENDS[1:]),
        ("60", ("waiting", 2, 0), ENDS[1:]),
    ],
)
def test_a_rest_shorter_than_the_gap_is_one_of_its_own_after_a_plan_or_a_key(
    script: str, event: str, now: tuple[str, int, int], said: list[str]
) -> None:
    workout = Workout("3x2", rest_s=5.0).play(script)
    known = workout.said.index(f"set done, {workout.state.full}") + 1
    workout.play(event)
    assert (workout.now, workout.said[known:]) == (now, said)


def test_three_sets_of_thirty_and_more() -> None:
    """A set goes on until the person stops: by stillness, which the rest of 60 s includes, by the key, by stillness."""
    first = "F " * 32 + "21 P 5 - 31 "
    second = "F " * 30 + "n 10 "
    third = "F " * 31 + "21 F"
    workout = Workout("3x30+", rest_s=60.0).play(first + second + third)
    progress = ["halfway", "last five", "last one"]
    assert workout.said == [
        *(*progress, "set done, 32", "back to 31", *ENDS),
        *(*progress, "set done, 30", "set 3"),
        *(*progress, "workout done, 92 reps"),
    ]
    assert workout.now == ("done", 3, 32)
    assert workout.state.session == 93


@pytest.mark.parametrize(("rest_s", "said"), [(5.0, ENDS[1:]), (20.0, ENDS[1:]), (21.0, ENDS)])
def test_a_short_rest_after_the_reps_of_the_plan_has_its_countdown_and_its_end(rest_s: float, said: list[str]) -> None:
    assert Workout("2x2", rest_s).play("F F 30").said == ["set done, 2", *said]


@pytest.mark.parametrize(
    ("reps", "announced"),
    [
        (2, []),
        (3, [(2, "last one")]),
        (9, [(8, "last one")]),
        (10, [(5, "halfway"), (9, "last one")]),
        (11, [(6, "last five"), (10, "last one")]),
        (12, [(6, "halfway"), (7, "last five"), (11, "last one")]),
        (30, [(15, "halfway"), (25, "last five"), (29, "last one")]),
    ],
)
def test_after_which_rep_it_is_said_how_far_a_set_is(reps: int, announced: list[tuple[int, str]]) -> None:
    workout, heard = Workout(f"1x{reps}"), []
    for number in range(1, reps + 1):
        known = len(workout.said)
        heard += [(number, said) for said in workout.play("F").said[known:]]
    assert heard == [*announced, (reps, f"workout done, {reps} reps")]


@pytest.mark.parametrize("rest", [True, False])
def test_while_time_stands_still_no_set_ends_and_a_rest_only_if_asked(rest: bool) -> None:
    active, resting = Workout("2x2").play("F").state, Workout("2x2").play("F F").state
    goals = SessionGoals(parse_plan("2x2"), 30)
    later_s = 4.1 + 100
    held, _ = session.on_tick(Config(), goals, session.hold(active, 100.0, rest=rest), later_s, moving=False)
    assert held.stretch is Stretch.ACTIVE
    after, _ = session.on_tick(Config(), goals, session.hold(resting, 100.0, rest=rest), 8.1 + 100, moving=False)
    assert after.stretch is (Stretch.REST if rest else Stretch.WAITING)


EVENTS = st.sampled_from(["F", "P", "+", "-", "n", "r", "3", "25"])


@given(
    st.sampled_from(["free", "1x1", "2x2", "3x3+"]),
    st.sampled_from([5.0, 15.0, 30.0]),
    st.lists(EVENTS, max_size=25),
)
def test_whatever_happens_counts_and_sets_are_those_of_the_record(plan: str, rest_s: float, events: list[str]) -> None:
    workout = Workout(plan, rest_s).play(" ".join(events))
    kept = [rep for rep in workout.reps if rep.number not in workout.removed]
    state = workout.state
    assert state.session == sum(rep.full for rep in kept)
    assert state.reps == tuple(rep for rep in kept if rep.set == state.set)
    sets = [rep.set for rep in workout.reps]
    assert sets == sorted(sets)
    assert set(sets) <= set(range(1, state.set + 1))
    if state.stretch is Stretch.WAITING:
        assert not state.reps
    planned = parse_plan(plan).sets
    assert planned is None or state.set <= planned


def test_the_daily_limit_is_said_once() -> None:
    goals = replace(Workout("free").goals, day_limit=2)
    workout = Workout("free")
    workout.goals = goals
    workout.play("F F F - F")
    assert workout.said.count(spoken_text(Announcement(Cue.DAY_LIMIT, 2))) == 1

"""What is heard of reps, and when: from the stick figure on the mat to the first sound, all but the voice itself."""

from __future__ import annotations

import pytest
from support.playing import STEP_S, played
from support.signals import Shape
from support.simulated_session import SimulatedSession

from repcount.coaching.phrases import spoken_text
from repcount.coaching.session import SessionGoals, parse_plan
from repcount.types import Flag, Rep

# Quick ones, with the shortest pause of sample 09: the answer has to come before the next raise.
FULL = Shape(rest=4, pause_s=0.45)
LOW = Shape(rest=4, top=45, pause_s=0.45)
FAST = Shape(rest=4, raise_s=0.9, lower_s=0.9, pause_s=0.45)
LOW_FAST = Shape(rest=4, top=45, raise_s=0.8, lower_s=0.8, pause_s=0.45)


def heard(sim: SimulatedSession) -> list[list[tuple[str, float]]]:
    """What is heard after each rep: words, and seconds after its verdict."""
    verdicts_s = [update.time_s for update in sim.updates for one in update.updates for _ in measured(one.events)]
    script = [(update.time_s, each.cue, spoken_text(each)) for update in sim.updates for each in update.announcements]
    started = [(at_s, utterance.text) for at_s, utterance in played(script) if utterance.text != "ready"]
    ends_s = [*verdicts_s[1:], float("inf")]
    return [
        [(text, at_s - since_s) for at_s, text in started if since_s <= at_s + STEP_S < until_s + STEP_S]
        for since_s, until_s in zip(verdicts_s, ends_s, strict=True)
    ]


def measured(events: object) -> list[Rep]:
    return [event for event in events if isinstance(event, Rep) and Flag.BY_HAND not in event.flags]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("plan", "reps", "words"),
    [
        ("free", [FULL, LOW, FULL], [["1"], ["higher"], ["2"]]),
        ("free", [LOW, LOW, LOW], [["higher"], ["higher"], ["higher", "press t to count these"]]),
        (
            "free",
            [FAST, LOW_FAST, FAST, LOW_FAST, LOW_FAST, FAST],
            [["1", "slower"], ["higher"], ["2"], ["higher"], ["higher"], ["3", "take your time"]],
        ),
        ("1x3", [FULL, FAST, FULL], [["1"], ["2", "slower", "last one"], ["3", "workout done, 3 reps"]]),
        ("2x2", [FULL, FULL, LOW, FULL], [["1"], ["2", "set done, 2"], ["higher"], ["1", "set 2"]]),
    ],
)
def test_what_is_heard_of_each_rep(plan: str, reps: list[Shape], words: list[list[str]]) -> None:
    sim = SimulatedSession(SessionGoals(parse_plan(plan), rest_s=60))
    sim.lie(2)
    sim.raises(*reps)
    sim.lie(1.5)
    answers = heard(sim)
    assert [[text for text, _ in answer] for answer in answers] == words
    assert all(answer[0][1] <= 0.3 for answer in answers)
    verdicts_s = [update.time_s for update in sim.updates for one in update.updates for _ in measured(one.events)]
    for rep, after, verdict_s, answer in zip(sim.reps, sim.reps[1:], verdicts_s, answers, strict=False):
        assert verdict_s - rep.end_s < 0.2
        assert verdict_s + answer[0][1] < after.start_s + 0.1

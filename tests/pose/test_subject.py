"""The person that `--subject` names, among others who lie, by what the model lists in each frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.bodies import Body, pose

from repcount.errors import VideoError
from repcount.pose import subject
from repcount.pose.subject import SubjectTracker, find_subject
from repcount.types import Frame, Pose, Subject

WIDTH, HEIGHT = 1280, 720
MODEL = Path("none")

LEFT = Body(hip_px=(350, 600))
RIGHT = Body(hip_px=(950, 600))
BEHIND = Body(hip_px=(420, 250))
TRAINER = Body(trunk=88, hip_px=(640, 300))

People = list[Body | None]
"""Whoever is in the picture; None in the place of somebody who is not."""


def frame(time_s: float, people: People) -> Frame:
    """The hips of each person in a colour of their own."""
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for number, body in enumerate(people):
        if body is not None:
            x, y = map(int, body.hip_px)
            image[y - 2 : y + 3, x - 2 : x + 3] = 200 + number
    return Frame(time_s, image)


@pytest.fixture
def see(monkeypatch: pytest.MonkeyPatch) -> Callable[[People], None]:
    """Says who the model knows.

    It lists the first of them whose hips it sees, where it sees them, and then the same one as long as it does.
    """
    known: People = []

    class Scripted:
        def __init__(self, model: Path) -> None:
            self._last = -1

        def __enter__(self) -> Scripted:
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def close(self) -> None:
            pass

        def detect(self, seen: Frame) -> list[Pose]:
            for number, body in sorted(enumerate(known), key=lambda one: one[0] != self._last):
                places = np.argwhere(seen.image[:, :, 0] == 200 + number)
                if body is not None and len(places):
                    self._last = number
                    y, x = places.mean(axis=0)
                    return [pose(replace(body, hip_px=(x, y)))]
            return []

    monkeypatch.setattr(subject, "Landmarker", Scripted)
    return lambda people: known.__setitem__(slice(None), people)


def hips(found: Pose | None) -> tuple[float, float] | None:
    if found is None:
        return None
    x, y = found.xy_px[[23, 24]].mean(axis=0)
    return round(x), round(y)


CLASS: People = [RIGHT, TRAINER, LEFT]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Subject(1), LEFT),
        (Subject(2), RIGHT),
        (Subject(point=(350 / WIDTH, 600 / HEIGHT)), LEFT),
        (Subject(point=(800 / WIDTH, 600 / HEIGHT)), RIGHT),  # on the head
        (Subject(point=(950 / WIDTH, 650 / HEIGHT)), RIGHT),  # a little in front
    ],
    ids=str,
)
def test_people_who_lie_are_numbered_from_the_left_and_a_point_is_on_one(
    wanted: Subject, found: Body, see: Callable[[People], None]
) -> None:
    see(CLASS)
    chosen = find_subject((frame(i / 2, CLASS) for i in range(5)), MODEL, wanted)
    assert hips(chosen.pose) == found.hip_px
    assert [hips(other) for other in chosen.others] == [(LEFT if found is RIGHT else RIGHT).hip_px]


LISTED = "2 people lie in the first 20 s: 1 at 0.27,0.83, 2 at 0.74,0.83"


@pytest.mark.parametrize(
    ("people", "wanted", "said"),
    [
        (CLASS, Subject(3), f"--subject 3: nobody lies there; {LISTED}"),
        (CLASS, Subject(point=(0.5, 0.2)), f"--subject 0.5,0.2: nobody lies there; {LISTED}"),
        ([LEFT], Subject(2), "--subject 2: nobody lies there; 1 person lies in the first 20 s: 1 at 0.27,0.83"),
        ([TRAINER], Subject(1), "--subject 1: nobody lies in the first 20 s; if somebody does later, begin there"),
        ([], Subject(point=(0.5, 0.5)), "--subject 0.5,0.5: nobody lies in the first 20 s"),
    ],
)
def test_where_nobody_lies_that_is_said_with_the_places_of_those_who_do(
    people: People, wanted: Subject, said: str, see: Callable[[People], None]
) -> None:
    see(people)
    with pytest.raises(VideoError) as refused:
        find_subject((frame(i / 2, people) for i in range(5)), MODEL, wanted)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(("looks", "lies"), [(4, False), (5, True)])
def test_whoever_is_seen_lying_for_a_moment_is_nobody(looks: int, lies: bool, see: Callable[[People], None]) -> None:
    """A sofa is taken for somebody now and then."""
    see([RIGHT, LEFT])
    seen = (frame(i / 2, [RIGHT, LEFT if i < looks else None]) for i in range(12))
    assert hips(find_subject(seen, MODEL, Subject(1)).pose) == (LEFT if lies else RIGHT).hip_px


DOLL = replace(LEFT, size=0.45)
CHILD = replace(LEFT, size=0.55)


@pytest.mark.parametrize(("other", "number"), [(DOLL, 1), (CHILD, 2)], ids=["doll", "child"])
def test_whoever_looks_less_than_half_as_large_is_nobody(
    other: Body, number: int, see: Callable[[People], None]
) -> None:
    """In patterns of the background the model finds small bodies."""
    see([RIGHT, other])
    found = find_subject((frame(i / 2, [RIGHT, other]) for i in range(5)), MODEL, Subject(number))
    assert hips(found.pose) == RIGHT.hip_px


@pytest.mark.parametrize(("moved_px", "people"), [(49, 1), (51, 2)])
def test_hips_that_wander_are_one_persons(moved_px: int, people: int, see: Callable[[People], None]) -> None:
    """The trunk of the stick figure has 125 pixels."""
    moved = replace(LEFT, hip_px=(LEFT.hip_px[0] + moved_px, LEFT.hip_px[1]))
    see([LEFT, moved])
    seen = (frame(i / 2, [LEFT, None] if i % 2 else [None, moved]) for i in range(12))
    found = find_subject(seen, MODEL, Subject(1))
    assert len(found.others) == people - 1


def follow(who: Body, shown: Callable[[float], People], seconds: int) -> list[tuple[float, float] | None]:
    """Where the tracker finds `who`, who lies among the others, in each frame."""
    people = [body for body in (LEFT, RIGHT, BEHIND) if body is not who]
    found = subject.FoundSubject(pose(who), tuple(pose(other) for other in people))
    tracker = SubjectTracker(MODEL, found)
    return [hips(tracker.track(frame(i / 10, shown(i / 10)))) for i in range(10 * seconds)]


@pytest.mark.parametrize("who", [LEFT, RIGHT, BEHIND], ids=["left", "right", "behind"])
def test_only_the_subject_is_found_whoever_the_model_would_list_first(who: Body, see: Callable[[People], None]) -> None:
    others: People = [other for other in (TRAINER, LEFT, RIGHT, BEHIND) if other is not who]
    see([*others, who])
    found = follow(who, lambda _: [*others, who], 1)
    assert set(found[:1]) <= {who.hip_px, None}  # the first one may be the trainer, who is then painted out
    assert found[1:] == [who.hip_px] * 9


def test_somebody_out_of_sight_is_nobody_and_is_found_again(see: Callable[[People], None]) -> None:
    see([LEFT, BEHIND])
    found = follow(LEFT, lambda time_s: [LEFT if not 1 <= time_s < 8 else None, BEHIND], 9)
    assert found == [LEFT.hip_px] * 10 + [None] * 70 + [LEFT.hip_px] * 10


def test_of_the_subject_the_colours_of_the_legs_are_told(see: Callable[[People], None]) -> None:
    see([LEFT])
    found = SubjectTracker(MODEL, subject.FoundSubject(pose(LEFT), ())).track(frame(0.0, [LEFT]))
    assert found is not None
    assert found.shins_differ == 0

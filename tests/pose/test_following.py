"""Whom the tracker follows, by what the model lists in each frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.bodies import Body, pose

from repcount.pose import tracker
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Pose

IMAGE = np.zeros((2, 2, 3), np.uint8)
HZ = 15.0
People = Callable[[float], list[Body]]

ME = Body(hip_px=(640, 500))
NEIGHBOUR = Body(hip_px=(640, 250))
TURNED = Body(facing=-1, prone=True)
PLANT = Body(trunk=60, hip_px=(250, 300))
TRAINER = Body(trunk=88, hip_px=(900, 300))


def followed(monkeypatch: pytest.MonkeyPatch, listed: People, seconds: float) -> list[tuple[float, float] | None]:
    """Where the hips of the one who is followed are in each frame."""

    class Scripted:
        def __init__(self, model: Path, people: int = 1) -> None:
            self._people = people

        def close(self) -> None:
            pass

        def detect(self, frame: Frame) -> list[Pose]:
            return [pose(body) for body in listed(frame.time_s)[: self._people]]

    monkeypatch.setattr(tracker, "Landmarker", Scripted)
    places: list[tuple[float, float] | None] = []
    with PersonTracker(Path("none")) as following:
        for i in range(round(seconds * HZ)):
            found = following.track(Frame(i / HZ, IMAGE))
            hips = None if found is None else found.xy_px[[23, 24]].mean(axis=0)
            places.append(None if hips is None else (float(hips[0]), float(hips[1])))
    return places


def between(places: list[tuple[float, float] | None], first_s: float, last_s: float) -> set[tuple[float, float] | None]:
    return set(places[round(first_s * HZ) : round(last_s * HZ)])


@pytest.mark.parametrize("other", [PLANT, NEIGHBOUR, TRAINER], ids=["plant", "neighbour", "trainer"])
def test_what_is_listed_instead_for_a_moment_is_left_out(monkeypatch: pytest.MonkeyPatch, other: Body) -> None:
    places = followed(monkeypatch, lambda t: [other if 2 <= t < 4 else ME], 6)
    assert between(places, 0, 2) == between(places, 4, 6) == {ME.hip_px}
    assert between(places, 2, 4) == {None}


def test_somebody_who_lies_is_taken_when_the_other_one_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t: [ME if t < 2 else NEIGHBOUR], 8)
    assert between(places, 2, 4.9) == {None}
    assert between(places, 5.2, 8) == {NEIGHBOUR.hip_px}


def test_the_order_of_the_list_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [ME, NEIGHBOUR, TRAINER]
    monkeypatch.setattr(PersonTracker, "_people_to_look_for", lambda *_: 3)
    places = followed(monkeypatch, lambda t: people[round(t * HZ) % 3 :] + people[: round(t * HZ) % 3], 3)
    assert len(set(places)) == 1
    assert places[0] in {ME.hip_px, NEIGHBOUR.hip_px}


def test_a_trainer_who_stands_in_front_is_looked_past(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda _: [TRAINER, ME], 3)
    assert between(places, 1.2, 3) == {ME.hip_px}


def test_first_poses_the_wrong_way_round_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t: [TURNED if t < 1 else Body(left=45, right=45)], 3)
    assert None not in between(places, 1, 3)


def test_who_sits_up_is_still_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t: [Body(trunk=min(max(t - 2, 0) * 40, 80))], 5)
    assert set(places) == {ME.hip_px}

"""The tracker follows whoever lies down, and looks at everybody again when nobody does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.bodies import Body, pose

from repcount.pose import tracker
from repcount.pose.tracker import MAX_PEOPLE, REACQUIRE_AFTER_S, PersonTracker
from repcount.types import Frame, Landmark, Pose

IMAGE = np.zeros((2, 2, 3), np.uint8)
HZ = 10


class Scene:
    """Stands in for the pose model: who is in the picture at which time, and how many were looked for."""

    def __init__(self, people: Callable[[float], list[Pose]]) -> None:
        self._people = people
        self.looked_for: list[int] = []
        self.listed: list[Pose] = []
        self.open = 0

    def landmarker(self, model: Path, people: int = 1, *, follow: bool = True) -> Any:
        scene = self

        class Landmarker:
            def __init__(self) -> None:
                scene.open += 1

            def forget(self) -> None:
                """It follows nobody."""

            def close(self) -> None:
                scene.open -= 1

            def detect(self, frame: Frame) -> list[Pose]:
                if follow:
                    scene.looked_for.append(people)
                listed = scene._people(frame.time_s)[:people]
                scene.listed += [one for one in listed if not any(one is other for other in scene.listed)]
                return listed

        return Landmarker()


LYING, STANDING = pose(Body()), pose(Body(trunk=90))


def track(monkeypatch: pytest.MonkeyPatch, scene: Scene, times_s: Iterable[float]) -> list[Pose | None]:
    """Whom of the scene a tracker finds at these times; afterwards it holds no landmarker."""
    monkeypatch.setattr(tracker, "Landmarker", scene.landmarker)
    with PersonTracker(Path("model.task")) as following:
        found = [following.track(Frame(time_s, IMAGE)) for time_s in times_s]
        assert len(set(scene.looked_for)) <= scene.open <= 4
    assert scene.open == 0
    return [next((one for one in scene.listed if pose and one.xy_px is pose.xy_px), None) for pose in found]


def seconds(end_s: int) -> list[float]:
    return [number / HZ for number in range(end_s * HZ)]


def test_somebody_alone_who_lies_is_the_only_one_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(lambda time_s: [LYING])
    assert track(monkeypatch, scene, seconds(10)) == [LYING] * 100
    assert set(scene.looked_for) == {1}


def test_of_whoever_is_followed_the_colours_of_the_legs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    x, y = LYING.xy_px[[Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE]].mean(axis=0).astype(int)
    image[y - 20 : y + 20, x - 60 : x + 60] = (150, 110, 60)
    lying = replace(LYING, xy_px=LYING.xy_px.copy())
    lying.xy_px[[Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE], 1] -= 100
    monkeypatch.setattr(tracker, "Landmarker", Scene(lambda time_s: [lying]).landmarker)
    with PersonTracker(Path("model.task")) as following:
        found = following.track(Frame(0.0, image))
    assert found is not None
    assert found.shins_differ > 20


def test_frames_that_were_skipped_are_no_reason_to_look_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing moves, one frame in five seconds is looked at; each of them went to a second landmarker."""
    scene = Scene(lambda time_s: [LYING])
    track(monkeypatch, scene, [*seconds(3), 8.0, 13.0, 18.0, *(20 + time_s for time_s in seconds(3))])
    assert set(scene.looked_for) == {1}


def test_with_nobody_lying_everybody_is_looked_at_and_the_one_who_lies_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The trainer, who stands in front, is what the model finds first."""
    scene = Scene(lambda time_s: [STANDING, LYING])
    found = track(monkeypatch, scene, seconds(3))
    before = sum(time_s <= REACQUIRE_AFTER_S for time_s in seconds(3))
    assert found == [STANDING] * before + [LYING] * (30 - before)
    assert scene.looked_for == [1] * before + [MAX_PEOPLE] * (30 - before)


def test_once_the_one_who_lies_is_alone_again_nobody_else_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(lambda time_s: [STANDING, LYING] if time_s < 5 else [LYING])
    track(monkeypatch, scene, seconds(12))
    assert scene.looked_for[50] == MAX_PEOPLE
    assert scene.looked_for[-1] == 1


def test_the_one_chosen_last_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = pose(Body(hip_px=(660.0, 500.0))), pose(Body(hip_px=(1600.0, 500.0)))
    scene = Scene(lambda time_s: [STANDING] if time_s < 2 else [LYING] if time_s < 2.8 else [far, near])
    assert track(monkeypatch, scene, seconds(4))[-1] is near


def test_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert track(monkeypatch, Scene(lambda time_s: []), seconds(3)) == [None] * 30

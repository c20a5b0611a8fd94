"""Somebody small is looked for, and followed, in parts of the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import Body, ScriptedLandmarker, hips_followed, pose
from support.programs import SAMPLES

from repcount.pose import closer, tracker
from repcount.pose.anatomy import is_lying_on_back
from repcount.pose.body import trunk_px
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Pose
from repcount.video import reader
from repcount.video.opencv import cv2

HZ = 15.0
WIDTH, HEIGHT = 640, 360
X, Y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
WHERE = np.stack([X // 4, Y // 2, X % 4], axis=2).astype(np.uint8)
"""A picture in which every part shows where it is."""

CHILD, PLANT = Body(hip_px=(200.0, 250.0)), Body(hip_px=(500.0, 300.0))


def followed(
    monkeypatch: pytest.MonkeyPatch, seen: Callable[[float, bool], Body | None], seconds: float
) -> list[tuple[float, float] | None]:
    """Where the one who is followed is, of whom `seen` says when whole pictures show them, and when parts do."""

    class Scripted(ScriptedLandmarker):
        def detect(self, frame: Frame) -> list[Pose]:
            body = seen(frame.time_s, frame.image.shape == WHERE.shape)
            if body is None:
                return []
            left, top = 4 * int(frame.image[0, 0, 0]) + int(frame.image[0, 0, 2]), 2 * int(frame.image[0, 0, 1])
            x, y = body.hip_px[0] - left, body.hip_px[1] - top
            inside = 0 <= x < frame.image.shape[1] and 0 <= y < frame.image.shape[0]
            return [pose(Body(hip_px=(x, y)))] if inside else []

    monkeypatch.setattr(tracker, "Landmarker", Scripted)
    return hips_followed(WHERE, HZ, seconds)


def test_who_is_too_small_for_the_model_is_found_within_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda _, whole: None if whole else CHILD, 6)
    assert set(places[round(2 * HZ) :]) == {CHILD.hip_px}


def test_who_is_found_in_a_part_and_then_elsewhere_is_followed_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """After three seconds out of sight anybody who lies may be followed."""
    places = followed(
        monkeypatch, lambda t, whole: (None if whole else CHILD) if t < 4 else PLANT if whole else None, 9
    )
    assert set(places[round(2 * HZ) : round(4 * HZ)]) == {CHILD.hip_px}
    assert set(places[round(7.5 * HZ) :]) == {PLANT.hip_px}


def test_nobody_else_is_taken_for_who_was_followed_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t, whole: None if 2 <= t < 4.5 and whole else CHILD if whole else PLANT, 6)
    assert set(places) == {CHILD.hip_px, None}


@given(st.integers(64, 2000), st.integers(64, 2000), st.data())
def test_whoever_takes_up_a_quarter_of_the_longer_side_is_whole_in_some_part(
    width: int, height: int, data: st.DataObject
) -> None:
    frame = Frame(0.0, np.zeros((height, width, 3), np.uint8))
    size = min(max(width, height) // 4, width // 2, height // 2)
    edge = size // 4
    left = data.draw(st.integers(edge, width - size - edge))
    bottom = data.draw(st.integers(size // 3 + edge, height - edge))
    assert any(
        left >= part[0] and bottom - size // 3 >= part[1] and left + size <= part[2] and bottom <= part[3]
        for part in closer.parts(frame)
    )


@given(st.integers(64, 2000), st.integers(64, 2000), st.floats(-100, 2100), st.floats(-100, 2100))
def test_the_part_around_somebody_lies_in_the_picture(width: int, height: int, x: float, y: float) -> None:
    frame = Frame(0.0, np.zeros((height, width, 3), np.uint8))
    left, top, right, bottom = closer.around(pose(Body(hip_px=(x, y))), frame)
    assert 0 <= left <= min(max(x, 0), width) <= right <= width
    assert 0 <= top <= min(max(y, 0), height) <= bottom <= height


@given(st.integers(64, 1000), st.floats(1.5, 3.0), st.data())
def test_who_lies_across_an_upright_picture_is_whole_in_one_of_its_squares(
    width: int, height_in_widths: float, data: st.DataObject
) -> None:
    height = round(height_in_widths * width + 0.5)
    raised = width // 2  # half of a body as long as the picture is wide: more than legs that are raised
    floor = data.draw(st.integers(raised, height))
    squares = closer.squares(Frame(0.0, np.zeros((height, width, 3), np.uint8)))
    assert {(left, right, bottom - top) for left, top, right, bottom in squares} == {(0, width, width)}
    assert all(top >= 0 and bottom <= height for _, top, _, bottom in squares)
    assert any(top <= floor - raised and floor <= bottom for _, top, _, bottom in squares)


@pytest.mark.parametrize("size", [(640, 360), (360, 360), (480, 640)])
def test_a_picture_that_is_not_upright_has_no_squares(size: tuple[int, int]) -> None:
    assert closer.squares(Frame(0.0, np.zeros((*reversed(size), 3), np.uint8))) == []


def test_in_an_upright_picture_people_are_followed_in_all_its_width() -> None:
    """At a fiftieth less the feet were cut off."""
    frame = Frame(0.0, np.zeros((544, 306, 3), np.uint8))
    left, top, right, bottom = closer.around(pose(Body(hip_px=(160.0, 315.0))), frame)
    assert (left, right, bottom - top) == (0, 306, 306)


def test_another_part_of_the_picture_is_looked_at_without_what_was_followed_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The model went on looking in the place that somebody had in the whole picture, and found the body turned."""
    stale: list[bool] = []

    class Scripted(ScriptedLandmarker):
        _seen: tuple[int, ...] | None = None

        def forget(self) -> None:
            self._seen = None

        def detect(self, frame: Frame) -> list[Pose]:
            stale.append(self._seen not in (None, frame.image.shape))
            if self.follow:
                self._seen = frame.image.shape
            return [] if frame.image.shape == WHERE.shape else [pose(Body(hip_px=(100.0, 100.0)))]

    monkeypatch.setattr(tracker, "Landmarker", Scripted)
    places = hips_followed(WHERE, HZ, 4)
    assert places[-1] is not None
    assert not any(stale)


def test_who_fits_into_a_part_takes_up_half_of_the_picture_at_most() -> None:
    """So that a neighbour of ordinary size is not cut off at head and feet."""
    body = pose(CHILD)
    length = 4.5 * trunk_px(body)
    narrow, wide = (np.zeros((90, round(length / share), 3), np.uint8) for share in (0.57, 0.53))
    assert not closer.fits(body, Frame(0.0, narrow))
    assert closer.fits(body, Frame(0.0, wide))


def test_who_is_not_found_for_grain_is_followed_in_the_picture_evened_out(monkeypatch: pytest.MonkeyPatch) -> None:
    grain = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)

    class SeesNoGrain(ScriptedLandmarker):
        def detect(self, frame: Frame) -> list[Pose]:
            return [pose(CHILD)] if frame.image.shape == grain.shape and frame.image[::20].std() < 40 else []

    monkeypatch.setattr(tracker, "Landmarker", SeesNoGrain)
    places = hips_followed(grain, HZ, 2)
    assert places[0] is None
    assert set(places[round(1.5 * HZ) :]) == {CHILD.hip_px}


def test_who_is_not_found_for_want_of_contrast_is_followed_with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    greys = np.random.default_rng(1).integers(20, 236, (HEIGHT, WIDTH, 3), dtype=np.uint8)

    class SeesNoGreys(ScriptedLandmarker):
        def detect(self, frame: Frame) -> list[Pose]:
            return [pose(CHILD)] if frame.image.shape == greys.shape and frame.image[::20].std() > 70 else []

    monkeypatch.setattr(tracker, "Landmarker", SeesNoGreys)
    places = hips_followed(greys, HZ, 2)
    assert places[0] is None
    assert set(places[round(1.5 * HZ) :]) == {CHILD.hip_px}


def far_away(image: np.typing.NDArray[np.uint8]) -> np.typing.NDArray[np.uint8]:
    """Across a grey hall."""
    small = cv2.resize(image, None, fx=0.36, fy=0.36, interpolation=cv2.INTER_AREA)
    hall = np.full_like(image, 110)
    hall[-small.shape[0] :, : small.shape[1]] = small
    return hall


def at_night(image: np.typing.NDArray[np.uint8]) -> np.typing.NDArray[np.uint8]:
    """With a tenth of the light."""
    return np.asarray(cv2.convertScaleAbs(image, alpha=0.1), dtype=np.uint8)


def upright(image: np.typing.NDArray[np.uint8]) -> np.typing.NDArray[np.uint8]:
    """As a phone sees it that stands on end, in the lower half of a picture two thirds of which are something else."""
    across = cv2.resize(image, (270, 152), interpolation=cv2.INTER_AREA)
    picture = np.full((480, 270, 3), 110, np.uint8)
    picture[196:348] = across
    return picture


@pytest.mark.slow
@pytest.mark.parametrize("name", ["21_as_described.mp4", "09_partial_and_full.mp4"])
def test_in_an_upright_picture_people_are_found_within_half_a_second(model: Path, name: str) -> None:
    """In the whole of it the model finds nobody at first: for more than a second."""
    found: list[bool] = []
    with reader.open_video(SAMPLES / name) as video, PersonTracker(model) as following:
        for frame in video.frames(6.0):
            if frame.time_s > 2.0:
                break
            pose = following.track(Frame(frame.time_s, upright(frame.image)))
            found.append(pose is not None and is_lying_on_back(pose))
    assert found[3:] == [True] * len(found[3:])


@pytest.mark.slow
@pytest.mark.parametrize("worse", [far_away, at_night])
def test_the_model_finds_who_is_plain_to_see_for_people(
    model: Path, worse: Callable[[np.typing.NDArray[np.uint8]], np.typing.NDArray[np.uint8]]
) -> None:
    """From the second second on; in the pictures as they are it finds nobody in most of them."""
    found: list[bool] = []
    with reader.open_video(SAMPLES / "21_as_described.mp4") as video, PersonTracker(model) as following:
        for frame in video.frames(6.0):
            if frame.time_s > 4.0:
                break
            found.append(following.track(Frame(frame.time_s, worse(frame.image))) is not None)
    assert found[12:] == [True] * len(found[12:])

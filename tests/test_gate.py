"""The motion gate: what it lets pass, and that nothing which moves is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from repcount.gate import Change, Gate, largest_change

HZ = 10
Grey = NDArray[np.uint8]


def room(dark: int = 60, bright: int = 200) -> Grey:
    """A dark floor in front of a bright wall."""
    picture = np.full((90, 160), bright, np.uint8)
    picture[60:] = dark
    return picture


def leg(tip_row: float, level: int = 90) -> Grey:
    """A body in that room with a leg whose tip stands in that row; parts of a pixel count, as the camera sees it."""
    picture = room()
    picture[60:66, 40:90] = level
    rows = 60 + (tip_row - 60) * np.linspace(0, 1, 40)
    for column, row in zip(range(90, 130), rows, strict=True):
        whole, part = int(row), row - int(row)
        for at, share in ((whole, 1 - part), (whole + 6, part)):
            picture[at, column] = round(share * level + (1 - share) * int(picture[at, column]))
        picture[whole + 1 : whole + 6, column] = level
    return picture


def looks(pictures: list[Grey]) -> list[Change]:
    gate = Gate()
    return [gate.look(number / HZ, picture) for number, picture in enumerate(pictures)]


def measured(changes: list[Change]) -> list[float]:
    return [number / HZ for number, change in enumerate(changes) if change is not Change.NOTHING]


def noisy(picture: Grey, strength: float, count: int) -> list[Grey]:
    rng = np.random.default_rng(7)
    spread = rng.normal(0, strength, (count, *picture.shape))
    return [np.clip(picture + each, 0, 255).astype(np.uint8) for each in spread]


def test_where_nothing_moves_half_a_second_is_measured_and_then_one_frame_in_five_seconds() -> None:
    assert measured(looks([room()] * 120)) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 5.5, 10.5]


def test_the_first_frame_that_moves_is_measured_and_half_a_second_after_the_last() -> None:
    pictures = [leg(60)] * 15 + [leg(60 - row) for row in range(0, 20, 2)] + [leg(42)] * 15
    changes = looks(pictures)
    assert changes[14] is Change.NOTHING
    assert set(changes[16:25]) == {Change.MOVEMENT}
    assert [change is not Change.NOTHING for change in changes[25:]] == [True] * 5 + [False] * 10


def test_what_creeps_adds_up() -> None:
    """A leg of 40 pixels that sinks by a quarter of a degree a second."""
    pictures = [leg(40)] * 10 + [leg(40 + step * 40 * np.radians(0.025)) for step in range(100)]
    changes = looks(pictures)
    assert Change.MOVEMENT not in changes[1:]
    gaps = np.diff(measured(changes[10:]))
    assert max(gaps) < 2.0  # sooner than it would be measured anyway


@pytest.mark.parametrize("level", [70, 75, 80])
def test_dark_legs_on_a_dark_floor_are_seen_to_move(level: int) -> None:
    pictures = [leg(66, level)] * 15 + [leg(66 - row, level) for row in range(0, 30, 3)]
    changes = looks(pictures)
    assert changes[14] is Change.NOTHING
    assert Change.MOVEMENT in changes[15:18]


def test_of_a_dim_and_noisy_video_everything_is_measured() -> None:
    dim = room(dark=12, bright=30)
    assert len(measured(looks(noisy(dim, 3.0, 60)))) == 60


def test_the_noise_of_a_usual_camera_is_no_movement() -> None:
    """1 % of full scale in a small picture is 5 % in the full one, of which 16 to 150 pixels become one."""
    assert len(measured(looks(noisy(room(), 2.0, 60)))) < 15


@pytest.mark.parametrize("shape", [(90, 160), (3, 3), (2, 160), (1, 1)])
def test_pictures_of_any_size_do(shape: tuple[int, int]) -> None:
    assert looks([np.zeros(shape, np.uint8)] * 3) == [Change.MOVEMENT, Change.SOMETHING, Change.SOMETHING]


pixels = st.lists(st.integers(0, 255), min_size=42, max_size=42)


@given(before=pixels, now=pixels)
def test_the_largest_change_is_that_of_the_means_of_blocks(before: list[int], now: list[int]) -> None:
    one, other = (np.array(values, np.uint8).reshape(6, 7) for values in (before, now))
    means = [abs(block(other).mean() - block(one).mean()) for block in blocks()]
    assert largest_change(other, one) == pytest.approx(max(means))
    assert largest_change(one, other) == largest_change(other, one)


def blocks() -> Iterator[Callable[[Grey], NDArray[np.float64]]]:
    for row in range(4):
        for column in range(5):
            yield lambda p, r=row, c=column: p[r : r + 3, c : c + 3].astype(float)  # type: ignore[misc]

"""The motion gate skips nothing that moves; chunks hold every frame once, and two workers finish together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from repcount.pose.chunking import (
    MAX_CHUNK,
    MIN_CHUNK,
    WARMUP_FRAMES,
    Change,
    FrameSlot,
    MotionGate,
    Warmup,
    frame_slots,
    largest_change,
    split_into_chunks,
)
from repcount.types import Frame

HZ = 10.0
Grey = NDArray[np.uint8]
IMAGE = np.zeros((2, 2, 3), np.uint8)


def frames(levels: Iterable[int]) -> Iterator[Frame]:
    """A wall that changes its brightness, ten times a second."""
    return (Frame(number / HZ, np.full((2, 2, 3), level, np.uint8)) for number, level in enumerate(levels))


def wall(frame: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((9, 9), frame.image[0, 0, 0], np.uint8)


def test_the_frames_just_before_a_movement_are_tracked_too() -> None:
    still_until_2_s = [*[50] * 20, *range(60, 160, 10), *[150] * 20]
    slots = list(frame_slots(frames(still_until_2_s), wall))
    assert [slot.time_s for slot in slots] == [number / HZ for number in range(50)]
    assert [slot.time_s for slot in slots if slot.still] == [number / HZ for number in (*range(6, 18), *range(35, 50))]


def test_frames_in_which_nothing_moves_keep_their_image_for_two_seconds_after_the_last_motion() -> None:
    """They are tracked after all if the pose has not settled by then."""
    slots = frame_slots(frames([*[50] * 40, 60, *[60] * 40]), wall)
    kept = [slot.time_s for slot in slots if slot.still and slot.image is not None]
    assert kept == [number / HZ for number in (*range(6, 21), *range(46, 61))]


@given(
    levels=st.lists(st.sampled_from([50, 51, 60, 200]), max_size=300), expected=st.floats(0, 1000) | st.just(math.nan)
)
def test_chunks_hold_every_slot_once_and_begin_with_a_tracked_one(levels: list[int], expected: float) -> None:
    parts: list[tuple[Warmup, list[FrameSlot]]] = []
    slots = list(frame_slots(frames(levels), wall))
    for slot, begun in split_into_chunks(iter(slots), expected):
        if begun is not None:
            parts.append((begun, []))
        parts[-1][1].append(slot)
    assert [slot for _, part in parts for slot in part] == slots
    assert [slot.time_s for slot in slots] == [number / HZ for number in range(len(levels))]
    before: list[float] = []
    for warmup, part in parts:
        assert [frame.time_s for frame in warmup] == before[-WARMUP_FRAMES:]
        assert not part[0].still
        lengths = [slot.time_s for slot in part if not slot.still]
        assert len(lengths) <= MAX_CHUNK
        before += lengths
    for (_, part), _ in pairwise(parts):
        assert sum(not slot.still for slot in part) >= 0.75 * MIN_CHUNK


def sizes(count: int, expected: float, longest: int = MAX_CHUNK, room: int = MAX_CHUNK) -> list[int]:
    """Of the chunks of a video in which all moves."""
    slots = (FrameSlot(float(number), IMAGE, still=False) for number in range(count))
    chunks = split_into_chunks(slots, expected, longest, room)
    begins = [int(slot.time_s) for slot, begun in chunks if begun is not None]
    return [end - begin for begin, end in pairwise([*begins, count])]


@pytest.mark.parametrize("longest", [MIN_CHUNK, 103, 231, MAX_CHUNK])
@pytest.mark.parametrize("count", [1, 47, 100, 215, 300, 400, 401, 664, 996, 1400, 6000])
def test_chunks_are_long_and_the_work_of_two_goes_up(count: int, longest: int) -> None:
    found = sizes(count, count, longest)
    assert max(found) <= longest
    assert found[0] <= (96 if count > 1.8 * longest else 0.54 * count + 48), "the second begins soon"
    assert len(found) <= 2 or count > 1.8 * longest, "a short video has one seam"
    assert len(found) <= 4 + 1.1 * count / longest
    loads = [0, 0]
    for size in found:  # whoever is free takes the next, and to begin one takes a while
        loads[loads.index(min(loads))] += size + 15
    if count > 2 * MIN_CHUNK:
        assert max(loads) - min(loads) <= MIN_CHUNK + 15


@pytest.mark.parametrize("count", [300, 500, 664, 996, 1400, 6000])
def test_no_worker_waits_for_room_in_the_chunk_of_the_other(count: int) -> None:
    """A chunk is decoded once the frames that its own worker has not taken yet have room."""
    room = 209
    free_at = [0, 0]
    *others, _ = sizes(count, count, MAX_CHUNK, room)
    for size in others:
        free_at.sort()
        taken = max(free_at[1] - free_at[0] - 15, 0)
        assert size - taken <= room
        free_at[0] += size + 15


def test_chunks_of_a_video_that_does_not_tell_how_long_it_is() -> None:
    assert sizes(96 + 2 * MAX_CHUNK, math.nan) == [96, MAX_CHUNK, MAX_CHUNK]


# --- motion gate ----------------------------------------------------------------------------------------


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


def changes_in(pictures: list[Grey]) -> list[Change]:
    gate = MotionGate()
    return [gate.classify(number / HZ, picture) for number, picture in enumerate(pictures)]


def tracked_s(changes: list[Change]) -> list[float]:
    return [number / HZ for number, change in enumerate(changes) if change is not Change.NOTHING]


def noisy(picture: Grey, strength: float, count: int) -> list[Grey]:
    rng = np.random.default_rng(7)
    spread = rng.normal(0, strength, (count, *picture.shape))
    return [np.clip(picture + each, 0, 255).astype(np.uint8) for each in spread]


def test_where_nothing_moves_half_a_second_is_tracked_and_then_one_frame_in_five_seconds() -> None:
    assert tracked_s(changes_in([room()] * 120)) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 5.5, 10.5]


def test_the_first_frame_that_moves_is_tracked_and_half_a_second_after_the_last() -> None:
    pictures = [leg(60)] * 15 + [leg(60 - row) for row in range(0, 20, 2)] + [leg(42)] * 15
    changes = changes_in(pictures)
    assert changes[14] is Change.NOTHING
    assert set(changes[16:25]) == {Change.MOVEMENT}
    assert [change is not Change.NOTHING for change in changes[25:]] == [True] * 5 + [False] * 10


def test_slow_motion_adds_up() -> None:
    """A leg of 40 pixels that sinks by a quarter of a degree a second."""
    pictures = [leg(40)] * 10 + [leg(40 + step * 40 * np.radians(0.025)) for step in range(100)]
    changes = changes_in(pictures)
    assert Change.MOVEMENT not in changes[1:]
    gaps = np.diff(tracked_s(changes[10:]))
    assert max(gaps) < 2.0  # sooner than it would be tracked anyway


@pytest.mark.parametrize("level", [70, 75, 80])
def test_dark_legs_on_a_dark_floor_are_seen_to_move(level: int) -> None:
    pictures = [leg(66, level)] * 15 + [leg(66 - row, level) for row in range(0, 30, 3)]
    changes = changes_in(pictures)
    assert changes[14] is Change.NOTHING
    assert Change.MOVEMENT in changes[15:18]


def test_every_frame_of_a_dim_and_noisy_video_is_tracked() -> None:
    dim = room(dark=12, bright=30)
    assert len(tracked_s(changes_in(noisy(dim, 3.0, 60)))) == 60


def test_the_noise_of_an_ordinary_camera_is_no_movement() -> None:
    """1 % of full scale in a small picture is 5 % in the full one, of which 16 to 150 pixels become one."""
    assert len(tracked_s(changes_in(noisy(room(), 2.0, 60)))) < 15


@pytest.mark.parametrize("shape", [(90, 160), (3, 3), (2, 160), (1, 1)])
def test_pictures_of_any_size_do(shape: tuple[int, int]) -> None:
    assert changes_in([np.zeros(shape, np.uint8)] * 3) == [Change.MOVEMENT, Change.SOMETHING, Change.SOMETHING]


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

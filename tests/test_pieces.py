"""A video cut into pieces: nothing lost, nothing twice, and the work of two goes up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount.pieces import LONGEST, SHORTEST, WARM, Piece, Slot, cut, slots
from repcount.records import Frame

HZ = 10.0
IMAGE = np.zeros((2, 2, 3), np.uint8)


def frames(levels: Iterable[int]) -> Iterator[Frame]:
    """A wall that changes its brightness, ten times a second."""
    return (Frame(number / HZ, np.full((2, 2, 3), level, np.uint8)) for number, level in enumerate(levels))


def wall(frame: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((9, 9), frame.image[0, 0, 0], np.uint8)


def test_the_frames_just_before_a_movement_are_measured_too() -> None:
    still_until_2_s = [*[50] * 20, *range(60, 160, 10), *[150] * 20]
    told = list(slots(frames(still_until_2_s), wall))
    assert [slot.time_s for slot in told] == [number / HZ for number in range(50)]
    assert [slot.time_s for slot in told if slot.still] == [number / HZ for number in (*range(6, 18), *range(35, 50))]


def test_nothing_is_kept_of_frames_that_are_not_measured() -> None:
    assert all((slot.image is None) == slot.still for slot in slots(frames([50] * 50), wall))


@given(
    levels=st.lists(st.sampled_from([50, 51, 60, 200]), max_size=300), expected=st.floats(0, 1000) | st.just(math.nan)
)
def test_pieces_hold_every_slot_once_and_begin_with_one_that_is_measured(levels: list[int], expected: float) -> None:
    parts: list[tuple[Piece, list[Slot]]] = []
    told = list(slots(frames(levels), wall))
    for slot, begun in cut(iter(told), expected):
        if begun is not None:
            parts.append((begun, []))
        parts[-1][1].append(slot)
    assert [slot for _, part in parts for slot in part] == told
    assert [slot.time_s for slot in told] == [number / HZ for number in range(len(levels))]
    before: list[float] = []
    for piece, part in parts:
        assert [frame.time_s for frame in piece.warm] == before[-WARM:]
        assert not part[0].still
        lengths = [slot.time_s for slot in part if not slot.still]
        assert len(lengths) <= LONGEST
        before += lengths
    for (_, part), _ in pairwise(parts):
        assert sum(not slot.still for slot in part) >= 0.75 * SHORTEST


def sizes(count: int, expected: float, longest: int = LONGEST) -> list[int]:
    """Of the pieces of a video in which all moves."""
    told = (Slot(float(number), IMAGE, still=False) for number in range(count))
    begins = [int(slot.time_s) for slot, begun in cut(told, expected, longest) if begun is not None]
    return [end - begin for begin, end in pairwise([*begins, count])]


@pytest.mark.parametrize("longest", [SHORTEST, 103, 231, LONGEST])
@pytest.mark.parametrize("count", [1, 47, 100, 215, 300, 400, 401, 664, 996, 1400, 6000])
def test_pieces_are_long_and_the_work_of_two_goes_up(count: int, longest: int) -> None:
    found = sizes(count, count, longest)
    assert max(found) <= longest
    assert found[0] <= (96 if count > 1.8 * longest else 0.54 * count + 48), "the second begins soon"
    assert len(found) <= 2 or count > 1.8 * longest, "a short video has one seam"
    assert len(found) <= 4 + 1.1 * count / longest
    loads = [0, 0]
    for size in found:  # whoever is free takes the next, and to begin one takes a while
        loads[loads.index(min(loads))] += size + 15
    if count > 2 * SHORTEST:
        assert max(loads) - min(loads) <= SHORTEST + 15


def test_pieces_of_a_video_that_does_not_tell_how_long_it_is() -> None:
    assert sizes(96 + 2 * LONGEST, math.nan) == [96, LONGEST, LONGEST]

"""What is a scene cut, and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from repcount.pose.scene import CutDetector
from repcount.types import Frame

Image = NDArray[np.uint8]


def room(seed: int, size: tuple[int, int] = (360, 640)) -> Image:
    """Large patches of different grey, as walls, floor and furniture are."""
    patches = np.random.default_rng(seed).integers(20, 230, (6, 9), dtype=np.uint8)
    grown = np.kron(patches, np.ones((size[0] // 6, size[1] // 9 + 1), np.uint8))[: size[0], : size[1]]
    return np.repeat(grown[..., None], 3, axis=2)


def noisy(image: Image, seed: int) -> Image:
    return np.clip(image + np.random.default_rng(seed).normal(0, 25, image.shape), 0, 255).astype(np.uint8)


def with_body(image: Image, at: int) -> Image:
    """Somebody who takes a sixth of the picture."""
    changed = image.copy()
    changed[200:320, at : at + 300] = 120
    return changed


HERE = room(1)


@pytest.mark.parametrize(
    ("after", "cut"),
    [
        (HERE, False),
        (noisy(HERE, 3), False),
        (with_body(HERE, 100), False),
        (np.roll(HERE, 12, axis=1), False),
        ((0.3 * HERE).astype(np.uint8), False),
        (np.zeros_like(HERE), False),
        (room(2), True),
        (np.ascontiguousarray(HERE[:, ::-1]), True),
        (noisy(room(2), 4), True),
        (room(2, (180, 320)), True),
    ],
    ids=["same", "noise", "body", "bump", "dark", "black", "another", "mirrored", "another, noisy", "another, smaller"],
)
def test_another_scene_is_a_cut_and_a_change_within_one_is_none(after: Image, cut: bool) -> None:
    detector = CutDetector()
    assert not detector.is_cut(Frame(0.0, HERE))
    assert detector.is_cut(Frame(0.1, after)) is cut


def test_black_frames_between_two_scenes_hide_no_cut() -> None:
    detector = CutDetector()
    images = [HERE, np.zeros_like(HERE), room(2)]
    assert [detector.is_cut(Frame(i / 10, image)) for i, image in enumerate(images)] == [False, False, True]


def test_tiny_images() -> None:
    detector = CutDetector()
    assert not any(detector.is_cut(Frame(i / 10, np.zeros((2, 2, 3), np.uint8))) for i in range(3))


def other_side(share: float) -> Image:
    """The same room with that share of it other than `HERE`: from a camera close by."""
    image = HERE.copy()
    image[: round(share * len(image))] = room(2)[: round(share * len(image))]
    return image


def cuts(images: list[Image]) -> list[int]:
    """The indices of the frames that begin another scene."""
    detector = CutDetector()
    return [i for i, image in enumerate(images) if detector.is_cut(Frame(i / 15, image))]


@pytest.mark.parametrize(("share", "found"), [(0.15, []), (0.35, [8])])
def test_what_changes_suddenly_in_a_large_part_of_a_calm_picture_is_a_cut(share: float, found: list[int]) -> None:
    images = [with_body(HERE, 100 + i) for i in range(8)] + [with_body(other_side(share), 100 + i) for i in range(8)]
    assert float(np.corrcoef(HERE.ravel(), other_side(0.35).ravel())[0, 1]) > 0.5
    assert cuts(images) == found


def test_a_camera_that_moves_all_the_time_makes_no_cut() -> None:
    assert cuts([np.roll(HERE, 12 * i, axis=1) for i in range(12)]) == []


def test_a_cross_fade_is_a_cut_where_it_begins_and_where_it_is_over() -> None:
    def faded(share: float) -> Image:
        return ((1 - share) * HERE + share * room(2)).astype(np.uint8)

    images = [HERE] * 4 + [faded(share) for share in (0.3, 0.5, 0.7)] + [room(2)] * 4
    assert cuts(images) == [4, 8]

"""Each rep gets the frame nearest to its top, cut to the person."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.sessions import counted, seen
from support.signals import Shape, made

from repcount.analysis import Analysis
from repcount.reports.thumbnails import RepThumbnails
from repcount.reports.traces import AngleTrace
from repcount.types import Frame


@cache
def session() -> tuple[Analysis, AngleTrace]:
    """A full, a partial and a fast rep, and one more."""
    shapes = (Shape(), Shape(top=50.0), Shape(raise_s=0.9, lower_s=1.0), Shape())
    return counted(seen(made(*shapes, rate_hz=15.0)))


def frames(rate_hz: float = 10.0, length_s: float = 30.0) -> Iterator[Frame]:
    """Frames whose red tells their time."""
    for i in range(int(rate_hz * length_s)):
        image = np.zeros((720, 1280, 3), np.uint8)
        image[..., 0] = min(i, 255)
        yield Frame(i / rate_hz, image)


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    image: NDArray[np.uint8] | None = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def test_each_rep_gets_the_frame_nearest_to_its_top() -> None:
    analysis, trace = session()
    thumbnails = RepThumbnails(analysis, trace)
    for frame in frames():
        thumbnails.add(frame)
        if thumbnails.done:
            break
    assert thumbnails.done
    assert sorted(thumbnails.jpegs) == [1, 2, 3, 4]
    for rep in analysis.reps:
        image = decoded(thumbnails.jpegs[rep.number])
        assert float(image[..., 2].mean()) == pytest.approx(10 * rep.top_s, abs=3)
        assert image.shape[1] == 240


def test_the_person_fills_them() -> None:
    """Hips at (640, 470), a trunk of 170 pixels: the frame is cut to 714 by 493."""
    thumbnails = RepThumbnails(*session())
    for frame in frames():
        thumbnails.add(frame)
    assert decoded(thumbnails.jpegs[1]).shape[:2] == (round(240 * 493 / 714), 240)


def test_a_video_that_ends_early_gives_its_last_frame() -> None:
    thumbnails = RepThumbnails(*session())
    for frame in frames(length_s=1.0):
        thumbnails.add(frame)
    thumbnails.finish()
    assert thumbnails.done
    assert len(thumbnails.jpegs) == 4


def test_without_a_place_the_whole_frame_is_shown() -> None:
    thumbnails = RepThumbnails(*counted(made(Shape(), rate_hz=15.0)))
    for frame in frames(length_s=10.0):
        thumbnails.add(frame)
    assert decoded(thumbnails.jpegs[1]).shape[:2] == (135, 240)

"""Dark and pale images get contrast, ordinary ones stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from repcount.pose import levels
from repcount.types import Frame


def ramp(low: int, high: int) -> Frame:
    """Levels from the one to the other, all equally often."""
    row = np.linspace(low, high, 320).round().astype(np.uint8)
    return Frame(1.5, np.broadcast_to(row[None, :, None], (180, 320, 3)).copy())


@pytest.mark.parametrize(("low", "high"), [(0, 40), (100, 140), (200, 250), (60, 200)], ids=str)
def test_little_contrast_is_spread_to_the_range_that_the_model_needs(low: int, high: int) -> None:
    wide = levels.spread(ramp(low, high))
    assert wide.time_s == 1.5
    assert int(np.ptp(wide.image)) == pytest.approx(150, abs=8)
    assert (np.diff(wide.image[0, :, 1].astype(int)) >= 0).all()


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 160), (90, 250)])
def test_ordinary_images_stay_as_they_are(low: int, high: int) -> None:
    frame = ramp(low, high)
    assert levels.spread(frame) is frame


def test_an_empty_image_stays_empty() -> None:
    frame = Frame(0.0, np.random.default_rng(1).integers(3, 9, (90, 160, 3)).astype(np.uint8))
    assert levels.spread(frame) is frame

"""Videos with known truth, through the real model: those that come along, and more where they are at hand."""

from __future__ import annotations

from typing import Any

import pytest
from support.programs import Benchmark

pytestmark = pytest.mark.slow


def figures(footage: dict[str, Benchmark], folder: str) -> dict[str, Any]:
    """What `benchmarks/accuracy.py` has found there."""
    if folder not in footage:
        pytest.skip(f"the clips of {folder} are not there, not asked for (REPCOUNT_CLIPS=1), or among others")
    found: dict[str, Any] = footage[folder].result()[0]["figures"]
    return found


def at_most(found: dict[str, Any], median_s: float, most_s: float) -> bool:
    """Whether start, top and end are within these seconds at the median and the 95th percentile.

    The bounds have some room: MediaPipe's numbers depend on the processor, and on another one the same clips gave
    0.04 s more at the 95th percentile of the start.
    """
    errors = [found[f"{name}_err_s"] for name in ("start", "top", "end")]
    return all(error[0] <= median_s and error[1] <= most_s for error in errors)


def test_samples(footage: dict[str, Benchmark]) -> None:
    found = figures(footage, "sample_videos")
    assert (found["leg_raise_clips"], found["exact"], found["failed"]) == (5, 5, 0)
    assert found["partials"] == [5, 5]
    # A raise of 2 s has moved by less than a degree after the first 0.2 s.
    assert at_most(found, 0.08, 0.25), found
    assert found["top_flexion_err_deg"][0] <= 6


def test_rendered(footage: dict[str, Benchmark]) -> None:
    found = figures(footage, "rendered")
    assert (found["leg_raise_clips"], found["exact"], found["failed"]) == (15, 15, 0)
    assert (found["partials"], found["false_any"]) == ([7, 7], 0)
    assert at_most(found, 0.05, 0.15), found
    assert found["top_flexion_err_deg"][0] <= 6


def test_real(footage: dict[str, Benchmark]) -> None:
    found = figures(footage, "clips")
    assert (found["leg_raise_clips"], found["exact"], found["failed"]) == (12, 12, 0)
    assert found["strict"] >= 6
    assert found["partials"][0] == found["partials"][1]
    assert (found["false_full"], found["false_any"] <= 2) == (0, True)
    # One rep of the twelve, whose legs hover before the next one, ends 0.27 s late.
    assert at_most(found, 0.09, 0.32), found

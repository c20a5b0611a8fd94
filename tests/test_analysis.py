"""What a result is warned about."""

from __future__ import annotations

from math import nan

import pytest

from repcount.analysis import AnalysisBuilder, Source
from repcount.config import Config
from repcount.types import Event, Phase, Rejection, RejectionReason, Sample, Update


@pytest.mark.parametrize(
    ("backwards", "hip_deg", "chest_deg", "expected"),
    [
        (16, 260.0, -80.0, ["upside_down"]),
        (15, 260.0, -80.0, []),  # a moment in which the model errs
        (16, 225.0, -80.0, []),  # somebody who lies on the front and raises the legs as far as they go
        (16, 260.0, 80.0, []),
        (16, 260.0, nan, []),
    ],
)
def test_legs_behind_the_back_stand_on_their_head(
    backwards: int, hip_deg: float, chest_deg: float, expected: list[str]
) -> None:
    """Of a hundred samples so many; the others lie straight."""
    builder = AnalysisBuilder()
    for number in range(100):
        lying = Sample(number / 15, 180.0, chest_deg=chest_deg, feet_visibility=1.0, view_deg=0.0, trunk_px=100.0)
        behind = Sample(number / 15, hip_deg, chest_deg=chest_deg, feet_visibility=1.0, view_deg=0.0, trunk_px=100.0)
        builder.write(Update(behind if number < backwards else lying, nan, Phase.UNKNOWN, ()))
    warnings = builder.result(Source("clip.mp4", 7.0, 640, 360), Config()).warnings
    assert [warning.code.value for warning in warnings] == expected


REFUSED = Rejection(1.0, 3.0, RejectionReason.ONE_LEG)


@pytest.mark.parametrize(
    ("raised", "hip_deg", "other_hip_deg", "events", "expected"),
    [
        (21, 175.0, 130.0, (), ["one_leg_alone"]),
        (20, 175.0, 130.0, (), []),  # landmarks that hop
        (21, 160.0, 100.0, (), []),
        (21, 175.0, 150.0, (), []),
        (21, 175.0, nan, (), []),
        (21, 175.0, 130.0, (REFUSED,), ["movements_rejected"]),
    ],
    ids=["alone", "seldom", "both move", "hardly", "unknown", "refused"],
)
def test_one_leg_that_moves_alone_may_be_somebody_elses(
    raised: int, hip_deg: float, other_hip_deg: float, events: tuple[Event, ...], expected: list[str]
) -> None:
    """The model puts it onto the legs of who raises them behind: a count of 0 without a word would be wrong and sure.

    Of a hundred samples so many; in the others both legs lie.
    """
    builder = AnalysisBuilder()
    for number in range(100):
        legs = (hip_deg, other_hip_deg) if number < raised else (180.0, 180.0)
        sample = Sample(number / 15, legs[0], other_hip_deg=legs[1], feet_visibility=1.0, view_deg=0.0, trunk_px=100.0)
        builder.write(Update(sample, nan, Phase.UNKNOWN, events if number == 99 else ()))
    warnings = builder.result(Source("clip.mp4", 7.0, 640, 360), Config()).warnings
    assert [warning.code.value for warning in warnings] == expected

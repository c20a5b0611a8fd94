"""Which samples can show the same body."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from repcount import Sample
from repcount.counting.identity import is_body_turned, is_part, is_same_body

ME = Sample(1.0, hip_x=640, hip_y=500, trunk_px=125, heading_deg=175, leg_trunks=1.6)


@pytest.mark.parametrize(
    ("name", "change", "same"),
    [
        ("a camera that is bumped", {"hip_x": 665}, True),
        ("legs that foreshorten the trunk", {"trunk_px": 110}, True),
        ("a head that is lifted", {"heading_deg": 150}, True),
        ("a bent knee that is measured short", {"leg_trunks": 1.3}, True),
        ("somebody who lies behind", {"hip_y": 452, "trunk_px": 90}, False),
        ("somebody at the feet", {"hip_x": 700}, False),
        ("a child beside", {"hip_x": 655, "trunk_px": 80}, False),
        ("a body of other limbs", {"leg_trunks": 0.9}, False),
        ("a mirrored shot", {"heading_deg": 5}, False),
        ("nobody", {"trunk_px": float("nan")}, True),
        ("limbs that are not known", {"leg_trunks": float("nan")}, True),
    ],
)
def test_a_moment_later(name: str, change: dict[str, Any], same: bool) -> None:
    assert is_same_body(ME, replace(ME, time_s=1.07, **change)) is same, name


@pytest.mark.parametrize(("after_s", "same"), [(0.1, False), (2.0, True)])
def test_what_was_out_of_sight_may_have_moved(after_s: float, same: bool) -> None:
    assert is_same_body(ME, replace(ME, time_s=1.0 + after_s, hip_x=640 + 60)) is same


def test_the_first_is_anybody() -> None:
    assert is_same_body(None, ME)


@pytest.mark.parametrize(
    ("change", "turned"),
    [({}, True), ({"leg_trunks": 0.9}, True), ({"hip_x": 720}, False), ({"heading_deg": 150}, False)],
)
def test_legs_of_a_body_seen_the_wrong_way_round_tell_nothing(change: dict[str, Any], turned: bool) -> None:
    """They are made up, and may be of any length."""
    assert is_body_turned(ME, replace(ME, **{"time_s": 1.07, "heading_deg": -5, **change})) is turned


@pytest.mark.parametrize(
    ("name", "change", "part"),
    [
        ("its head", {"hip_x": 480, "trunk_px": 31}, True),
        ("a foot", {"hip_x": 800, "trunk_px": 31}, True),
        ("a child beside", {"hip_x": 560, "trunk_px": 60}, False),
        ("a toy at the other end of the room", {"hip_x": 400, "trunk_px": 31}, False),
    ],
)
def test_a_part_of_a_body_is_taken_for_one(name: str, change: dict[str, Any], part: bool) -> None:
    assert is_part(replace(ME, **change), ME) is part, name
    assert not is_part(ME, replace(ME, **change))

"""Recorded landmarks of other exercises: not one rep in any of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from math import isnan
from pathlib import Path

import numpy as np
import pytest

import repcount
from repcount import Sample
from repcount.pose import angles as pose_angles
from repcount.types import Pose

FOLDER = Path(__file__).parent / "movements"
LANDMARKS = (7, 8, 11, 12, 15, 16, 23, 24, 25, 26, 27, 28)


def recorded(path: Path) -> Iterator[Sample]:
    side = ""
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            sample = pose_angles.compute_sample(float(row["time_s"]), pose(row), side)
            side = sample.side
            yield sample


def pose(row: dict[str, str]) -> Pose | None:
    if not row["px_x23"]:
        return None
    numbers = np.zeros((33, 6))
    for landmark in LANDMARKS:
        names = [f"{name}{landmark}" for name in ("px_x", "px_y", "m_x", "m_y", "m_z", "visibility")]
        numbers[landmark] = [float(row[name]) for name in names]
    return Pose(xy_px=numbers[:, :2], world_m=numbers[:, 2:5], visibility=numbers[:, 5])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_another_exercise_gives_no_rep_full_or_partial(path: Path) -> None:
    analysis = repcount.count(recorded(path))
    assert analysis.reps == ()
    assert analysis.tracked > 0.8


@pytest.mark.parametrize("name", ["crunch", "v_up", "bridge", "reverse_crunch", "hanging_leg_raise", "squat"])
def test_what_moves_like_a_leg_raise_was_seen_and_refused(name: str) -> None:
    """The hip angle sweeps by 35° and more, so that something had to refuse it."""
    angles = [sample.hip_deg for sample in recorded(FOLDER / f"{name}.csv") if not isnan(sample.hip_deg)]
    assert max(angles) - min(angles) > 35
    assert repcount.count(recorded(FOLDER / f"{name}.csv")).reps == ()

"""Landmarks are numbered as in the pose model."""

from __future__ import annotations

from itertools import pairwise

import pytest
from mediapipe.tasks.python.vision import PoseLandmarksConnections

from repcount.types import Landmark

CONNECTED = {frozenset((line.start, line.end)) for line in PoseLandmarksConnections.POSE_LANDMARKS}
"""Landmarks that MediaPipe joins by a line when it draws a body; it publishes no names."""


def test_every_landmark_of_the_model_has_a_name() -> None:
    assert set(Landmark) == set().union(*CONNECTED)


@pytest.mark.parametrize("side", ["LEFT", "RIGHT"])
@pytest.mark.parametrize(
    "limb",
    [
        ["SHOULDER", "ELBOW", "WRIST", "PINKY", "INDEX"],
        ["WRIST", "THUMB"],
        ["SHOULDER", "HIP", "KNEE", "ANKLE", "HEEL", "FOOT_INDEX"],
        ["EYE_INNER", "EYE", "EYE_OUTER", "EAR"],
    ],
    ids=lambda limb: "-".join(limb).lower(),
)
def test_landmarks_of_a_limb_are_connected_in_the_model(side: str, limb: list[str]) -> None:
    joints = [Landmark[f"{side}_{joint}"] for joint in limb]
    assert {frozenset(bone) for bone in pairwise(joints)} <= CONNECTED

"""Landmarks are numbered as in the pose model, and people are detected anew where that is asked for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mediapipe.tasks.python.vision import PoseLandmarksConnections
from support.programs import SAMPLES

from repcount.pose import angles
from repcount.pose.landmarker import Landmarker
from repcount.types import Frame, Landmark
from repcount.video import reader

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


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", [False, True])
def test_who_is_forgotten_is_found_the_right_way_round_in_a_mirrored_picture(model: Path, forgotten: bool) -> None:
    """MediaPipe alone goes on with a body that has its head where the feet are now."""
    with reader.open_video(SAMPLES / "21_as_described.mp4") as video:
        first = next(iter(video.frames(15.0)))
    mirrored = Frame(0.5, np.ascontiguousarray(first.image[:, ::-1]))
    with Landmarker(model) as landmarker:
        (before,) = landmarker.detect(first)
        if forgotten:
            landmarker.forget()
        (after,) = landmarker.detect(mirrored)
    headings = [angles.place(0.0, pose).heading_deg for pose in (before, after)]
    assert (abs(headings[1] - headings[0]) > 90) is forgotten

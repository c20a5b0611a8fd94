"""Landmarks are numbered as in the pose model, and people are detected anew where that is asked for."""

from __future__ import annotations

import ctypes
import re
import sys
from itertools import islice, pairwise
from pathlib import Path

import mediapipe
import numpy as np
import pytest
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.core.mediapipe_c_bindings import load_raw_library
from mediapipe.tasks.python.vision import (
    PoseLandmarker,
    PoseLandmarkerOptions,
    PoseLandmarksConnections,
    RunningMode,
)
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


@pytest.mark.parametrize("follow", [False, True])
def test_poses_are_those_that_mediapipe_tells_in_python(model: Path, follow: bool) -> None:
    with reader.open_video(SAMPLES / "21_as_described.mp4") as video:
        frames = list(islice(video.frames(5.0), 3))
        width, height = video.info.width, video.info.height
    options = PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)),
        running_mode=RunningMode.VIDEO if follow else RunningMode.IMAGE,
        min_pose_detection_confidence=0.3,
        min_pose_presence_confidence=0.3,
        min_tracking_confidence=0.3,
    )
    with Landmarker(model, follow=follow) as landmarker, PoseLandmarker.create_from_options(options) as told:
        for frame in frames:
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame.image)
            result = told.detect_for_video(image, round(frame.time_s * 1000)) if follow else told.detect(image)
            (pose,), (points,), (world,) = (
                landmarker.detect(frame),
                result.pose_landmarks,
                result.pose_world_landmarks,
            )
            assert pose.xy_px.tolist() == [[p.x * width, p.y * height] for p in points]
            assert pose.world_m.tolist() == [[p.x, p.y, p.z] for p in world]
            assert pose.visibility.tolist() == [p.visibility for p in points]


def test_types_that_another_thread_declares_meanwhile_disturb_no_call(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MediaPipe's own classes declare them with each image, and a call that has begun loses those that it had."""
    shared = load_raw_library()
    names = ("Create", "DetectForVideo", "CloseResult", "Close")
    for name in ("MpImageCreateFromUint8Data", "MpImageFree", *(f"MpPoseLandmarker{name}" for name in names)):
        monkeypatch.setattr(getattr(shared, name), "argtypes", [ctypes.py_object])
    with reader.open_video(SAMPLES / "21_as_described.mp4") as video, Landmarker(model) as landmarker:
        assert landmarker.detect(next(iter(video.frames(5.0))))
        declared = [getattr(shared, name).argtypes for name in ("MpImageCreateFromUint8Data", "MpImageFree")]
    assert declared == [[ctypes.py_object]] * 2


def test_what_mediapipe_refuses_is_raised(model: Path) -> None:
    with Landmarker(model) as landmarker:
        landmarker.detect(Frame(1.0, np.zeros((8, 8, 3), np.uint8)))
        landmarker._last_ms = -1
        with pytest.raises(ValueError, match="timestamp"):
            landmarker.detect(Frame(0.5, np.zeros((8, 8, 3), np.uint8)))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is in memory of each file")
def test_the_model_file_does_not_stay_in_memory(model: Path) -> None:
    with reader.open_video(SAMPLES / "21_as_described.mp4") as video, Landmarker(model) as landmarker:
        landmarker.detect(next(iter(video.frames(15.0))))
        mappings = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)
    of_model = [mapping for mapping in mappings if mapping.partition("\n")[0].endswith(str(model.resolve()))]
    resident_kb = [
        int(found.group(1)) for mapping in of_model if (found := re.search(r"^Rss: +(\d+) kB", mapping, re.M))
    ]
    assert resident_kb
    assert sum(resident_kb) * 1024 < model.stat().st_size / 2  # what is read again comes back in blocks of up to 2 MB


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

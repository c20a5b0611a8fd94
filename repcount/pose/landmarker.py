"""MediaPipe's PoseLandmarker: frames in, poses out. The only module that runs MediaPipe."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from repcount.errors import ModelError
from repcount.libraries import library_error
from repcount.types import Frame, Pose

try:
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision
except (ImportError, OSError) as error:
    raise library_error("mediapipe", error) from error

_KEEP = 0.3
"""Detection and tracking confidence, below MediaPipe's 0.5: someone who lies with the face half hidden scores
low, and a lock that is lost is worse than one that is unsure. A choice."""


class Landmarker:
    """Finds people in the frames of one video, in order. A context manager."""

    def __init__(self, model: Path, people: int = 1) -> None:
        """Load the `.task` bundle at `model`. Raises ModelError when MediaPipe refuses it.

        `people` is how many are looked for at most. For one, MediaPipe follows whom it has found; for more
        it searches every frame for the missing ones, which takes 1.6 times as long.
        """
        options = vision.PoseLandmarkerOptions(
            base_options=_asset(model),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=people,
            min_pose_detection_confidence=_KEEP,
            min_pose_presence_confidence=_KEEP,
            min_tracking_confidence=_KEEP,
        )
        self._last_ms = -1
        try:
            with _quiet:
                self._landmarker = vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"MediaPipe refuses the pose model {model}: {_first_line(error)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _quiet:
            self._landmarker.close()
        _give_back()

    def detect(self, frame: Frame) -> list[Pose]:
        """The people in `frame`. The times of the frames have to rise."""
        # VIDEO mode wants strictly rising whole milliseconds; two frames may round to the same one.
        first = self._last_ms < 0
        self._last_ms = max(round(frame.time_s * 1000), self._last_ms + 1)
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame.image)
        with _quiet if first else contextlib.nullcontext():
            result = self._landmarker.detect_for_video(image, self._last_ms)
        height, width = frame.image.shape[:2]
        found = zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
        return [_pose(landmarks, world, width, height) for landmarks, world in found]


def _pose(landmarks: Any, world: Any, width: int, height: int) -> Pose:
    """MediaPipe's 0-1 coordinates are stretched differently along x and y: pixels before any angle."""
    return Pose(
        xy_px=np.array([(p.x * width, p.y * height) for p in landmarks], dtype=np.float64),
        world_m=np.array([(p.x, p.y, p.z) for p in world], dtype=np.float64),
        visibility=np.array([p.visibility for p in landmarks], dtype=np.float64),
    )


def _asset(model: Path) -> Any:
    """By its name a model is there in three quarters of the time; not every system has names beyond ASCII right."""
    try:
        with model.open("rb") as file:
            if str(model.absolute()).isascii():
                return BaseOptions(model_asset_path=str(model.absolute()))
            return BaseOptions(model_asset_buffer=file.read())
    except OSError as error:
        raise ModelError(f"cannot read the pose model {model}: {error.strerror}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _give_back() -> None:
    """Have the C library give back what it no longer uses.

    MediaPipe starts threads for each landmarker; glibc keeps what they used, 7 MB more with each landmarker of the
    hundreds that a long video takes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


class _Quiet:
    """Keeps the native log lines that MediaPipe writes while it starts off the user's terminal.

    The whole process writes to one standard error: it is diverted while any thread is in here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = -1

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                sys.stderr.flush()
                self._saved = os.dup(2)
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, 2)
                os.close(sink)
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                os.dup2(self._saved, 2)
                os.close(self._saved)


_quiet = _Quiet()

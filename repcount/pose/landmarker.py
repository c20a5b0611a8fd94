"""Pose estimation with MediaPipe's PoseLandmarker: frames in, poses out. The only module that runs MediaPipe."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from repcount.errors import ModelError, lacks_memory
from repcount.libraries import check_room, library_error
from repcount.types import Frame, Pose

try:
    import mediapipe
    import numpy as np
    from mediapipe.tasks.python import BaseOptions, vision
    from mediapipe.tasks.python.components.containers.landmark_c import LandmarkC
    from mediapipe.tasks.python.core.mediapipe_c_bindings import load_raw_library
    from mediapipe.tasks.python.core.mediapipe_c_utils import handle_status
    from mediapipe.tasks.python.vision.pose_landmarker import PoseLandmarkerOptionsC, PoseLandmarkerResultC
except Exception as error:  # what an incomplete package raises depends on the files that are missing
    raise library_error("mediapipe", error) from error

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NOTHING = np.zeros((8, 8, 3), np.uint8)
"""A picture of nobody."""

_VISIBILITY = LandmarkC.visibility.offset // 4
"""Which of the numbers of a landmark that is."""

_MIN_CONFIDENCE = 0.3
"""Of detection, presence and tracking, below MediaPipe's 0.5. Heuristic: somebody who lies with the face half hidden
scores low, and losing the person is worse than following with doubt."""

_ROOM_BYTES = 1 << 30
"""Address space that there has to be for MediaPipe. With two cores a session takes 720 MB (measured), most of it
reserved for the heaps of threads; with less than this it was sometimes ended by the C library, without an error."""

_THREADS = (os.cpu_count() or 1) + 6
"""Threads that it starts for a session: six with two cores (measured)."""


class Landmarker:
    """Detects people in the frames of one video, in order. A context manager."""

    def __init__(self, model: Path, people: int = 1, *, follow: bool = True) -> None:
        """Load the `.task` bundle at `model`. Raises ModelError if MediaPipe refuses it.

        `people` is the most that are detected. MediaPipe follows one person from frame to frame; for more it searches
        every frame for the missing ones, which takes 1.6 times as long. Without `follow` it searches every frame and
        knows nothing of the one before.
        """
        base_options = _base_options(model)
        options = PoseLandmarkerOptionsC(
            base_options=base_options.to_ctypes(),
            running_mode=(vision.RunningMode.VIDEO if follow else vision.RunningMode.IMAGE).ctype,
            num_poses=people,
            min_pose_detection_confidence=_MIN_CONFIDENCE,
            min_pose_presence_confidence=_MIN_CONFIDENCE,
            min_tracking_confidence=_MIN_CONFIDENCE,
        )
        self._follow = follow
        self._last_ms = -1
        _check_room()
        self._handle = ctypes.c_void_p()
        try:
            with _quiet_stderr:
                self._library = _library()
                _call(self._library.MpPoseLandmarkerCreate, ctypes.byref(options), ctypes.byref(self._handle))
        except (OSError, AttributeError) as error:  # MediaPipe opens its own library only now
            raise library_error("mediapipe", error) from error
        except (RuntimeError, ValueError) as error:
            if lacks_memory(error):
                raise library_error("mediapipe", error) from error
            raise ModelError(f"MediaPipe refuses the pose model {model}: {_first_line(error)}") from error
        _drop_file_pages(model)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model."""
        with _quiet_stderr:
            _call(self._library.MpPoseLandmarkerClose, self._handle)
        _trim_heap()

    def forget(self) -> None:
        """Detect people anew in the next frame, wherever they were in the one before: MediaPipe goes on looking where
        somebody was, and takes whoever lies there for that person, even the wrong way round.
        """
        if self._follow and self._last_ms >= 0:
            self.detect(Frame((self._last_ms + 1) / 1000, _NOTHING))

    def detect(self, frame: Frame) -> list[Pose]:
        """The people in `frame`. Frame times must rise. Any thread may call this, but one at a time."""
        # VIDEO mode requires strictly rising whole milliseconds; two frames may round to the same one.
        first = self._last_ms < 0
        self._last_ms = max(round(frame.time_s * 1000), self._last_ms + 1)
        library, result = self._library, PoseLandmarkerResultC()
        detect = library.MpPoseLandmarkerDetectForVideo if self._follow else library.MpPoseLandmarkerDetectImage
        time_ms = [ctypes.c_int64(self._last_ms)] if self._follow else []
        with _quiet_stderr if first else contextlib.nullcontext(), _native_image(library, frame.image) as image:
            _call(detect, self._handle, image, None, *time_ms, ctypes.byref(result))
        try:
            height, width = frame.image.shape[:2]
            people = range(result.pose_landmarks_count)
            return [_pose(result.pose_landmarks[i], result.pose_world_landmarks[i], width, height) for i in people]
        finally:
            library.MpPoseLandmarkerCloseResult(ctypes.byref(result))


@cache
def _library() -> ctypes.CDLL:
    """MediaPipe's C library, as an object of our own whose functions have no declared types. Raises OSError.

    MediaPipe's classes in Python declare the types anew for each image and each landmarker. A call that another thread
    is in the middle of loses them if Python collects garbage just then, and ends with "argument 2: TypeError:
    'NoneType' object is not callable". They also hand each call to another thread and back, and make 66 objects of each
    person: 0.5 ms of the 8 that a frame takes; measured on a set of 66 s, in turns: medians of five runs 4.52 s with
    `detect_for_video`, 4.29 s with the C functions.
    """
    theirs = load_raw_library()
    return ctypes.CDLL(theirs._name, handle=theirs._handle)


def _call(function: Any, *arguments: Any) -> None:
    """Call a C function that returns a status. Raises ValueError or RuntimeError with what it complains of."""
    complaint = ctypes.c_char_p()
    handle_status(function(*arguments, ctypes.byref(complaint)), complaint)


@contextlib.contextmanager
def _native_image(library: ctypes.CDLL, rgb: NDArray[np.uint8]) -> Iterator[ctypes.c_void_p]:
    """MediaPipe's copy of an image, (height, width, 3)."""
    image, rgb = ctypes.c_void_p(), np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    pixels, kind = rgb.ctypes.data_as(ctypes.c_void_p), int(mediapipe.ImageFormat.SRGB)
    # 0.10.30 has no place for a complaint here, and leaves that argument alone.
    _call(library.MpImageCreateFromUint8Data, kind, width, height, pixels, rgb.size, ctypes.byref(image))
    try:
        yield image
    finally:
        library.MpImageFree(image)


@cache
def _check_room() -> None:
    """Raise LibraryError unless there is room for all that is to come: without it MediaPipe aborts, or hangs.

    That is looked at once, so that nobody has to stop in the middle who might have got on with less.
    """
    check_room("mediapipe", _THREADS, _ROOM_BYTES)


def _pose(landmarks: Any, world_landmarks: Any, width: int, height: int) -> Pose:
    """Pose in pixels: MediaPipe's 0 to 1 coordinates are scaled differently along x and y, which distorts angles."""
    picture, world = _numbers(landmarks), _numbers(world_landmarks)
    xy_px = picture[:, :2].astype(np.float64)
    xy_px *= width, height
    return Pose(xy_px, world[:, :3].astype(np.float64), picture[:, _VISIBILITY].astype(np.float64))


def _numbers(landmarks: Any) -> NDArray[np.float32]:
    """A copy of a C array of landmarks, (number, fields): x, y and z are the first three."""
    count = landmarks.landmarks_count
    content = ctypes.string_at(landmarks.landmarks, count * ctypes.sizeof(LandmarkC))
    return np.frombuffer(content, np.float32).reshape(count, -1)


def _base_options(model: Path) -> Any:
    """Loading by path takes three quarters of the time; paths beyond ASCII do not work on every system."""
    try:
        with model.open("rb") as file:
            if str(model.absolute()).isascii():
                return BaseOptions(model_asset_path=str(model.absolute()))
            return BaseOptions(model_asset_buffer=file.read())
    except OSError as error:
        raise ModelError(f"cannot read the pose model {model}: {error.strerror}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _trim_heap() -> None:
    """Have glibc return unused memory to the system.

    MediaPipe starts threads for each landmarker, and glibc keeps the memory that they used: 7 MB more with each of the
    hundreds of landmarkers that a long video takes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _drop_file_pages(model: Path) -> None:
    """Have Linux take back the pages of the model file, which MediaPipe maps once for each landmarker.

    It has made weights of its own from them and hardly reads them again: 9 MB of each. What is read again comes from
    the file. Measured on a set of 66 s, in turns, six runs each: 376-382 MB at most instead of 392-404, as fast.
    """
    if sys.platform != "linux":
        return
    madvise, name = ctypes.CDLL(None).madvise, str(model.resolve())
    with contextlib.suppress(OSError), Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as maps:
        for line in maps:
            addresses, access, *_, mapped = line.rstrip("\n").split(maxsplit=5)
            if mapped == name and access.startswith("r--"):  # nothing is written there, so nothing can be lost
                start, end = (int(address, 16) for address in addresses.split("-"))
                madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)


class _QuietStderr:
    """Suppresses the native log lines that MediaPipe writes to stderr while it starts and stops. A context manager.

    The whole process has one stderr: it is redirected while any thread is inside.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads_inside = 0
        self._saved = -1

    def __enter__(self) -> None:
        with self._lock:
            if self._threads_inside == 0:
                sys.stderr.flush()
                self._saved = os.dup(2)
                devnull = os.open(os.devnull, os.O_WRONLY)
                os.dup2(devnull, 2)
                os.close(devnull)
            self._threads_inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._threads_inside -= 1
            if self._threads_inside == 0:
                os.dup2(self._saved, 2)
                os.close(self._saved)


_quiet_stderr = _QuietStderr()

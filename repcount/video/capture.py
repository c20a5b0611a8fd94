"""Opens cameras and streams through OpenCV, and reads frames from them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from repcount.video import diagnostics
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault
from repcount.video.opencv import cv2, prepare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OPEN_MS: Final = 5000
_READ_MS: Final = 3000
"""Longest waits for a stream; without them it is 30 s each. Measured: kept to within 50 ms for HTTP, RTSP and
UDP with a silent server, a server that stops, and nobody there."""

_LEAST_HZ: Final = 15.0
"""Rate below which a smaller picture is tried: uncompressed 1280x720 fits through USB 2 ten times a second, 640x480
thirty times."""

_SMALL: Final = (640, 480)

_LEAST_PX: Final = 32
"""Pictures smaller than this are damage: drivers give empty ones while they start or are unplugged. A choice."""

BACKENDS: Final = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_DSHOW}
"""On Windows DirectShow: Media Foundation takes 10 s to minutes to open some cameras, the more so when a size is
asked for (opencv/opencv issues 17687, 26495, 27917)."""


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def grab(self) -> bool:
        """Wait for the next picture; False where none comes."""

    def retrieve(self) -> tuple[bool, Any]:
        """Decode it."""

    def release(self) -> None:
        """Close."""


Opener = Callable[[], Capture | CameraFault]
"""Opens the source, again and again after interruptions, or says what is wrong. Takes seconds at most."""


def open_device(index: int, size_px: tuple[int, int]) -> Opener:
    """Opens camera `index` with pictures of about `size_px`, width and height."""
    worked = False

    def open_it() -> Capture | CameraFault:
        nonlocal worked
        prepare()
        capture = cv2.VideoCapture(index, BACKENDS.get(sys.platform, cv2.CAP_ANY))
        if not capture.isOpened():
            capture.release()
            return diagnostics.of_device(index, worked=worked)
        configure(capture, size_px)
        worked = True
        return capture

    return open_it


def configure(capture: Any, size_px: tuple[int, int]) -> None:
    """Ask a camera for compressed pictures, size and rate; where that makes it slow, for a smaller picture."""
    # The order matters: sizes and rates are those of the format that is set. A camera without MJPG keeps its own.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    _ask(capture, size_px)
    if 0 < capture.get(cv2.CAP_PROP_FPS) < _LEAST_HZ:
        _ask(capture, _SMALL)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def _ask(capture: Any, size_px: tuple[int, int]) -> None:
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
    capture.set(cv2.CAP_PROP_FPS, 30)


def open_stream(url: str) -> Opener:
    """Opens the stream at `url`."""
    # One thread: decoding with several holds back a frame for each, which is 0.2 s on eight cores.
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
    parameters = [*limits, cv2.CAP_PROP_N_THREADS, 1]

    def open_it() -> Capture | CameraFault:
        prepare()
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, parameters)
        if capture.isOpened():
            return capture
        capture.release()
        return diagnostics.diagnose_stream(url)

    return open_it


def read(capture: Capture) -> tuple[NDArray[np.uint8] | None, float]:
    """The next picture, blue-green-red, and when it was seen by the clock; None where none or a damaged one came."""
    image = None
    seen_s = 0.0
    try:
        grabbed = capture.grab()
        seen_s = clock_s()
        if grabbed:
            image = capture.retrieve()[1]
    except cv2.error:  # OpenCV says so of some damaged pictures
        image = None
    usable = image is not None and image.ndim == 3 and min(image.shape[:2]) >= _LEAST_PX
    return image if usable else None, seen_s or clock_s()


def rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same picture in red-green-blue."""
    converted: NDArray[np.uint8] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return converted

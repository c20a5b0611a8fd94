"""OpenCV captures of cameras: opening, configuring and reading them."""

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

_LEAST_HZ: Final = 15.0
"""Frame rate below which a smaller frame is tried: uncompressed 1280x720 fits through USB 2 ten times a second, 640x480
thirty times."""

_SMALL: Final = (640, 480)

_LEAST_PX: Final = 32
"""Frames smaller than this are damaged: drivers return empty ones while a camera starts or is unplugged. Heuristic."""

BACKENDS: Final = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_DSHOW}
"""DirectShow on Windows, because Media Foundation takes 10 s to minutes to open some cameras, more so when a size is
requested (opencv/opencv issues 17687, 26495, 27917)."""


class Capture(Protocol):
    """The part of `cv2.VideoCapture` in use, which streams have as well."""

    def grab(self) -> bool:
        """Wait for the next frame; False if none arrives."""

    def retrieve(self) -> tuple[bool, Any]:
        """Decode the frame grabbed."""

    def release(self) -> None:
        """Close the source."""


Opener = Callable[[], Capture | CameraFault]
"""Opens the source, also after an interruption, or returns why it cannot. Takes seconds at most."""


def open_device(index: int, size_px: tuple[int, int]) -> Opener:
    """Opener of camera `index` with frames of about `size_px` (width, height)."""
    worked = False

    def opener() -> Capture | CameraFault:
        nonlocal worked
        prepare()
        capture = cv2.VideoCapture(index, BACKENDS.get(sys.platform, cv2.CAP_ANY))
        if not capture.isOpened():
            capture.release()
            return diagnostics.diagnose_device(index, worked=worked)
        configure(capture, size_px)
        worked = True
        return capture

    return opener


def configure(capture: Any, size_px: tuple[int, int]) -> None:
    """Request compressed frames, a size and a frame rate; a smaller size if the camera is slow at this one."""
    # The order matters: sizes and rates are those of the current format. A camera without MJPG keeps its own.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    _request_size(capture, size_px)
    if 0 < capture.get(cv2.CAP_PROP_FPS) < _LEAST_HZ:
        _request_size(capture, _SMALL)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def _request_size(capture: Any, size_px: tuple[int, int]) -> None:
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
    capture.set(cv2.CAP_PROP_FPS, 30)


def read(capture: Capture) -> tuple[NDArray[np.uint8] | None, float]:
    """The next frame, (height, width, 3) BGR, and the clock time at which it was grabbed.

    The image is None if no frame arrived or a damaged one did.
    """
    image = None
    seen_s = 0.0
    try:
        grabbed = capture.grab()
        seen_s = clock_s()
        if grabbed:
            image = capture.retrieve()[1]
    except cv2.error:  # raised for some damaged frames
        image = None
    usable = image is not None and image.ndim == 3 and min(image.shape[:2]) >= _LEAST_PX
    return image if usable else None, seen_s or clock_s()


def to_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert a BGR image to RGB."""
    converted: NDArray[np.uint8] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return converted

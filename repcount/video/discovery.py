"""Cameras of this computer, with the frame sizes and rates they deliver."""

from __future__ import annotations

import errno
import os
import struct
import sys
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Final

from repcount.errors import CameraError
from repcount.types import Frame
from repcount.video.camera import open_camera
from repcount.video.capture_loop import SLOW_HZ
from repcount.video.clock import clock_s

_MEASURED_S: Final = 1.5
"""How long the frame rate is measured. Heuristic: 15 frames of a camera at 10 frames per second."""

_TRIED: Final = 5
_MISSES: Final = 2
"""Where the system lists no cameras: the numbers below the first are tried until that many in a row fail."""

_VIDIOC_QUERYCAP: Final = 0x80685600
_V4L2_CAPABILITY: Final = struct.Struct("84xII12x")
_VIDEO_CAPTURE: Final = 1
"""Linux: the ioctl, where its result holds the capabilities of the device and those of this node, and the flag of one
that captures video. A webcam has a second node that does not."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera of this computer."""

    index: int
    name: str
    width: int = 0
    height: int = 0
    rate_hz: float = nan
    """Frames per second as measured; NaN if it delivers none."""
    note: str = ""
    """What is wrong and what to try, for people."""

    @property
    def works(self) -> bool:
        """Whether it delivers frames."""
        return not isnan(self.rate_hz)

    @property
    def text(self) -> str:
        """What it delivers, or why nothing, for people."""
        return str(VideoMode(self.width, self.height, self.rate_hz)) if self.works else self.note


@dataclass(frozen=True, slots=True)
class VideoMode:
    """Frame size in pixels and frame rate of a camera or stream."""

    width: int
    height: int
    rate_hz: float
    caution: str = ""
    """What people should know before they use it; empty if nothing."""

    def __str__(self) -> str:
        text = f"{self.width} x {self.height}, {self.rate_hz:.0f} frames a second"
        return f"{text} ({self.note})" if self.note else text

    @property
    def note(self) -> str:
        """What is wrong and what to try, for people; empty if nothing."""
        slow = "slow: more light helps, or a smaller picture" if self.rate_hz < SLOW_HZ else ""
        return "; ".join(filter(None, [slow, self.caution]))


def measure(source: str, *, insecure: bool = False) -> VideoMode:
    """Open a camera, stream or file for 1.5 s and measure what it delivers. Raises CameraError.

    `insecure`: an encrypted stream is read whatever its certificate.
    """
    with open_camera(source, busy_s=0, insecure=insecure) as camera:
        until_s = clock_s() + _MEASURED_S
        frames = 0
        while not camera.ended and clock_s() < until_s:
            frames += isinstance(camera.next(0.25), Frame)
        if frames < 2:
            raise CameraError(f"{camera.source} gives no picture")
        return VideoMode(camera.width, camera.height, camera.rate_hz, camera.caution)


def find_cameras() -> list[CameraInfo]:
    """The cameras of this computer, each opened for a moment to see what it delivers."""
    if sys.platform == "linux":
        return [_probe(index, name) for index, name in linux_cameras()]
    cameras: list[CameraInfo] = []
    misses = 0
    for index in range(_TRIED):
        camera = _probe(index, f"camera {index}")
        misses = 0 if camera.works else misses + 1
        if misses == _MISSES:
            break
        cameras.append(camera)
    return [camera for camera in cameras if camera.works]


def _probe(index: int, name: str) -> CameraInfo:
    try:
        mode = measure(str(index))
    except CameraError as error:
        return CameraInfo(index, name, note=str(error))
    return CameraInfo(index, name, mode.width, mode.height, mode.rate_hz, mode.note)


def linux_cameras(system: Path = Path("/sys/class/video4linux"), dev: Path = Path("/dev")) -> list[tuple[int, str]]:
    """Numbers and names of the devices that, by Linux, capture video, in order."""
    numbers = sorted(int(path.name[5:]) for path in system.glob("video*") if path.name[5:].isdecimal())
    return [(n, _name(system / f"video{n}")) for n in numbers if _captures_video(dev / f"video{n}")]


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return folder.name


def _captures_video(device: Path) -> bool:
    """Whether a device captures video. True if it cannot be opened, so that it is listed with the reason."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return error.errno != errno.ENOENT
    try:
        _, capabilities = _V4L2_CAPABILITY.unpack(fcntl.ioctl(handle, _VIDIOC_QUERYCAP, bytes(_V4L2_CAPABILITY.size)))
    except OSError:
        return False
    finally:
        os.close(handle)
    return bool(capabilities & _VIDEO_CAPTURE)

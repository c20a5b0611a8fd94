"""Which cameras this computer has, and which sizes and frame rates they deliver."""

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
"""How long the rate is measured: 15 frames of a slow camera. A choice."""

_TRIED: Final = 5
_MISSES: Final = 2
"""Where the system does not list cameras, the first so many numbers are tried until so many in a row are none."""

_QUERY: Final = 0x80685600
_ANSWER: Final = struct.Struct("84xII12x")
_CAPTURES: Final = 1
"""Linux: VIDIOC_QUERYCAP, where its answer has the abilities of the device and of this node, and the one wanted.
A webcam has a second node that gives no pictures."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera of this computer."""

    index: int
    name: str
    width: int = 0
    height: int = 0
    rate_hz: float = nan
    """Measured; NaN where it gives no picture."""
    note: str = ""
    """What is wrong with it and what to try."""

    @property
    def works(self) -> bool:
        """Whether it gives pictures."""
        return not isnan(self.rate_hz)

    @property
    def text(self) -> str:
        """What it gives, or why nothing."""
        return str(MeasuredPicture(self.width, self.height, self.rate_hz)) if self.works else self.note


@dataclass(frozen=True, slots=True)
class MeasuredPicture:
    """What a camera or stream gives."""

    width: int
    height: int
    rate_hz: float

    def __str__(self) -> str:
        what = f"{self.width} x {self.height}, {self.rate_hz:.0f} frames a second"
        return f"{what} ({self.note})" if self.note else what

    @property
    def note(self) -> str:
        """What to do about it; empty where all is well."""
        return "slow: more light helps, or a smaller picture" if self.rate_hz < SLOW_HZ else ""


def measure(source: str) -> MeasuredPicture:
    """Look at a camera, stream or file for a moment. Raises CameraError."""
    with open_camera(source, busy_s=0) as eye:
        until_s = clock_s() + _MEASURED_S
        frames = 0
        while not eye.ended and clock_s() < until_s:
            frames += isinstance(eye.next(0.25), Frame)
        if frames < 2:
            raise CameraError(f"{eye.source} gives no picture")
        return MeasuredPicture(eye.width, eye.height, eye.rate_hz)


def find_cameras() -> list[CameraInfo]:
    """The cameras of this computer, each opened for a moment."""
    if sys.platform == "linux":
        return [_look(index, name) for index, name in listed()]
    cameras: list[CameraInfo] = []
    misses = 0
    for index in range(_TRIED):
        seen = _look(index, f"camera {index}")
        misses = 0 if seen.works else misses + 1
        if misses == _MISSES:
            break
        cameras.append(seen)
    return [seen for seen in cameras if seen.works]


def _look(index: int, name: str) -> CameraInfo:
    try:
        seen = measure(str(index))
    except CameraError as error:
        return CameraInfo(index, name, note=str(error))
    return CameraInfo(index, name, seen.width, seen.height, seen.rate_hz, seen.note)


def listed(system: Path = Path("/sys/class/video4linux"), dev: Path = Path("/dev")) -> list[tuple[int, str]]:
    """Numbers and names of the cameras that Linux knows and that give pictures."""
    numbers = sorted(int(path.name[5:]) for path in system.glob("video*") if path.name[5:].isdecimal())
    return [(n, _name(system / f"video{n}")) for n in numbers if _captures(dev / f"video{n}")]


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return folder.name


def _captures(device: Path) -> bool:
    """Whether a device gives pictures; one that may not be asked is listed, so that the reason is told."""
    import fcntl

    try:
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return error.errno != errno.ENOENT
    try:
        _, abilities = _ANSWER.unpack(fcntl.ioctl(handle, _QUERY, bytes(_ANSWER.size)))
    except OSError:
        return False
    finally:
        os.close(handle)
    return bool(abilities & _CAPTURES)

"""Recorded files read by OpenCV, which is the first choice for what it reads rightly; see `repcount.video.probe`.

It also reads animated WebP, for which FFmpeg has no reader.
"""

from __future__ import annotations

import itertools
import os
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repcount.errors import VideoError
from repcount.video.decoder import downscale
from repcount.video.opencv import cv2, native_path, prepare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAX_ANIMATION_BYTES = 1_000_000_000
"""Most memory for the pictures of an animation, which OpenCV decodes all at once: a minute of 640 by 360."""

_DECODED_SHARE = 0.9
"""A file of which less is decoded than it holds is damaged. Heuristic: a few frames may be lost where joined streams
begin."""


class OpenCvDecoder:
    """Decodes with `cv2.VideoCapture`. See `repcount.video.decoder.Decoder`."""

    last_frame_s = nan
    chosen: bool | None = None
    spoiled = 0.0  # it ends at the first
    read_until = -1

    def __init__(self, path: Path, threads: int, packets: int) -> None:
        """Open `path` and decode its first frame; `threads` is 0 for as many as FFmpeg likes.

        `packets` is how many frames the file holds, by its container. Raises VideoError.
        """
        prepare()
        parameters = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
        # The absolute path keeps a name such as "clip%03d.png" or "-" from being taken for something else.
        self._capture = cv2.VideoCapture(_native_path(path), cv2.CAP_FFMPEG, parameters)
        self._image: Any = None
        self._packets, self._grabbed = packets, 0
        first = self._retrieve() if self._capture.grab() else None
        if first is None:
            self._capture.release()
            raise VideoError(f"{path} holds no picture that OpenCV can decode")
        self.height, self.width = first.shape[:2]
        self.rate_hz = self._capture.get(cv2.CAP_PROP_FPS)

    def thin(self, rate_hz: float, from_s: float = 0.0) -> None:
        """OpenCV decodes all."""

    def grab(self) -> float | None:
        """See Decoder."""
        if self._grabbed and not self._capture.grab():
            return None
        self._grabbed += 1
        # Read the position only now: before the grab it is that of the frame before.
        position_s: float = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return position_s

    def picture(self, shrink: int) -> NDArray[np.uint8] | None:
        """See Decoder."""
        image = self._image if self._grabbed == 1 else self._retrieve()
        if image is None:
            return None
        rgb: NDArray[np.uint8] = cv2.cvtColor(downscale(image, shrink), cv2.COLOR_BGR2RGB)
        return rgb

    def _retrieve(self) -> Any:
        """The frame just grabbed, or None. Decoding into the frame before saves half of the time."""
        try:
            ok, self._image = self._capture.retrieve(self._image)
        except cv2.error:  # such as a frame too large for the memory
            return None
        return self._image if ok else None

    def damaged(self) -> bool:
        """See Decoder."""
        return self._grabbed < _DECODED_SHARE * self._packets

    def ended_early(self) -> bool:
        """Whether there are more frames in the file: OpenCV ends at the first one that is damaged."""
        return self._grabbed < self._packets

    def close(self) -> None:
        """See Decoder."""
        self._capture.release()


def _native_path(path: Path) -> str:
    name = native_path(path)
    if name is None:
        raise VideoError(f"the name {path} is not UTF-8, and OpenCV takes no other; rename the file")
    return name


class AnimationDecoder:
    """Decodes an animated WebP. See `repcount.video.decoder.Decoder`."""

    rate_hz = nan
    chosen: bool | None = None
    spoiled = 0.0
    read_until = -1

    def __init__(self, path: Path) -> None:
        """Decode all of `path`. Raises VideoError."""
        if (needed := _animation_bytes(path)) > _MAX_ANIMATION_BYTES:
            raise VideoError(f"{path} is an animation that takes {needed / 1e9:.0f} GB of memory; convert it to mp4")
        prepare()
        ok, animation = cv2.imreadanimation(_native_path(path))
        if not ok or not len(animation.frames):
            raise VideoError(f"{path} holds no picture that can be decoded. Is it complete?")
        self._images = animation.frames
        self._ends_s = [0.0, *itertools.accumulate(int(duration) / 1000 for duration in animation.durations)]
        self._grabbed = 0
        self.height, self.width = self._images[0].shape[:2]
        self.last_frame_s = self._ends_s[-1] - self._ends_s[-2]

    def thin(self, rate_hz: float, from_s: float = 0.0) -> None:
        """All pictures are decoded already."""

    def grab(self) -> float | None:
        """See Decoder."""
        if self._grabbed == len(self._images):
            return None
        self._grabbed += 1
        return self._ends_s[self._grabbed - 1]

    def picture(self, shrink: int) -> NDArray[np.uint8] | None:
        """See Decoder."""
        rgb: NDArray[np.uint8] = cv2.cvtColor(downscale(self._images[self._grabbed - 1], shrink), cv2.COLOR_BGRA2RGB)
        return rgb

    def damaged(self) -> bool:
        """See Decoder."""
        return False

    def close(self) -> None:
        """See Decoder."""
        self._images = ()


def _animation_bytes(path: Path) -> int:
    """Memory that the pictures of an animated WebP take. RFC 9649, 2.7: the canvas, and a chunk for each picture."""
    pictures = width = height = 0
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[4:], "little")
            length += length % 2
            if head[:4] == b"VP8X":
                canvas = file.read(length)
                width, height = (1 + int.from_bytes(canvas[at : at + 3], "little") for at in (4, 7))
            else:
                pictures += head[:4] == b"ANMF"
                file.seek(length, os.SEEK_CUR)
    return 4 * width * height * pictures

"""Reader of recorded files: frames with the container's time stamps, repaired where they are wrong."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from repcount.errors import VideoError
from repcount.types import AnalysisWarning, Frame, WarningCode
from repcount.video.opencv import cv2, prepare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FALLBACK_AFTER = 2
"""Frames from the beginning without a time stamp of their own after which the container is taken to have none."""

_NUDGE = 0.5
"""A frame stamped no later than the one before is placed this share of a frame after it: close to where it belongs, and
never past a next frame whose stamp is right."""

_RESTART_AFTER = 3
"""Bad stamps in a row after which the container is taken to have restarted its clock (joined recordings)."""

_MAX_JUMP_S = 86400.0
"""A stamp further ahead than a day is taken for damage. Heuristic: no recording pauses for longer."""


@dataclass(slots=True)
class TimestampRepair:
    """Turns a container's time stamps into strictly rising seconds from the first frame.

    A frame with a bad stamp is placed just after the frame before; after several in a row, the container's clock is
    taken to go on from there. A container whose stamps stand still from the beginning has none: its frames are then
    spaced by the frame rate.
    """

    frame_s: float
    """Nominal duration of a frame."""
    first_s: float = math.nan
    last_s: float = math.nan
    frames: int = 0
    repaired: int = 0
    bad_in_a_row: int = 0
    untimed: bool = False

    def stamp(self, container_s: float) -> float:
        """Time of the next frame in seconds; `container_s` is its stamp, which may be any float."""
        if self.frames == 0:
            self.first_s, self.last_s = container_s, 0.0
        else:
            if not math.isfinite(self.first_s):
                self.first_s = container_s - self.last_s - self.frame_s
            self.last_s = self._next(container_s - self.first_s)
        self.frames += 1
        return self.last_s

    def _next(self, time_s: float) -> float:
        if not self.untimed and 0 < time_s - self.last_s < _MAX_JUMP_S:
            self.bad_in_a_row = 0
            return time_s
        self.repaired += 1
        self.bad_in_a_row += 1
        if self.repaired >= _FALLBACK_AFTER and self.repaired == self.frames:
            self.untimed = True
        if self.untimed:
            return self.frames * self.frame_s
        if self.bad_in_a_row >= _RESTART_AFTER and math.isfinite(time_s):
            self.first_s += time_s - self.last_s - self.frame_s
            self.bad_in_a_row = 0
            return self.last_s + self.frame_s
        return self.last_s + _NUDGE * self.frame_s

    def warning(self) -> AnalysisWarning | None:
        """What was wrong with the times; None if nothing was."""
        if self.untimed:
            return AnalysisWarning(WarningCode.NO_TIMESTAMPS, {"rate_hz": 1 / self.frame_s})
        if self.repaired:
            facts = {"repaired": self.repaired, "frames": self.frames}
            return AnalysisWarning(WarningCode.TIMESTAMPS_REPAIRED, facts)
        return None


_FALLBACK_HZ = 30.0
"""Frame rate of a container that states none."""

_PLAYLISTS = (b"ffconcat version", b"#EXTM3U")
"""First bytes of text files that FFmpeg follows to the files they name: to themselves for ever, or waiting for more."""

_MAX_PX = 7680 * 4320 * 2
"""Most pixels of a frame, twice those of 8K. A damaged header may ask for more than memory holds."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a container states about its video."""

    path: Path
    width: int
    height: int
    """Size of a frame in pixels, upright."""
    rate_hz: float
    """Frames per second."""
    duration_s: float
    """Frame count over frame rate; NaN if not stated. The true duration is known after reading."""

    def shrink(self, long_side_px: int) -> int:
        """Whole factor by which to downscale frames so that the longer side comes closest to `long_side_px`."""
        return max(round(max(self.width, self.height) / long_side_px), 1)


class VideoReader:
    """Reads a recorded file once, from beginning to end. A context manager."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open `path` and decode its first frame. Raises VideoError.

        `threads` is the number of decoding threads; 0 leaves it to FFmpeg.
        """
        self._capture = _open(path, threads)
        ok, image = _read(self._capture)
        if not ok:
            self._capture.release()
            raise VideoError(f"{path} holds no picture that can be decoded. Is it complete?")
        self._image: Any = image
        self.info = self._info(path, image)
        self._clock = TimestampRepair(1.0 / self.info.rate_hz)

    def _info(self, path: Path, image: Any) -> VideoInfo:
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        if not 0.1 <= rate_hz <= 1000:
            rate_hz = _FALLBACK_HZ
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        duration_s = count / rate_hz if 0 < count < 1e9 else math.nan
        return VideoInfo(path, image.shape[1], image.shape[0], rate_hz, duration_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._capture.release()

    def frames(self, rate_hz: float = math.inf, shrink: int = 1) -> Iterator[Frame]:
        """The frames, thinned to about `rate_hz` per second; those in between are skipped without being converted.

        Images are downscaled by the whole factor `shrink`. Frames that cannot be decoded are skipped.
        """
        due_s = 0.0
        image: Any = self._image
        while image is not None:
            # Read the position only now: before the grab it is that of the frame before.
            time_s = self._clock.stamp(self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            if time_s >= due_s - 0.25 / rate_hz:
                due_s = max(due_s + 1 / rate_hz, time_s + 0.5 / rate_hz)
                image = self._image if self._clock.frames == 1 else self._retrieve()
                if image is not None:
                    yield Frame(time_s, cv2.cvtColor(downscale(image, shrink), cv2.COLOR_BGR2RGB))
            image = True if self._capture.grab() else None

    def _retrieve(self) -> Any:
        """The frame just grabbed, or None. Decoding into the frame before saves half of the time."""
        try:
            ok, self._image = self._capture.retrieve(self._image)
        except cv2.error:  # such as a frame too large for the memory
            return None
        return self._image if ok else None

    @property
    def frames_read(self) -> int:
        """Frames decoded so far."""
        return self._clock.frames

    @property
    def duration_s(self) -> float:
        """Time of the last frame read plus the duration of one frame."""
        return self._clock.last_s + self._clock.frame_s if self._clock.frames else 0.0

    def warnings(self) -> list[AnalysisWarning]:
        """What was odd about the file, known after reading it."""
        return [warning for warning in (self._clock.warning(), self._cut_short()) if warning is not None]

    def _cut_short(self) -> AnalysisWarning | None:
        stated_s, read_s = self.info.duration_s, self.duration_s
        if math.isnan(stated_s) or read_s >= 0.9 * stated_s - 0.5:
            return None
        return AnalysisWarning(WarningCode.FILE_CUT_SHORT, {"stated_s": stated_s, "read_s": read_s})


def downscale(image: Any, factor: int) -> Any:
    """Downscale `image`, (height, width, ...), by a whole factor; a remainder at the right and the bottom is cut off.

    Every pixel is the mean of a block of `factor` by `factor`: that is three times as fast in OpenCV as other ratios,
    and coordinates scale exactly. Halving repeatedly is faster still.
    """
    if factor == 1:
        return image
    if factor > 2 and factor % 2 == 0:
        return downscale(downscale(image, 2), factor // 2)
    height, width = max(image.shape[0] // factor, 1), max(image.shape[1] // factor, 1)
    blocks = image[: height * factor, : width * factor]
    return cv2.resize(blocks, (width, height), interpolation=cv2.INTER_AREA)


def to_grey(frame: Frame, shrink: int) -> NDArray[np.uint8]:
    """Grey image of `frame`, (height, width), downscaled by `shrink`."""
    grey: NDArray[np.uint8] = downscale(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), shrink)
    return grey


def open_video(path: str | os.PathLike[str], threads: int = 0) -> VideoReader:
    """Open a recorded file with so many decoding threads; 0 leaves the number to FFmpeg. Raises VideoError."""
    _check_file(Path(path))
    return VideoReader(Path(path), threads)


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise VideoError(f"{path} is a folder; name the videos in it, such as {path / '*.mp4'}")
        with path.open("rb") as file:
            head = file.read(max(map(len, _PLAYLISTS)))
        if not head:
            raise VideoError(f"{path} is empty")
        if head.startswith(_PLAYLISTS):
            raise VideoError(f"{path} is a list of other files; name the videos themselves")
        str(path.absolute()).encode()
    except FileNotFoundError as error:
        raise VideoError(f"there is no file {path}") from error
    except UnicodeEncodeError as error:
        # OpenCV 5.0.0 aborts the process on such a name (tried).
        raise VideoError(f"the name {str(path)!a} is not UTF-8; rename the file") from error
    except OSError as error:
        raise VideoError(f"cannot read {path}: {error.strerror}") from error


def _open(path: Path, threads: int) -> Any:
    # The absolute path keeps a name such as "clip%03d.png" or "-" from being taken for something else.
    parameters = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
    prepare()
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG, parameters)
    if not capture.isOpened():
        raise VideoError(
            f"{path} cannot be read as a video: it is damaged, cut short, sound only or no video at all. "
            "Try to play it; if it plays, convert it to mp4 (H.264)"
        )
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if width * height > _MAX_PX:
        capture.release()
        raise VideoError(f"{path} says that its pictures are {width:.0f} by {height:.0f}: that is damaged or too large")
    return capture


def _read(capture: Any) -> tuple[bool, Any]:
    try:
        ok, image = capture.read()
    except cv2.error:  # as in `VideoReader._retrieve`
        return False, None
    return ok, image

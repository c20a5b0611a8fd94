"""Recorded files: frames in true shape with the container's time stamps, repaired where they are wrong."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from repcount.errors import VideoError
from repcount.types import WHOLE, AnalysisWarning, Frame, Span, WarningCode
from repcount.video.content import ContentMeter
from repcount.video.decoder import Decoder, Thinning, downscale
from repcount.video.opencv import cv2
from repcount.video.opencv_decoder import AnimationDecoder, OpenCvDecoder
from repcount.video.probe import Probe, conversion, probe
from repcount.video.pyav_decoder import PyAvDecoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FALLBACK_AFTER = 2
"""Frames from the beginning without a time stamp of their own after which the container is taken to have none."""

_NUDGE = 0.5
"""A frame stamped no later than the one before is placed this share of a frame after it: close to where it belongs, and
never past a next frame whose stamp is right."""

_FIELDS = 2.1
"""Frames are up to so many times as far apart as the file states: some state the rate of the fields. Heuristic."""

_CLOSEST = 0.1
"""Frames that come without a stamp are no closer than this share of a frame. Heuristic: a file does not understate its
rate tenfold."""

_CROWDED_FRAMES = 10
_CROWDED_S = 0.01
"""A container whose first frames are all within so much time has no usable stamps: a thousand a second and more. What
high-speed cameras take is stored to be played slowly."""

_RESTART_AFTER = 3
"""Bad stamps in a row after which the container is taken to have restarted its clock (joined recordings)."""

_MAX_JUMP_S = 86400.0
"""A stamp further ahead than a day is taken for damage. Heuristic: no recording pauses for longer."""

_MAX_JUMP_BROADCAST_S = 10.0
"""The same for containers whose clock may jump without a pause; the value of FFmpeg's `dts_delta_threshold`."""


@dataclass(slots=True)
class TimestampRepair:
    """Turns a container's time stamps into strictly rising seconds from the first frame.

    A frame with a bad stamp is placed just after the frame before; after several in a row, the container's clock is
    taken to go on from there. One without a stamp is as far from the frame before as those before it were from each
    other, where a container has stamps for some alone. A container whose stamps stand still from the beginning, or all
    but do, has none: its frames are then spaced by the frame rate.
    """

    frame_s: float
    """Nominal duration of a frame."""
    max_jump_s: float = _MAX_JUMP_S
    first_s: float = math.nan
    last_s: float = math.nan
    step_s: float = math.nan
    """Between the last two frames."""
    frames: int = 0
    repaired: int = 0
    bad_in_a_row: int = 0
    untimed: bool = False
    spacing_s: float = math.nan
    """Distance of the frames between the last two right stamps."""
    right_s: float = 0.0
    right_frame: int = 0
    """Time and number of the last frame whose stamp was right."""

    def stamp(self, container_s: float) -> float:
        """Time of the next frame in seconds; `container_s` is its stamp, which may be any float."""
        if self.frames == 0:
            self.first_s, self.last_s = container_s, 0.0
        else:
            if not math.isfinite(self.first_s):
                self.first_s = container_s - self.last_s - self.frame_s
            before_s, self.last_s = self.last_s, self._next(container_s - self.first_s)
            self.step_s = self.last_s - before_s
        self.frames += 1
        return self.last_s

    def _next(self, time_s: float) -> float:
        if self.frames == _CROWDED_FRAMES and max(time_s, self.last_s) < min(_CROWDED_S, self.frames * self.frame_s):
            self.untimed = True
        if not self.untimed and 0 < time_s - self.last_s < self.max_jump_s:
            self.bad_in_a_row = 0
            self.spacing_s = (time_s - self.right_s) / (self.frames - self.right_frame)
            self.right_s, self.right_frame = time_s, self.frames
            return time_s
        self.repaired += 1
        if not self.untimed and math.isnan(time_s):
            return self.last_s + self._missing_s()
        self.bad_in_a_row += 1
        if self.repaired >= _FALLBACK_AFTER and self.repaired == self.frames:
            self.untimed = True
        if self.untimed:
            return self.frames * self.frame_s
        if self.bad_in_a_row >= _RESTART_AFTER and math.isfinite(time_s):
            # The frames before were placed at half of their distance: from here on times are right again.
            true_s = self.right_s + (self.frames - self.right_frame) * self._distance_s()
            self.first_s += time_s - true_s
            self.bad_in_a_row = 0
            return true_s
        return self.last_s + _NUDGE * self.frame_s

    def _distance_s(self) -> float:
        """How far apart frames are, as far as the last two right stamps may tell."""
        return self.spacing_s if _NUDGE <= self.spacing_s / self.frame_s <= _FIELDS else self.frame_s

    def _missing_s(self) -> float:
        """How long after the frame before a frame without a stamp comes: never so long that it passes the next one."""
        if not math.isfinite(self.first_s):
            return self.frame_s  # the clock is set by the first stamp
        if math.isnan(self.spacing_s):
            return _NUDGE * self.frame_s
        return min(max(self.spacing_s, _CLOSEST * self.frame_s), self.frame_s)

    def warning(self) -> AnalysisWarning | None:
        """What was wrong with the times; None if nothing was."""
        if self.untimed or (self.repaired and not math.isfinite(self.first_s)):
            return AnalysisWarning(WarningCode.NO_TIMESTAMPS, {"rate_hz": 1 / self.frame_s})
        if self.repaired:
            facts = {"repaired": self.repaired, "frames": self.frames}
            return AnalysisWarning(WarningCode.TIMESTAMPS_REPAIRED, facts)
        return None


_FALLBACK_HZ = 30.0
"""Frame rate of a container that states none."""

_LONGEST_FRAME_S = 60.0
"""A last frame that is said to be shown for longer is shown for the usual time. Heuristic."""

_ROUGHLY_S = 0.25
"""A file that is cut short in bytes, but not by more than this, may have lost sound alone, or state its length to the
end of a longer sound. Heuristic."""

_MOST_SPOILED = 0.3
"""Share of spoiled pictures from which on it is said. Heuristic: in a tenth of them no rep is lost as a rule."""

_SAME_TIME_S = 0.002
"""The readers' times of a frame differ by no more: one of them may round to milliseconds."""

_PLAYLISTS = (b"ffconcat version", b"#EXTM3U")
"""First bytes of text files that FFmpeg follows to the files they name: to themselves for ever, or waiting for more."""


_OPEN_FILES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""Names of files that this process has open; the one that counts a video has others."""

_FILES_ALONE = "and videos are read from files alone: save it to one first"


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a container states about its video."""

    path: Path
    width: int
    height: int
    """Size of a frame in true shape: square pixels, upright."""
    rate_hz: float
    """Frames per second."""
    duration_s: float
    """NaN if not stated. The true duration is known after reading."""
    reader: str = ""
    """Which library reads it, and why not the usual one, for people."""

    def shrink(self, long_side_px: int) -> int:
        """Whole factor by which to downscale frames so that the longer side comes closest to `long_side_px`."""
        return max(round(max(self.width, self.height) / long_side_px), 1)


class VideoReader:
    """Reads a recorded file once, from beginning to end. A context manager."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open `path` and decode its first frame. Raises VideoError.

        `threads` is the number of decoding threads; 0 leaves it to FFmpeg.
        """
        self._probe, self._threads = probe(path), threads
        self._decoder, reader = _decoder(path, threads, self._probe)
        rate_hz = self._decoder.rate_hz
        if not 0.1 <= rate_hz <= 1000:
            rate_hz = _FALLBACK_HZ
        self.info = VideoInfo(path, self._decoder.width, self._decoder.height, rate_hz, self._probe.duration_s, reader)
        jump_s = _MAX_JUMP_BROADCAST_S if self._probe.clock_jumps else _MAX_JUMP_S
        self._clock = TimestampRepair(1.0 / rate_hz, jump_s, untimed=self._probe.raw)
        self._content = ContentMeter()
        self._left_early = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decoder.close()

    def frames(self, rate_hz: float = math.inf, shrink: int = 1, span: Span = WHOLE) -> Iterator[Frame]:
        """The frames of a part, thinned to about `rate_hz` per second; those in between are not converted.

        Images are downscaled by the whole factor `shrink`. Frames that cannot be decoded are skipped.
        """
        thinning = Thinning(rate_hz, span.from_s)
        if self._decoder.rate_hz == self.info.rate_hz:  # otherwise its clock may not be right, by which it would choose
            self._decoder.thin(rate_hz, span.from_s)
        while (stamp_s := self._next_stamp_s()) is not None:
            time_s = self._clock.stamp(stamp_s)
            if time_s > span.to_s:
                self._left_early = True
                return
            chosen = self._decoder.chosen
            if chosen is None:
                chosen = thinning.wants(time_s)
            elif chosen:
                thinning.take(time_s)
            if chosen:
                image = self._decoder.picture(shrink)
                if image is not None:
                    self._content.add(time_s, image)
                    yield Frame(time_s, image)

    def _next_stamp_s(self) -> float | None:
        """Go to the next picture; its time stamp, None after the last one."""
        stamp_s = self._decoder.grab()
        if stamp_s is None and isinstance(self._decoder, OpenCvDecoder) and self._decoder.ended_early():
            return self._go_on()
        return stamp_s

    def _go_on(self) -> float | None:
        """Have PyAV read on where OpenCV has ended, and go to its first picture after that."""
        try:
            decoder = PyAvDecoder(self.info.path, self._threads, self._probe.stream)
        except VideoError:
            return None
        self._decoder.close()
        self._decoder = decoder
        first_s = stamp_s = decoder.grab()
        while stamp_s is not None and first_s is not None and not stamp_s - first_s > self._clock.last_s + _SAME_TIME_S:
            stamp_s = decoder.grab()
        if stamp_s is not None and first_s is not None:
            self._clock.first_s = first_s
            reader = f"OpenCV and, from {stamp_s - first_s:.1f} s on, where that finds it damaged, PyAV"
            self.info = replace(self.info, reader=reader)
        return stamp_s

    @property
    def frames_read(self) -> int:
        """Frames read so far."""
        return self._clock.frames

    @property
    def duration_s(self) -> float:
        """Time of the last frame read plus its duration."""
        if not self._clock.frames:
            return 0.0
        frame_s = self._decoder.last_frame_s
        if not 0 < frame_s < _LONGEST_FRAME_S:
            # After a long pause the mean rate says nothing about the last frame.
            nominal_s, step_s = self._clock.frame_s, self._clock.step_s
            frame_s = step_s if step_s < 0.5 * nominal_s else nominal_s
        return self._clock.last_s + frame_s

    def warnings(self) -> list[AnalysisWarning]:
        """What was odd about the file, known after reading it."""
        found = (
            self._clock.warning(),
            self._cut_short(),
            self._spoiled(),
            self._left_out(),
            self._another_program(),
            AnalysisWarning(WarningCode.VIEW_REPEATED) if self._probe.views else None,
            self._content.warning(),
            self._content.sparseness(),
        )
        return [warning for warning in found if warning is not None]

    def _cut_short(self) -> AnalysisWarning | None:
        stated_s, read_s = self.info.duration_s, self.duration_s
        if self._left_early or not (self._probe.cut_short or self._decoder.damaged()):
            return None
        if self._probe.cut_short and math.isnan(stated_s):
            return AnalysisWarning(WarningCode.FILE_BREAKS_OFF, {"read_s": read_s})
        # Where the bytes say so it is beyond doubt, and it is only the length that may be stated roughly.
        least_s = stated_s - _ROUGHLY_S if self._probe.cut_short else 0.9 * stated_s - 0.5
        if math.isnan(stated_s) or read_s >= least_s:
            return None
        return AnalysisWarning(WarningCode.FILE_CUT_SHORT, {"stated_s": stated_s, "read_s": read_s})

    def _left_out(self) -> AnalysisWarning | None:
        if self._left_early or self._decoder.read_until >= self._probe.other_video_at:
            return None
        return AnalysisWarning(WarningCode.PART_LEFT_OUT, {"read_s": self.duration_s})

    def _another_program(self) -> AnalysisWarning | None:
        if self._probe.videos == 1:
            return None
        size = {"width": self.info.width, "height": self.info.height}
        return AnalysisWarning(WarningCode.ANOTHER_PROGRAM, {"videos": self._probe.videos, **size})

    def _spoiled(self) -> AnalysisWarning | None:
        share = self._decoder.spoiled
        return AnalysisWarning(WarningCode.PICTURE_SPOILED, {"share": share}) if share > _MOST_SPOILED else None


def _decoder(path: Path, threads: int, found: Probe) -> tuple[Decoder, str]:
    """The decoder of a file, and its name with the reason, for people. Raises VideoError."""
    if found.animation:
        return AnimationDecoder(path), "OpenCV"
    reason = found.not_opencv
    if not reason:
        try:
            return OpenCvDecoder(path, threads, found.packets), "OpenCV"
        except VideoError:
            reason = "OpenCV cannot decode it"
    # One thread more: decoding large pictures may take longer than tracking.
    threads += bool(threads)
    try:
        decoder = PyAvDecoder(
            path,
            threads,
            found.stream,
            raw=found.raw,
            as_edited=found.as_edited,
            decoding_times=found.decoding_times,
            views=found.views,
        )
    except VideoError as error:
        raise VideoError(f"{error} If it plays elsewhere, convert it: {conversion(path)}") from error
    return decoder, f"PyAV, as {reason}"


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
        if str(path).startswith(_OPEN_FILES):
            raise VideoError(f"{path} is whatever is open there, {_FILES_ALONE}, or name the file that it is")
        # Opening a named pipe would wait for somebody to write to it.
        if not stat.S_ISREG(path.stat().st_mode):
            raise VideoError(f"{path} is a pipe or a device, {_FILES_ALONE}")
        with path.open("rb") as file:
            head = file.read(max(map(len, _PLAYLISTS)))
        if not head:
            raise VideoError(f"{path} is empty")
        if head.startswith(_PLAYLISTS):
            raise VideoError(f"{path} is a list of other files; name the videos themselves")
    except FileNotFoundError as error:
        if str(path) == "-":
            raise VideoError(f"- is standard input, {_FILES_ALONE}") from error
        raise VideoError(f"there is no file {path}") from error
    except OSError as error:
        raise VideoError(f"cannot read {path}: {error.strerror}") from error

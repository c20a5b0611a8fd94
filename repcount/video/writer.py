"""Writer of H.264 video in MP4, each frame with its own time stamp."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from repcount import interrupts
from repcount.errors import OutputError
from repcount.files import AtomicFile, refuse_address, write_error
from repcount.libraries import library_error, requirement
from repcount.types import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SUFFIXES = (".mp4", ".m4v", ".mov")

_CODECS = ("libx264", "libopenh264", "mpeg4")
"""In order of preference. The first two encode H.264; PyAV's own wheels have the first, other builds may lack both."""

_OPTIONS = {"libx264": {"preset": "veryfast", "crf": "20"}}
"""Heuristic: hard to tell from the source, and faster than the pose model."""

_BITS_PER_PIXEL = 6.0
"""Bits per second and pixel, for encoders without a quality setting: 5.5 Mbit/s at 1280 by 720. Heuristic."""

_TICKS_HZ = 60_000
"""Unit of the time stamps: exact for 24, 25, 30, 50, 60 and 29.97 frames per second, within 0.01 ms for all others.
MPEG-4 Part 2 allows no unit finer than 65,535."""

_KEY_FRAME_EVERY = 60
"""Frames between two that a player can jump to. Heuristic: fine enough to find a rep."""

_BT709 = 1
"""FFmpeg's number for the colours of high-definition video. The file states them so that no player has to guess."""

_SINGLE_FRAME_S = 1 / 30
"""Duration of a video's only frame."""

_SAFE_KEY_FRAMES = 3
"""With the third key frame, what is between the first two is in the file: a recording that can be played."""

_QUEUED_FRAMES = 30
"""Most frames waiting to be encoded; further ones are dropped. Heuristic: two seconds at 15 frames per second."""

_FINISHING_S = 600.0
"""How long a recording may take to be completed while no signal comes. Heuristic: some frames still have to be encoded,
and a network disk may be slow."""

_HANGS_S, _LEAVING_S = 5.0, 0.8
"""An encoder that has been at one frame for 5 s hangs, and gets 0.8 s; so does any once a signal has come, of the two
seconds that there are. Heuristic: a frame takes some ten milliseconds, and the end of a recording as much."""

_POLL_S = 0.1


class VideoWriter:
    """Writes a video file that appears whole or not at all. A context manager, for one thread at a time.

    The frame size is that of the first image; an odd size is padded by one row or column, because H.264 needs even
    ones. A video without frames leaves no file.
    """

    def __init__(
        self,
        path: Path,
        codecs: Sequence[str] = _CODECS,
        *,
        force: bool = False,
        private: bool = False,
        into: Path | None = None,
        fragments: bool = False,
    ) -> None:
        """Create a temporary file beside `path`; the first of the `codecs` that is available is used.

        An existing file is replaced only with `force`; a `private` one can be read by its owner only. With `into` the
        video is written to that file instead, which the caller publishes or removes. With `fragments` what is on the
        disk can be played at any time, and the end of the video takes no time; without, a browser can play it before it
        has all of it.

        Raises OutputError, and LibraryError if PyAV does not load.
        """
        check_name(path)
        self.path = path
        self._codec = _first_available(codecs)
        self._file = AtomicFile(path, force=force, private=private) if into is None else _BorrowedFile(into)
        self._in_fragments = fragments
        self._key_frames = 0
        self._container: Any = None
        self._stream: Any = None
        self._first_s = 0.0
        self._ticks: list[int] = []
        self._pending: Any = None
        """The newest packet; its duration is known once the next one comes."""

    @property
    def note(self) -> str | None:
        """Which players cannot play the file, for people; None if all can."""
        if self._codec != "mpeg4":
            return None
        return (
            f"{self.path} is MPEG-4 Part 2, as this PyAV has no H.264: VLC and QuickTime play it, browsers do not. "
            "For H.264: pip install --force-reinstall av"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        else:
            self.discard()

    def write(self, time_s: float, image: NDArray[np.uint8]) -> None:
        """Add an image, (height, width, 3) RGB, to be shown from `time_s` until the next one.

        Times must rise; the video begins at the first. An image of another size than the first is stretched to it.
        Raises OutputError.
        """
        import av

        with self._output_errors():
            if self._container is None:
                self._open(image, time_s)
            self._ticks.append(self._tick(time_s))
            frame = av.VideoFrame.from_ndarray(_pad_to_even(image), format="rgb24")
            frame = frame.reformat(
                self._stream.width, self._stream.height, "yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.pts, frame.time_base = self._ticks[-1], Fraction(1, _TICKS_HZ)
            self._mux(self._stream.encode(frame))

    def finish(self, end_s: float | None = None) -> None:
        """Complete the video and move it to its place. Raises OutputError, and then leaves nothing.

        The last image is shown until `end_s` or, without it, for as long as the one before.
        """
        try:
            if self._container is not None:
                with self._output_errors():
                    self._close(end_s)
                self._file.publish()
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove an unfinished video; after `finish` this does nothing."""
        import av

        try:
            if self._container is not None:
                self._container.close()
        except (av.error.FFmpegError, OSError):
            pass  # the reason for discarding is reported, and this is its consequence
        finally:
            self._container = None
            self._file.discard()

    def leave(self) -> bool:
        """Keep of an unfinished video what can be played, while another thread may hang in `write` or `finish`.

        Returns whether there is anything; otherwise nothing is left. Raises OutputError.
        """
        with self._output_errors():
            return not self._file.leave()

    def _open(self, image: NDArray[np.uint8], time_s: float) -> None:
        import av

        height, width = (size + size % 2 for size in image.shape[:2])
        flags = {"movflags": "+hybrid_fragmented", "flush_packets": "1"}
        options = flags if self._in_fragments else {"movflags": "+faststart"}
        self._container = av.open(str(self._file.path), "w", format="mp4", options=options)
        self._stream = self._container.add_stream(self._codec, options=_OPTIONS.get(self._codec, {}))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        if self._codec not in _OPTIONS:
            self._stream.bit_rate = round(_BITS_PER_PIXEL * width * height)
        context = self._stream.codec_context
        context.time_base = Fraction(1, _TICKS_HZ)
        context.gop_size, context.max_b_frames = _KEY_FRAME_EVERY, 0  # in order, so that durations are differences
        context.colorspace = context.color_primaries = context.color_trc = context.color_range = _BT709
        self._first_s = time_s

    def _tick(self, time_s: float) -> int:
        tick = round((time_s - self._first_s) * _TICKS_HZ)
        return max(tick, self._ticks[-1] + 1) if self._ticks else 0

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            if self._pending is not None:
                self._pending.duration = packet.pts - self._pending.pts
                self._container.mux(self._pending)
            self._pending = packet
            self._key_frames += packet.is_keyframe
            if self._key_frames >= _SAFE_KEY_FRAMES and self._in_fragments:
                self._file.worth_keeping = True

    def _close(self, end_s: float | None) -> None:
        self._mux(self._stream.encode(None))
        self._pending.duration = self._last_duration_ticks(end_s)
        self._container.mux(self._pending)
        container, self._container = self._container, None
        container.close()
        # Not every failed write has been reported by now.
        if _count_frames(self._file.path) != len(self._ticks):
            raise OutputError(f"cannot write {self.path}: not all of it reached the disk. Is there room on it?")

    def _last_duration_ticks(self, end_s: float | None) -> int:
        if end_s is not None:
            return max(1, round((end_s - self._first_s) * _TICKS_HZ) - self._ticks[-1])
        return self._ticks[-1] - self._ticks[-2] if len(self._ticks) > 1 else round(_SINGLE_FRAME_S * _TICKS_HZ)

    @contextmanager
    def _output_errors(self) -> Iterator[None]:
        """Turn errors of PyAV and of the system into OutputError."""
        import av

        try:
            yield
        except av.error.FFmpegError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        except OSError as error:
            raise write_error(self.path, error) from error


class BackgroundVideoWriter:
    """Encodes on a thread of its own, so that counting never waits for it. A context manager.

    Any error ends the recording, which then leaves no file; the session goes on without it. Leaving waits until the
    file is complete, but not for an encoder that hangs, and less than a second once a signal has come; what is on the
    disk then is kept.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        """An existing file is replaced only with `force`. Raises OutputError and LibraryError as VideoWriter does.

        Only its owner can read the file, because it shows somebody at home.
        """
        self._writer = VideoWriter(path, force=force, private=True, fragments=True)
        self._frames: queue.Queue[Frame | None] = queue.Queue()
        self._encoding_since_s: float | None = None
        """Since when the encoder has been at the present frame; None between two."""
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self.dropped_frames = 0
        """Number of frames left out because encoding was too slow."""
        self.trouble: str | None = None
        """Why the recording has ended early, for people; None while it has not."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.put(None)
        since_s = self._encoding_since_s
        limit_s = _FINISHING_S if since_s is None or monotonic() - since_s < _HANGS_S else _LEAVING_S
        if any(self._has_ended() for _ in interrupts.waits(limit_s, _POLL_S, _LEAVING_S)):
            return
        try:
            kept = self._writer.leave()
        except OutputError as failure:
            self.trouble = str(failure)
            return
        self.trouble = (
            f"the last seconds of {self._writer.path} are missing: they were not written in time"
            if kept
            else f"cannot write {self._writer.path}: it was not complete in time"
        )

    def _has_ended(self) -> bool:
        self._thread.join(_POLL_S)
        return not self._thread.is_alive()

    def write(self, frame: Frame) -> None:
        """Queue a frame for encoding. If the queue is full it is dropped and counted, after an error ignored."""
        if self.trouble:
            return
        if self._frames.qsize() < _QUEUED_FRAMES:
            self._frames.put(frame)
        else:
            self.dropped_frames += 1

    def _run(self) -> None:
        frames = iter(self._frames.get, None)
        try:
            with self._writer:
                for frame in frames:
                    self._encoding_since_s = monotonic()
                    self._writer.write(frame.time_s, frame.image)
                    self._encoding_since_s = None
        except OutputError as error:
            self.trouble = str(error)
        except BaseException as error:  # nobody above would hear of it
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
            self.trouble = f"cannot write {self._writer.path}: the encoder failed ({reason})"


@dataclass(slots=True)
class _BorrowedFile:
    """A file that the caller publishes or removes."""

    path: Path
    worth_keeping: bool = False

    def publish(self) -> None:
        """Leave it as it is."""

    def discard(self) -> None:
        """Leave it as it is."""

    def leave(self) -> str:
        """Leave it as it is."""
        return ""


def check_name(path: Path) -> None:
    """Raise OutputError if the suffix is not that of an MP4 or QuickTime file."""
    refuse_address(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise OutputError(f"cannot write {path}: the video is an MP4 file; let its name end in .mp4")


def has_sound(path: Path) -> bool:
    """Whether the video at `path` has an audio stream; False if it cannot be read."""
    from repcount.video.pyav import av, open_container

    try:
        with open_container(path) as container:
            return bool(container.streams.audio)
    except (av.error.FFmpegError, OSError):
        return False


def _first_available(codecs: Sequence[str]) -> str:
    try:
        import av
    except ImportError as error:
        raise library_error("av", error) from error
    available = [codec for codec in codecs if codec in av.codecs_available]
    if not available:
        command = f"pip install --force-reinstall {requirement('av')}"
        raise OutputError(f"this PyAV can encode none of {', '.join(codecs)}: {command}")
    return available[0]


def _pad_to_even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last row or column if their number is odd."""
    import numpy as np

    height, width = image.shape[:2]
    if height % 2 or width % 2:
        return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)


def _count_frames(path: Path) -> int:
    """Number of frames that can be read back."""
    import av

    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))

"""Writes H.264 video in MP4, each frame with its own time stamp."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from repcount.errors import OutputError
from repcount.files import AtomicFile, write_error
from repcount.libraries import library_error, requirement
from repcount.types import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ENDINGS = (".mp4", ".m4v", ".mov")

_CODECS = ("libx264", "libopenh264", "mpeg4")
"""The first two make H.264. PyAV's own wheels have the first; builds of others may lack both."""

_OPTIONS = {"libx264": {"preset": "veryfast", "crf": "20"}}
"""A choice: hardly to be told from the source, and faster than the pose model."""

_BITS_PER_PIXEL = 6.0
"""A second, for encoders that know no quality: 5.5 Mbit/s at 1280 by 720. A choice."""

_TICKS_HZ = 60_000
"""Unit of the time stamps: exact for 24, 25, 30, 50, 60 and 29.97 frames a second, within 0.01 ms for all others.
MPEG-4 Part 2 allows no unit finer than 65,535."""

_KEY_EVERY = 60
"""Frames between two that a player can jump to: people look for a rep, not for a scene. A choice."""

_BT709 = 1
"""FFmpeg's number for the colours of high-definition video. They are named in the file, so that no player guesses."""

_USUAL_S = 1 / 30
"""Length of the only picture of a film of one."""


class VideoWriter:
    """A video file that appears whole or not at all. A context manager, for one thread at a time.

    The size is that of the first picture; an odd one gets one more row or column, because H.264 wants even ones.
    A film without pictures leaves no file.
    """

    def __init__(
        self,
        path: Path,
        codecs: Sequence[str] = _CODECS,
        *,
        force: bool = False,
        private: bool = False,
        into: Path | None = None,
    ) -> None:
        """Make the file, hidden beside `path`; the first of the `codecs` that is there is used.

        A file that is there already is replaced by `force` alone; a `private` one is its owner's only.
        With `into` the film is written to that file, which stays for the caller to publish or to remove.

        Raises OutputError and, where PyAV does not load, LibraryError.
        """
        check_name(path)
        self.path = path
        self._codec = _first_there(codecs)
        self._hidden = AtomicFile(path, force=force, private=private) if into is None else _Lent(into)
        self._container: Any = None
        self._stream: Any = None
        self._first_s = 0.0
        self._ticks: list[int] = []
        self._waiting: Any = None
        """The newest packet; its length is known when the next one comes."""

    @property
    def note(self) -> str | None:
        """What to know about playing the film; None where everything plays it."""
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
        """Add a picture, (height, width, 3) red-green-blue, that is shown from `time_s` until the next one.

        The times have to rise; the film begins at the first of them. A picture of another size than the first is
        stretched to it. Raises OutputError.
        """
        import av

        with self._told():
            if self._container is None:
                self._open(image, time_s)
            self._ticks.append(self._tick(time_s))
            frame = av.VideoFrame.from_ndarray(_even(image), format="rgb24")
            frame = frame.reformat(
                self._stream.width, self._stream.height, "yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.pts, frame.time_base = self._ticks[-1], Fraction(1, _TICKS_HZ)
            self._write(self._stream.encode(frame))

    def finish(self, end_s: float | None = None) -> None:
        """Complete the film and move it to its place. Raises OutputError, and leaves nothing then.

        The last picture is shown until `end_s` or, without it, as long as the one before.
        """
        try:
            if self._container is not None:
                with self._told():
                    self._close(end_s)
                self._hidden.publish()
        finally:
            self.discard()

    def discard(self) -> None:
        """Leave nothing of a film that is not finished."""
        import av

        try:
            if self._container is not None:
                self._container.close()
        except (av.error.FFmpegError, OSError):
            pass  # there is a reason why it is discarded, and that is being told
        finally:
            self._container = None
            self._hidden.discard()

    def _open(self, image: NDArray[np.uint8], time_s: float) -> None:
        import av

        height, width = (size + size % 2 for size in image.shape[:2])
        options = {"movflags": "+faststart"}  # browsers begin to play before they have all of it
        self._container = av.open(str(self._hidden.path), "w", format="mp4", options=options)
        self._stream = self._container.add_stream(self._codec, options=_OPTIONS.get(self._codec, {}))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        if self._codec not in _OPTIONS:
            self._stream.bit_rate = round(_BITS_PER_PIXEL * width * height)
        context = self._stream.codec_context
        context.time_base = Fraction(1, _TICKS_HZ)
        context.gop_size, context.max_b_frames = _KEY_EVERY, 0  # in order, so that lengths are differences
        context.colorspace = context.color_primaries = context.color_trc = context.color_range = _BT709
        self._first_s = time_s

    def _tick(self, time_s: float) -> int:
        tick = round((time_s - self._first_s) * _TICKS_HZ)
        return max(tick, self._ticks[-1] + 1) if self._ticks else 0

    def _write(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            if self._waiting is not None:
                self._waiting.duration = packet.pts - self._waiting.pts
                self._container.mux(self._waiting)
            self._waiting = packet

    def _close(self, end_s: float | None) -> None:
        self._write(self._stream.encode(None))
        self._waiting.duration = self._last_ticks(end_s)
        self._container.mux(self._waiting)
        container, self._container = self._container, None
        container.close()
        # Not every failure to write is told by then.
        if _frames(self._hidden.path) != len(self._ticks):
            raise OutputError(f"cannot write {self.path}: not all of it reached the disk. Is there room on it?")

    def _last_ticks(self, end_s: float | None) -> int:
        if end_s is not None:
            return max(1, round((end_s - self._first_s) * _TICKS_HZ) - self._ticks[-1])
        return self._ticks[-1] - self._ticks[-2] if len(self._ticks) > 1 else round(_USUAL_S * _TICKS_HZ)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the library and of the system, told for people."""
        import av

        try:
            yield
        except av.error.FFmpegError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        except OSError as error:
            raise write_error(self.path, error) from error


@dataclass(frozen=True, slots=True)
class _Lent:
    """A file of somebody else's, who publishes or removes it."""

    path: Path

    def publish(self) -> None:
        """Leave it as it is."""

    def discard(self) -> None:
        """Leave it as it is."""


def check_name(path: Path) -> None:
    """Raise OutputError where the name is not that of a film."""
    if path.suffix.lower() not in _ENDINGS:
        raise OutputError(f"cannot write {path}: the video is an MP4 file; name it {path.stem or 'video'}.mp4")


def _first_there(codecs: Sequence[str]) -> str:
    try:
        import av
    except ImportError as error:
        raise library_error("av", error) from error
    there = [codec for codec in codecs if codec in av.codecs_available]
    if not there:
        again = f"pip install --force-reinstall {requirement('av')}"
        raise OutputError(f"this PyAV can encode none of {', '.join(codecs)}: {again}")
    return there[0]


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The last row or column twice where their number is odd."""
    import numpy as np

    height, width = image.shape[:2]
    if height % 2 or width % 2:
        return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)


def _frames(path: Path) -> int:
    """How many frames can be read back."""
    import av

    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def has_sound(path: Path) -> bool:
    """Whether the video at `path` has sound, as far as can be told."""
    import av

    try:
        with av.open(str(path)) as container:
            return bool(container.streams.audio)
    except (av.error.FFmpegError, OSError):
        return False


_WAITING = 30
"""Frames that may wait to be encoded, two seconds of them; what comes on top is left out. A choice."""


class BackgroundVideoWriter:
    """Encodes on a thread of its own, so that counting never waits for it. A context manager."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        """A file that is there already is replaced by `force` alone.

        Somebody is to be seen in it at home, so it is the user's only. Raises OutputError where `path` may not be
        written.
        """
        self._film = VideoWriter(path, force=force, private=True)
        self._frames: queue.Queue[Frame | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._encode, name="recording", daemon=True)
        self.left_out = 0
        """Frames for which the machine was too slow."""
        self.trouble: str | None = None
        """What went wrong, for people."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.put(None)
        self._thread.join()

    def write(self, frame: Frame) -> None:
        """Queue one frame for encoding; where the queue is full it is left out and counted."""
        if self.trouble:
            return
        try:
            self._frames.put_nowait(frame)
        except queue.Full:
            self.left_out += 1

    def _encode(self) -> None:
        try:
            with self._film as film:
                for frame in iter(self._frames.get, None):
                    self._add(film, frame)
        except OutputError as error:
            self.trouble = str(error)

    def _add(self, film: VideoWriter, frame: Frame) -> None:
        """After trouble the frames that still wait are only taken out of the way."""
        if self.trouble is None:
            try:
                film.write(frame.time_s, frame.image)
            except OutputError as error:
                self.trouble = str(error)
                film.discard()

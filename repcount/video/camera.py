"""Frames of a camera, a stream, or a file played at its own speed: always the newest one."""

from __future__ import annotations

import re
import sys
import threading
from math import nan
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from repcount.errors import CameraError, VideoError
from repcount.types import Frame
from repcount.video import capture, diagnostics
from repcount.video.capture import Capture, Opener
from repcount.video.capture_loop import (
    CapturedFrame,
    Feed,
    FilePlayback,
    LatestFrameBuffer,
    ReconnectingSource,
)
from repcount.video.clock import clock_s, pause
from repcount.video.diagnostics import CameraFault, CameraFaultKind

__all__ = ["Camera", "live", "open_camera"]

SIZE_PX: Final = (1280, 720)
"""Asked of a camera: enough for people to look at; the pose model itself looks at 256 pixels. A choice."""

GIVE_UP_S: Final = 60.0
"""Without a picture for so long a session ends. A choice."""

_FIRST_S: Final = 8.0
"""Longest wait for the first picture; cameras wake up in up to 3 s."""

BUSY_S: Final = 5.0
_RETRY_S: Final = 0.5
"""How long and how often a camera that is in use is tried at the start: programs let go of it some seconds after
their window is closed."""

_WAITED_FOR: Final = {CameraFaultKind.BUSY} | ({CameraFaultKind.REFUSED} if sys.platform == "darwin" else set())
"""macOS refuses the first try while it asks for permission."""

_CLOSE_S: Final = 1.0
"""Longest wait for the thread to end. One that still waits for a dead source ends within seconds, or with the
program."""


class Camera:
    """Captures on a thread of its own and hands out the newest frame. A context manager."""

    def __init__(self, feed: Feed, source: str) -> None:
        """`source` is what people are told it is."""
        self.source = source
        self.oldest_s = 0.0
        """The largest age of a frame when it was handed out, in seconds."""
        self._feed = feed
        self._inbox = LatestFrameBuffer(feed.on_silence)
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._first_s = nan
        self._last: CapturedFrame | None = None
        self._last_s = -1.0

    def __enter__(self) -> Self:
        """Start, and wait for the first picture of a camera or stream. Raises CameraError where none comes."""
        self._thread.start()
        try:
            self._inbox.started.wait(_FIRST_S)
            if self._feed.on_silence is not None and not self._inbox.captured:
                raise CameraError(self._why_none())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop capturing. Takes 1 s at most."""
        self._inbox.stop.set()
        self._inbox.wanted.set()
        if self._thread.ident is None:
            self._feed.close()
        else:
            self._thread.join(_CLOSE_S)

    def next(self, timeout_s: float, due_s: float = 0.0) -> Frame | CameraFault | None:
        """The newest frame that was not handed out yet and is of `due_s` or later, or what has gone wrong.

        Waits for either up to `timeout_s`; None where nothing came, and at once after the end. The times of
        the frames rise; that of the first one is 0, or what the file says.
        """
        self._inbox.wanted.set()
        until_s = clock_s() + timeout_s
        while True:
            got = self._inbox.get(until_s)
            if not isinstance(got, CapturedFrame):
                return got
            time_s = self._time_of(got)
            if time_s >= due_s and time_s > self._last_s:
                return self._frame(got, time_s)

    def now_s(self) -> float:
        """Seconds from the first frame until now; 0 before there is one."""
        return 0.0 if self._last is None else self._last_s + clock_s() - self._last.seen_s

    @property
    def rate_hz(self) -> float:
        """Frames a second that arrive, measured over 2 s; NaN while that is not known."""
        return self._inbox.rate_hz(clock_s())

    @property
    def width(self) -> int:
        """Of the newest picture, in pixels."""
        return self._inbox.size_px[0]

    @property
    def height(self) -> int:
        """Of the newest picture, in pixels."""
        return self._inbox.size_px[1]

    @property
    def captured(self) -> int:
        """Pictures that arrived."""
        return self._inbox.captured

    @property
    def dropped(self) -> int:
        """Pictures that nobody took in time."""
        return self._inbox.overwritten

    @property
    def problem(self) -> CameraFault | None:
        """What is wrong now; None where pictures come."""
        return self._inbox.problem

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: the end of a file, or a source that was given up."""
        return self._inbox.ended and self._inbox.empty

    @property
    def lost_for_good(self) -> bool:
        """Whether it was given up after too long without a picture."""
        return self._feed.lost_for_good

    def _run(self) -> None:
        try:
            self._feed.run(self._inbox)
        finally:
            self._inbox.end()

    def _why_none(self) -> str:
        if self._inbox.problem is not None:
            return self._inbox.problem.text
        return f"{self.source} opens but gives no picture. repcount doctor looks for the reason"

    def _time_of(self, shot: CapturedFrame) -> float:
        if shot.time_s >= 0:
            return shot.time_s
        return 0.0 if self._last is None else shot.seen_s - self._first_s

    def _frame(self, shot: CapturedFrame, time_s: float) -> Frame:
        if self._last is None:
            self._first_s = shot.seen_s
        self._last, self._last_s = shot, time_s
        # Only what is handed out is converted; a file's pictures are.
        image = shot.image if shot.time_s >= 0 else capture.rgb(shot.image)
        self.oldest_s = max(self.oldest_s, clock_s() - shot.seen_s)
        return Frame(time_s, image)


def open_camera(
    source: str, *, size_px: tuple[int, int] = SIZE_PX, give_up_s: float = GIVE_UP_S, busy_s: float = BUSY_S
) -> Camera:
    """Open a camera by its number, a stream by its address or a file by its path. Raises CameraError.

    A camera is asked for pictures of `size_px`, and tried for `busy_s` while another program has it; the
    session is over when no picture came for `give_up_s`.
    """
    number = re.fullmatch(r"(?:/dev/video)?(\d{1,3})", source)
    if number:
        index = int(number[1])
        return live(capture.open_device(index, size_px), f"camera {index}", give_up_s=give_up_s, busy_s=busy_s)
    if "://" in source:
        return live(capture.open_stream(source), diagnostics.redact_url(source), give_up_s=give_up_s, busy_s=busy_s)
    try:
        return Camera(FilePlayback(Path(source)), source)
    except VideoError as error:
        raise CameraError(f"{error}. A camera is named by its number, a stream by its address") from error


def live(open_it: Opener, name: str, *, give_up_s: float = GIVE_UP_S, busy_s: float = BUSY_S) -> Camera:
    """The camera that `open_it` opens, now and after every interruption. Raises CameraError."""
    return Camera(ReconnectingSource(open_it, _first(open_it, busy_s), name, give_up_s), name)


def _first(open_it: Opener, busy_s: float) -> Capture:
    # In this thread: macOS asks for permission in the main one only (opencv/opencv issue 16427).
    until_s = clock_s() + busy_s
    while True:
        opened = open_it()
        if not isinstance(opened, CameraFault):
            return opened
        if opened.kind not in _WAITED_FOR or clock_s() > until_s:
            raise CameraError(opened.text)
        pause(_RETRY_S)

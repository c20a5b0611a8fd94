"""Live video source: the newest frame of a camera, a stream, or a file played at its own speed."""

from __future__ import annotations

import re
import sys
import threading
from math import inf, nan
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from repcount import addresses
from repcount.addresses import AddressError
from repcount.errors import CameraError, VideoError
from repcount.libraries import check_room
from repcount.types import Frame
from repcount.video import capture, diagnostics, stream
from repcount.video.capture import Capture, Opener
from repcount.video.capture_loop import ReconnectingSource
from repcount.video.clock import clock_s, sleep
from repcount.video.diagnostics import CameraFault, CameraFaultKind
from repcount.video.latest_frame import CapturedFrame, Feed, LatestFrameBuffer
from repcount.video.playback import FilePlayback

__all__ = ["Camera", "open_camera", "reconnecting_camera"]

SIZE_PX: Final = (1280, 720)
"""Width and height requested from a camera. Heuristic: sharp enough to watch; the pose model itself sees 256 pixels."""

GIVE_UP_S: Final = 60.0
"""The session ends after this long without a frame. Heuristic."""

_FIRST_S: Final = 8.0
"""Longest wait for the first frame: a stream takes up to 5 s to open and 3 s for a frame; cameras wake up in 3 s."""

BUSY_S: Final = 5.0
_RETRY_S: Final = 0.5
"""For how long, and how often, a camera in use is tried when opening: programs release it some seconds after their
window is closed."""

_RETRIED: Final = {CameraFaultKind.BUSY} | ({CameraFaultKind.REFUSED} if sys.platform == "darwin" else set())
"""Kinds of fault after which opening is tried again: macOS refuses the first try while it asks for permission."""

_CLOSE_S: Final = 0.3
"""Longest wait for the capture thread to end: a camera gives the frame it waits for by then. One that is blocked by a
dead source ends within seconds, or with the process."""


class Camera:
    """Captures on a thread of its own and returns the newest frame. A context manager."""

    def __init__(
        self, feed: Feed, source: str, *, give_up_s: float = inf, no_picture: str = "", caution: str = ""
    ) -> None:
        """`source` is the name shown to people. The source is given up after `give_up_s` without a frame.

        `no_picture` is the error if there is never one, for reasons unknown.
        """
        self.source = source
        self._no_picture = no_picture or f"{source} gives no picture. repcount doctor looks for the reason"
        self.caution = caution
        """What people should know before they use it; empty if nothing."""
        self._feed = feed
        self._give_up_s = give_up_s
        self._buffer = LatestFrameBuffer(feed.silence_fault, give_up_s)
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._first_s = nan
        self._last: CapturedFrame | None = None
        self._last_s = -1.0

    def __enter__(self) -> Self:
        """Start capturing, and wait for the first frame of a camera or stream. Raises CameraError if none arrives."""
        self._thread.start()
        try:
            self._buffer.started.wait(min(_FIRST_S, self._give_up_s))
            if self._feed.silence_fault is not None and not self._buffer.captured:
                check_room("the camera")  # FFmpeg does not say that no thread of it decodes
                raise CameraError(self._no_frame_reason())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop capturing. Takes 0.3 s at most."""
        self._buffer.stop.set()
        self._buffer.requested.set()
        self._feed.interrupt()
        if self._thread.ident is None:
            self._feed.close()
        else:
            self._thread.join(_CLOSE_S)

    def next(self, timeout_s: float, due_s: float = 0.0) -> Frame | CameraFault | None:
        """The newest frame not returned before whose time is at least `due_s`, or a fault.

        Waits up to `timeout_s` for either; returns None on timeout, and at once after the end. Frame times rise
        strictly; the first is 0, or what a file says.
        """
        self._buffer.requested.set()
        until_s = clock_s() + timeout_s
        while True:
            captured = self._buffer.get(until_s)
            if not isinstance(captured, CapturedFrame):
                return captured
            time_s = self._frame_time_s(captured)
            if time_s >= due_s and time_s > self._last_s:
                return self._frame(captured, time_s)

    def now_s(self) -> float:
        """Seconds from the first frame until now; 0 before the first frame."""
        return 0.0 if self._last is None else self._last_s + clock_s() - self._last.seen_s

    @property
    def rate_hz(self) -> float:
        """Frames per second that arrive, measured over 2 s; NaN while unknown."""
        return self._buffer.rate_hz(clock_s())

    @property
    def width(self) -> int:
        """Width of the newest frame in pixels."""
        return self._buffer.size_px[0]

    @property
    def height(self) -> int:
        """Height of the newest frame in pixels."""
        return self._buffer.size_px[1]

    @property
    def captured(self) -> int:
        """Number of frames captured so far."""
        return self._buffer.captured

    @property
    def fault(self) -> CameraFault | None:
        """What is wrong at present; None while frames arrive."""
        return self._buffer.fault

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: the file has ended, or the source was given up."""
        return self._buffer.ended and self._buffer.empty

    @property
    def lost_for_good(self) -> bool:
        """Whether the source was given up after too long without a frame."""
        return self._buffer.given_up

    def _run(self) -> None:
        try:
            self._feed.run(self._buffer)
        except Exception as error:
            # Its text may hold what the source chose, and its traceback would be printed past everybody.
            text = f"{self.source} cannot be read any more ({type(error).__name__})"
            self._buffer.report(CameraFault(CameraFaultKind.LOST, text))
            self._buffer.give_up()
        finally:
            self._buffer.end()

    def _no_frame_reason(self) -> str:
        if self._buffer.fault is not None:
            return self._buffer.fault.text
        return self._no_picture

    def _frame_time_s(self, captured: CapturedFrame) -> float:
        if captured.time_s >= 0:
            return captured.time_s
        return 0.0 if self._last is None else captured.seen_s - self._first_s

    def _frame(self, captured: CapturedFrame, time_s: float) -> Frame:
        if self._last is None:
            self._first_s = captured.seen_s
        self._last, self._last_s = captured, time_s
        # Only frames that are returned are converted; those of a file are RGB already.
        image = captured.image if captured.time_s >= 0 else capture.to_rgb(captured.image)
        return Frame(time_s, image)


def open_camera(
    source: str,
    *,
    size_px: tuple[int, int] = SIZE_PX,
    give_up_s: float = GIVE_UP_S,
    busy_s: float = BUSY_S,
    insecure: bool = False,
) -> Camera:
    """Open a camera by number, a stream by address or a file by path. Raises CameraError.

    A camera is asked for frames of `size_px` (width, height) and tried for `busy_s` while another program uses it. A
    stream is opened when the `Camera` is entered. The source is given up after `give_up_s` without a frame.
    `insecure`: an encrypted stream is read whatever its certificate.
    """
    number = re.fullmatch(r"(?:/dev/video)?(\d{1,3})", source)
    if number:
        index = int(number[1])
        opener = capture.open_device(index, size_px)
        return reconnecting_camera(opener, f"camera {index}", give_up_s=give_up_s, busy_s=busy_s)
    if addresses.may_be_address(source):
        return _open_stream(source, give_up_s, insecure=insecure)
    try:
        return Camera(FilePlayback(Path(source)), source)
    except VideoError as error:
        raise CameraError(f"{error}. A camera is named by its number, a stream by its address") from error


def _open_stream(source: str, give_up_s: float, *, insecure: bool) -> Camera:
    try:
        address = addresses.parse(source)
    except AddressError as error:
        raise CameraError(str(error)) from None
    opener, end = stream.open_stream(address, insecure=insecure, limit_s=min(stream.OPEN_S, give_up_s))
    caution = diagnostics.unchecked_certificate(address) if insecure and address.is_encrypted else ""
    feed = ReconnectingSource(opener, None, str(address), end)
    no_picture = diagnostics.no_picture(address).text
    return Camera(feed, str(address), give_up_s=give_up_s, no_picture=no_picture, caution=caution)


def reconnecting_camera(opener: Opener, name: str, *, give_up_s: float = GIVE_UP_S, busy_s: float = BUSY_S) -> Camera:
    """Camera that `opener` opens, now and again after every interruption. Raises CameraError."""
    return Camera(ReconnectingSource(opener, _open_first(opener, busy_s), name), name, give_up_s=give_up_s)


def _open_first(opener: Opener, busy_s: float) -> Capture:
    # In this thread: macOS asks for permission in the main one only (opencv/opencv issue 16427).
    until_s = clock_s() + busy_s
    while True:
        opened = opener()
        if not isinstance(opened, CameraFault):
            return opened
        if opened.kind not in _RETRIED or clock_s() > until_s:
            raise CameraError(opened.text)
        sleep(_RETRY_S)

"""Capture loop: reads a live source on a thread, reconnects when it fails, and keeps only the newest frame."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from repcount.video import diagnostics, reader
from repcount.video.capture import Capture, Opener, read
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault, CameraFaultKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

# --- the newest frame --------------------------------------------------------------------------------------

_SILENT_S: Final = 2.0
"""After this long without a frame the source is reported silent, even while the thread still waits for one. Heuristic:
longer than any Wi-Fi hiccup that nobody needs to hear of."""

_MAX_AGE_S: Final = 0.5
"""A frame that waited longer is discarded: it shows the past. Heuristic."""

_POLL_S: Final = 0.25
"""How often a waiting reader checks for silence."""

_EXPLAIN_LOSS: Final = (CameraFaultKind.BUSY, CameraFaultKind.REFUSED)
"""Faults that say why no frame arrives, so that `LOST` adds nothing."""


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One frame as captured."""

    image: NDArray[np.uint8]
    """(height, width, 3); BGR, or RGB if `time_s` is set."""
    seen_s: float
    """Clock time of capture."""
    time_s: float = nan
    """Time stamp in a file; NaN for live frames."""


class LatestFrameBuffer:
    """Hands the newest frame, and faults, from the capture thread to a reader."""

    def __init__(self, silence_fault: CameraFault | None, give_up_s: float = inf) -> None:
        """`silence_fault` is reported when no frame arrives for 2 s; None if silence is no fault.

        After `give_up_s` without a frame it ends, whatever the capture thread waits for.
        """
        self.stop = threading.Event()
        """Set when no more frames are needed."""
        self.requested = threading.Event()
        """Set when the first frame is requested."""
        self.started = threading.Event()
        """Set by the first frame, or when none will come."""
        self.fault: CameraFault | None = None
        """What is wrong at present; reported already."""
        self.frame_rate = FrameRateMeter()
        self.seen_s = clock_s()
        """Clock time at which the newest frame was captured."""
        self.size_px = (0, 0)
        """Width and height of the newest frame."""
        self.captured = 0
        self.ended = False
        self.given_up = False
        """Whether it has ended because no frame came for too long."""
        self._silence_fault = silence_fault
        self._give_up_s = give_up_s
        self._newest: CapturedFrame | None = None
        self._faults: deque[CameraFault] = deque()
        self._changed = threading.Condition()

    def put(self, captured: CapturedFrame) -> None:
        """Store a frame in place of one not yet taken."""
        with self._changed:
            self._newest = captured
            self.seen_s = captured.seen_s
            self.size_px = (captured.image.shape[1], captured.image.shape[0])
            self.captured += 1
            self.frame_rate.add(captured.seen_s)
            self._changed.notify_all()
        self.started.set()

    def report(self, fault: CameraFault) -> None:
        """Queue a fault, unless it is the present one; `BACK` ends the present fault."""
        with self._changed:
            if fault.kind is not CameraFaultKind.SLOW:
                present = self.fault.kind if self.fault else CameraFaultKind.BACK
                if fault.kind is present or (fault.kind is CameraFaultKind.LOST and present in _EXPLAIN_LOSS):
                    return
                self.fault = None if fault.kind is CameraFaultKind.BACK else fault
            self._faults.append(fault)
            self._changed.notify_all()

    def end(self) -> None:
        """Signal that nothing more will come."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()
        self.started.set()

    def give_up(self) -> None:
        """Signal that nothing more will come, although it should."""
        self.given_up = True
        self.stop.set()
        self.end()

    @property
    def empty(self) -> bool:
        """Whether neither a frame nor a fault is waiting."""
        return self._newest is None and not self._faults

    def rate_hz(self, now_s: float) -> float:
        """Frames per second that arrive; NaN while unknown."""
        with self._changed:
            return self.frame_rate.rate_hz(now_s)

    def get(self, until_s: float) -> CapturedFrame | CameraFault | None:
        """The oldest queued fault, else the newest frame; None at clock time `until_s`, or at the end."""
        with self._changed:
            while True:
                self._check_silence()
                if self._faults:
                    return self._faults.popleft()
                captured, self._newest = self._newest, None
                if captured is not None and clock_s() - captured.seen_s <= _MAX_AGE_S:
                    return captured
                left_s = until_s - clock_s()
                if self.ended or left_s <= 0:
                    return None
                self._changed.wait(min(left_s, _POLL_S))

    def _check_silence(self) -> None:
        reported = self.fault is not None and self.fault.kind is not CameraFaultKind.FROZEN
        if self._silence_fault is None or self.ended:
            return
        silent_s = clock_s() - self.seen_s
        if not reported and self.captured and silent_s > min(_SILENT_S, self._give_up_s):
            self.report(self._silence_fault)
        if silent_s > self._give_up_s:
            self.give_up()


_WINDOW_S = 2.0
"""Window of the frame rate: long enough to be steady at 10 frames per second, short enough to follow changes of the
light."""


class FrameRateMeter:
    """Measures how many frames per second arrive."""

    def __init__(self) -> None:
        self._arrivals_s: deque[float] = deque()

    def add(self, at_s: float) -> None:
        """Note that a frame arrived at `at_s`."""
        self._arrivals_s.append(at_s)
        self._forget(at_s)

    def rate_hz(self, now_s: float) -> float:
        """Frames per second over the last 2 s; NaN if fewer than two arrived in them."""
        self._forget(now_s)
        if len(self._arrivals_s) < 2:
            return nan
        return (len(self._arrivals_s) - 1) / (self._arrivals_s[-1] - self._arrivals_s[0])

    @property
    def is_settled(self) -> bool:
        """Whether frames have arrived for long enough to judge the rate."""
        return len(self._arrivals_s) > 1 and self._arrivals_s[-1] - self._arrivals_s[0] > 0.75 * _WINDOW_S

    def _forget(self, now_s: float) -> None:
        while self._arrivals_s and self._arrivals_s[0] < now_s - _WINDOW_S:
            self._arrivals_s.popleft()


# --- sources -----------------------------------------------------------------------------------------------


class Feed(Protocol):
    """A source of frames that runs on the capture thread."""

    silence_fault: CameraFault | None
    """Fault to report when no frame arrives for a while; None for a source that ends by itself."""

    def run(self, buffer: LatestFrameBuffer) -> None:
        """Fill the buffer until it is stopped or nothing more comes."""

    def interrupt(self) -> None:
        """Let no further wait begin. May be called while it runs."""

    def close(self) -> None:
        """Release the source. Only to be called while it does not run."""


_FAILING_S: Final = 0.5
"""A source without frames for this long is opened again; single reads fail now and then. Heuristic."""

_STARTING_S: Final = 4.0
"""The same before its first frame: some cameras need 2 s to wake up."""

_RETRY_S: Final = 0.02
"""Pause after a failed read."""

_FROZEN_S: Final = 3.0
_STUCK_S: Final = 10.0
"""A frame that stays the same for the first is reported; for the second, the source is opened again, once. Heuristic:
a sensor's noise changes every frame, so three seconds leave no doubt, and opening again interrupts the view."""

SLOW_HZ: Final = 12.0
"""Below this frame rate a quick raise is seen in too few frames to be timed."""

_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 5.0
"""Wait before opening again, doubled each time. Heuristic: quick for a loose plug, gentle to a phone that restarts."""


class ReconnectingSource:
    """A camera or a stream, opened again when it fails, until the buffer is stopped."""

    def __init__(
        self, opener: Opener, first: Capture | None, name: str, interrupt: Callable[[], None] = lambda: None
    ) -> None:
        """`first` is a capture that `opener` opened; None to open it on the capture thread. `name` is for people.

        `interrupt` lets no further wait begin, also while `opener` or a capture is at work.
        """
        self.silence_fault: CameraFault | None = diagnostics.lost(name)
        self._opener = opener
        self._capture: Capture | None = first
        self._name = name
        self.interrupt = interrupt
        self._wait_s = _FIRST_WAIT_S
        self._freeze = FreezeDetector()
        self._reopened_stuck = False
        self._slowness = _SlownessDetector()

    def close(self) -> None:
        """Release the source. Only to be called while it does not run."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def run(self, buffer: LatestFrameBuffer) -> None:
        """Fill the buffer until it is stopped or the source does not open the first time."""
        try:
            if self._capture is None:
                self._capture = self._open(buffer)
            while self._capture is not None:
                self._read_until_failure(self._capture, buffer)
                self.close()
                self._capture = self._reopen(buffer)
        finally:
            self.close()

    def _read_until_failure(self, capture: Capture, buffer: LatestFrameBuffer) -> None:
        """Deliver frames until no more arrive, or the same one over and over."""
        delivered_s = clock_s()
        timeout_s = _STARTING_S
        warmup = _WarmupFilter(delivered_s)
        while not buffer.stop.is_set():
            requested_s = clock_s()
            image, seen_s = read(capture)
            is_fresh = warmup.is_fresh(requested_s, seen_s)
            if image is None:
                if seen_s - delivered_s > timeout_s:
                    return
                buffer.stop.wait(_RETRY_S)
            elif is_fresh:
                delivered_s, timeout_s = seen_s, _FAILING_S
                if self._deliver(CapturedFrame(image, seen_s), buffer):
                    return

    def _deliver(self, captured: CapturedFrame, buffer: LatestFrameBuffer) -> bool:
        """Deliver a frame; True if the source is stuck and opening it again may help."""
        self._wait_s = _FIRST_WAIT_S
        frozen_s = self._freeze.frozen_for_s(captured.image, captured.seen_s)
        buffer.put(captured)
        reported = buffer.fault is not None and buffer.fault.kind is CameraFaultKind.FROZEN
        if frozen_s == 0 or not reported:
            buffer.report(diagnostics.back(self._name))
        if frozen_s > _FROZEN_S:
            buffer.report(diagnostics.frozen(self._name))
        rate_hz = buffer.rate_hz(captured.seen_s)
        if self._slowness.should_report(rate_hz if buffer.frame_rate.is_settled else SLOW_HZ, captured.seen_s):
            buffer.report(diagnostics.slow(self._name, rate_hz))
        is_stuck = frozen_s > _STUCK_S
        reopen = is_stuck and not self._reopened_stuck
        self._reopened_stuck = is_stuck
        return reopen

    def _reopen(self, buffer: LatestFrameBuffer) -> Capture | None:
        """Open the source again, trying as often as it takes; None once the buffer is stopped."""
        while not buffer.stop.wait(self._wait_s):
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            opened = self._open(buffer)
            if opened is not None:
                return opened
        return None

    def _open(self, buffer: LatestFrameBuffer) -> Capture | None:
        opened = self._opener()
        if not isinstance(opened, CameraFault):
            return opened
        buffer.report(opened)
        return None


_STALE_S: Final = 2.5
"""A read that took this long returned what the decoder had left: reading times out after 3 s."""

_SETTLE_S: Final = 0.3
_BACKLOG_S: Final = 2.0
_WAITED_S: Final = 0.015
_WAITS: Final = 2
"""After opening, and after a silence, frames are skipped until 0.3 s have passed and two reads in a row had to wait,
for 2 s at most. Cameras begin with dark frames, streams with a backlog (measured: 0.3 to 1.5 s of frames that arrive
faster than they were recorded, and so would get wrong times)."""


class _WarmupFilter:
    """Tells whether the frames read are current, or left from before the source was opened."""

    def __init__(self, since_s: float) -> None:
        self._since_s: float | None = since_s
        self._waits = 0

    def is_fresh(self, requested_s: float, seen_s: float) -> bool:
        """Whether the frame requested and grabbed at these clock times is current."""
        waited_s = seen_s - requested_s
        if waited_s > _STALE_S:
            self._since_s = seen_s
        if self._since_s is None:
            return True
        self._waits = self._waits + 1 if waited_s > _WAITED_S else 0
        elapsed_s = seen_s - self._since_s
        if elapsed_s > _BACKLOG_S or (elapsed_s > _SETTLE_S and self._waits >= _WAITS):
            self._since_s = None
        return self._since_s is None


_SAMPLED_PX = 16
"""Every 16th pixel both ways is compared first; nearly all frames differ there, which costs next to nothing."""


class FreezeDetector:
    """Detects a frame that does not change in a single pixel.

    A sensor has noise, so the same bytes over and over mean not a quiet room but a driver or a camera that is stuck and
    returns its last frame.
    """

    def __init__(self) -> None:
        self._image: NDArray[np.uint8] | None = None
        self._since_s = nan

    def frozen_for_s(self, image: NDArray[np.uint8], at_s: float) -> float:
        """How long the frame has been the same; 0 if it differs from the one before."""
        if self._image is None or not _is_same(self._image, image):
            self._since_s = at_s
        self._image = image
        return at_s - self._since_s


def _is_same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    sampled = slice(None, None, _SAMPLED_PX)
    return np.array_equal(one[sampled, sampled], other[sampled, sampled]) and np.array_equal(one, other)


_SLOW_FOR_S: Final = 3.0
"""Cameras start slowly and adapt to the light for a second or two."""


class _SlownessDetector:
    """Detects a frame rate that stays low, once."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._reported = False

    def should_report(self, rate_hz: float, now_s: float) -> bool:
        """Whether the rate has now been low for long enough to say so."""
        if rate_hz >= SLOW_HZ:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s > _SLOW_FOR_S and not self._reported:
            self._reported = True
            return True
        return False


class FilePlayback:
    """A recorded file, played at its own speed from the first request on."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises VideoError."""
        self.silence_fault: CameraFault | None = None
        self._video = reader.open_video(path)

    def close(self) -> None:
        """Release the file. Only to be called while it does not run."""
        self._video.__exit__(None, None, None)

    def interrupt(self) -> None:
        """Nothing to do: what it waits for is the buffer's."""

    def run(self, buffer: LatestFrameBuffer) -> None:
        """Fill the buffer until it is stopped or the file ends."""
        buffer.started.set()
        buffer.requested.wait()
        start_s = clock_s()
        with self._video:
            for frame in self._video.frames():
                if buffer.stop.wait(max(0.0, start_s + frame.time_s - clock_s())):
                    return
                buffer.put(CapturedFrame(frame.image, clock_s(), frame.time_s))

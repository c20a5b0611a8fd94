"""The newest frame of a live source, handed from the thread that captures to the one that counts."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING, Final, Protocol

from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault, CameraFaultKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

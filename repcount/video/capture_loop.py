"""Capture loop: reads a live source on a thread, and opens it again when it fails."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import TYPE_CHECKING, Final

import numpy as np

from repcount.video import diagnostics
from repcount.video.capture import Capture, Opener, read
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault, CameraFaultKind
from repcount.video.latest_frame import CapturedFrame, LatestFrameBuffer

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

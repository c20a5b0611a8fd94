"""The capture thread: it reads a live source, reconnects when it fails, and keeps only the newest frame."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from repcount.video import diagnostics, reader
from repcount.video.capture import Capture, Opener, read
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault, CameraFaultKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_WINDOW_S = 2.0
"""The rate is that of so long: long enough to be steady at 10 a second, short enough to follow the light."""

_STEP_PX = 16
"""Every so many pixels are compared first; nearly all pictures differ there, so it costs next to nothing."""


class FrameRateMeter:
    """Measures how many frames a second arrive."""

    def __init__(self) -> None:
        self._beats: deque[float] = deque()

    def beat(self, at_s: float) -> None:
        """Note that a frame arrived at `at_s`."""
        self._beats.append(at_s)
        self._forget(at_s)

    def rate_hz(self, now_s: float) -> float:
        """Frames a second over the last 2 s; NaN while fewer than two arrived in them."""
        self._forget(now_s)
        if len(self._beats) < 2:
            return nan
        return (len(self._beats) - 1) / (self._beats[-1] - self._beats[0])

    @property
    def full(self) -> bool:
        """Whether frames have arrived for long enough to judge the rate."""
        return len(self._beats) > 1 and self._beats[-1] - self._beats[0] > 0.75 * _WINDOW_S

    def _forget(self, now_s: float) -> None:
        while self._beats and self._beats[0] < now_s - _WINDOW_S:
            self._beats.popleft()


class FreezeDetector:
    """Notices a picture that does not change in a single pixel.

    A sensor has noise, so the same bytes again and again are not a quiet room but a driver or a camera that
    is stuck and hands out its last picture.
    """

    def __init__(self) -> None:
        self._image: NDArray[np.uint8] | None = None
        self._since_s = nan

    def seen(self, image: NDArray[np.uint8], at_s: float) -> float:
        """For how many seconds the picture has been the same now; 0 when it is another one."""
        if self._image is None or not _same(self._image, image):
            self._since_s = at_s
        self._image = image
        return at_s - self._since_s


def _same(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    few = slice(None, None, _STEP_PX)
    return np.array_equal(one[few, few], other[few, few]) and np.array_equal(one, other)


_SILENT_S: Final = 2.0
"""No picture for so long is told even while the thread still waits for one. More than any hiccup of a Wi-Fi that
is worth a word. A choice."""

_OLDEST_S: Final = 0.5
"""A picture that waited longer shows what is over; it is not handed out. A choice."""

_LOOK_S: Final = 0.25
"""How often somebody who waits looks whether it is silent."""

_REASONS: Final = (CameraFaultKind.BUSY, CameraFaultKind.REFUSED)


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One picture as it was captured."""

    image: NDArray[np.uint8]
    """Blue-green-red; red-green-blue where it has a time of its own."""
    seen_s: float
    """When it was captured, by the clock."""
    time_s: float = nan
    """The time that a file gives it; NaN for live pictures."""


class LatestFrameBuffer:
    """One thread fills it, another one takes out."""

    def __init__(self, on_silence: CameraFault | None) -> None:
        """`on_silence` is told when no picture came for 2 s; None where that is no trouble."""
        self.stop = threading.Event()
        """Set when nothing is wanted any more."""
        self.wanted = threading.Event()
        """Set when somebody first wants a picture."""
        self.started = threading.Event()
        """Set by the first picture, or when none will come."""
        self.problem: CameraFault | None = None
        """What is wrong now, and was told."""
        self.pulse = FrameRateMeter()
        self.seen_s = clock_s()
        """When the newest picture was captured."""
        self.size_px = (0, 0)
        self.captured = 0
        self.overwritten = 0
        self.ended = False
        self._on_silence = on_silence
        self._newest: CapturedFrame | None = None
        self._troubles: deque[CameraFault] = deque()
        self._changed = threading.Condition()

    def put(self, shot: CapturedFrame) -> None:
        """Lay a picture on top; one that nobody took is gone."""
        with self._changed:
            self.overwritten += self._newest is not None
            self._newest = shot
            self.seen_s = shot.seen_s
            self.size_px = (shot.image.shape[1], shot.image.shape[0])
            self.captured += 1
            self.pulse.beat(shot.seen_s)
            self._changed.notify_all()
        self.started.set()

    def report(self, trouble: CameraFault) -> None:
        """Pass on what went wrong, unless that is known; `BACK` says that it works again."""
        with self._changed:
            if trouble.kind is not CameraFaultKind.SLOW:
                known = self.problem.kind if self.problem else CameraFaultKind.BACK
                # Why there is no picture was told; that there is none is no news.
                if trouble.kind is known or (trouble.kind is CameraFaultKind.LOST and known in _REASONS):
                    return
                self.problem = None if trouble.kind is CameraFaultKind.BACK else trouble
            self._troubles.append(trouble)
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()
        self.started.set()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to take."""
        return self._newest is None and not self._troubles

    def rate_hz(self, now_s: float) -> float:
        """Frames a second that arrive; NaN while that is not known."""
        with self._changed:
            return self.pulse.rate_hz(now_s)

    def get(self, until_s: float) -> CapturedFrame | CameraFault | None:
        """What went wrong, else the newest picture; waits for either `until_s` by the clock, or to the end."""
        with self._changed:
            while True:
                self._hear_silence()
                if self._troubles:
                    return self._troubles.popleft()
                shot, self._newest = self._newest, None
                if shot is not None and clock_s() - shot.seen_s <= _OLDEST_S:
                    return shot
                self.overwritten += shot is not None
                left_s = until_s - clock_s()
                if self.ended or left_s <= 0:
                    return None
                self._changed.wait(min(left_s, _LOOK_S))

    def _hear_silence(self) -> None:
        known = self.problem is not None and self.problem.kind is not CameraFaultKind.FROZEN
        if known or self._on_silence is None or self.ended or not self.captured:
            return
        if clock_s() - self.seen_s > _SILENT_S:
            self.report(self._on_silence)


_STALE_S: Final = 2.5
"""A picture that was waited for so long is one that the decoder had left: reading gives up after 3 s."""

_SETTLE_S: Final = 0.3
_PILED_UP_S: Final = 2.0
_WAITED_S: Final = 0.015
_WAITS: Final = 2
"""After opening, and after a silence, pictures are passed over until 0.3 s are over and two in a row had to be waited
for, for 2 s at most: cameras begin with dark ones, streams with what had piled up (measured: 0.3 to 1.5 s of pictures
that come faster than they were taken, and so would get wrong times)."""

_FAILING_S: Final = 0.5
"""A source that gives nothing for so long is opened anew; single failures happen. A choice."""

_STARTING_S: Final = 4.0
"""The same before its first picture: some cameras need 2 s to wake up."""

_PAUSE_S: Final = 0.02
"""Between two tries to read."""

_FROZEN_S: Final = 3.0
_STUCK_S: Final = 10.0
"""The same picture for so long is told, and for so long makes the source be opened anew, once. Choices."""

SLOW_HZ: Final = 12.0
"""Below this a quick raise is seen in too few frames to be timed."""

_SLOW_FOR_S: Final = 3.0
"""Cameras start slowly and get used to the light for a second or two."""

_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 5.0
"""Between two tries to open, doubled each time: quick for a loose plug, gentle to a phone that restarts. Choices."""

_EVERY_HZ: Final = 1000.0
"""A rate that no file has: all its frames are wanted."""


class Feed(Protocol):
    """A source of pictures."""

    lost_for_good: bool
    """Whether it failed and was given up."""
    on_silence: CameraFault | None
    """What to tell when no picture comes for a while."""

    def run(self, inbox: LatestFrameBuffer) -> None:
        """Fill the inbox until it is stopped or nothing more comes."""

    def close(self) -> None:
        """Let the source go; only while it does not run."""


class ReconnectingSource:
    """A camera or a stream: opened again when it fails, until it gave no picture for `give_up_s`."""

    def __init__(self, open_it: Opener, first: Capture, name: str, give_up_s: float) -> None:
        """`first` is what `open_it` gave, `name` what people are told it is."""
        self.lost_for_good = False
        self.on_silence: CameraFault | None = diagnostics.lost(name)
        self._open = open_it
        self._source: Capture | None = first
        self._name = name
        self._give_up_s = give_up_s
        self._wait_s = _FIRST_WAIT_S
        self._still = FreezeDetector()
        self._reopened = False
        self._slowness = _Slowness()

    def close(self) -> None:
        """Let the source go; only while it does not run."""
        if self._source is not None:
            self._source.release()
            self._source = None

    def run(self, inbox: LatestFrameBuffer) -> None:
        """Fill the inbox until it is stopped or the source is given up."""
        try:
            while self._source is not None:
                self._watch(self._source, inbox)
                self.close()
                self._source = self._reopen(inbox)
        finally:
            self.close()

    def _watch(self, source: Capture, inbox: LatestFrameBuffer) -> None:
        """Hand over pictures until none come any more, or always the same."""
        good_s = clock_s()
        patience_s = _STARTING_S
        start = _WarmupFilter(good_s)
        while not inbox.stop.is_set():
            asked_s = clock_s()
            image, seen_s = read(source)
            fresh = start.is_fresh(asked_s, seen_s)
            if image is None:
                if seen_s - good_s > patience_s:
                    return
                inbox.stop.wait(_PAUSE_S)
            elif fresh:
                good_s, patience_s = seen_s, _FAILING_S
                if self._deliver(CapturedFrame(image, seen_s), inbox):
                    return

    def _deliver(self, shot: CapturedFrame, inbox: LatestFrameBuffer) -> bool:
        """Hand over a picture; True where it has stood still for so long that opening anew may help."""
        self._wait_s = _FIRST_WAIT_S
        still_s = self._still.seen(shot.image, shot.seen_s)
        inbox.put(shot)
        frozen = inbox.problem is not None and inbox.problem.kind is CameraFaultKind.FROZEN
        if still_s == 0 or not frozen:
            inbox.report(diagnostics.back(self._name))
        if still_s > _FROZEN_S:
            inbox.report(diagnostics.frozen(self._name))
        rate_hz = inbox.rate_hz(shot.seen_s)
        if self._slowness.told(rate_hz if inbox.pulse.full else SLOW_HZ, shot.seen_s):
            inbox.report(diagnostics.slow(self._name, rate_hz))
        again = still_s > _STUCK_S and not self._reopened
        self._reopened = still_s > _STUCK_S
        return again

    def _reopen(self, inbox: LatestFrameBuffer) -> Capture | None:
        """Open the source anew, however often it takes; None where it is given up or no longer wanted."""
        while not inbox.stop.wait(self._wait_s):
            if clock_s() - inbox.seen_s > self._give_up_s:
                inbox.report(diagnostics.lost(self._name))
                self.lost_for_good = True
                return None
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            opened = self._open()
            if not isinstance(opened, CameraFault):
                return opened
            inbox.report(opened)
        return None


class _WarmupFilter:
    """Tells when the pictures that come are those of now."""

    def __init__(self, since_s: float) -> None:
        self._since_s: float | None = since_s
        self._waits = 0

    def is_fresh(self, asked_s: float, seen_s: float) -> bool:
        """Whether the picture that was asked for and seen then is one of now."""
        waited_s = seen_s - asked_s
        if waited_s > _STALE_S:
            self._since_s = seen_s
        if self._since_s is None:
            return True
        self._waits = self._waits + 1 if waited_s > _WAITED_S else 0
        late_s = seen_s - self._since_s
        if late_s > _PILED_UP_S or (late_s > _SETTLE_S and self._waits >= _WAITS):
            self._since_s = None
        return self._since_s is None


class _Slowness:
    """Notices a rate that stays low, once."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._told = False

    def told(self, rate_hz: float, now_s: float) -> bool:
        """Whether to tell now."""
        if rate_hz >= SLOW_HZ:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s > _SLOW_FOR_S and not self._told:
            self._told = True
            return True
        return False


class FilePlayback:
    """A recorded file, played at its own speed from when somebody looks."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises VideoError."""
        self.lost_for_good = False
        self.on_silence: CameraFault | None = None
        self._video = reader.open_video(path)

    def close(self) -> None:
        """Let the file go; only while it does not run."""
        self._video.__exit__(None, None, None)

    def run(self, inbox: LatestFrameBuffer) -> None:
        """Fill the inbox until it is stopped or the file ends."""
        inbox.started.set()
        inbox.wanted.wait()
        start_s = clock_s()
        with self._video:
            for frame in self._video.frames(_EVERY_HZ):
                if inbox.stop.wait(max(0.0, start_s + frame.time_s - clock_s())):
                    return
                inbox.put(CapturedFrame(frame.image, clock_s(), frame.time_s))

"""What fills an inbox with pictures: a live source, which may fail and come back, or a file at its own speed."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from repcount import capture
from repcount.camera import faults
from repcount.camera.faults import CameraFault
from repcount.camera.inbox import CapturedFrame, LatestFrameBuffer
from repcount.camera.opening import Capture, Opener, read
from repcount.camera.pulse import FreezeDetector, clock_s
from repcount.moment import Cue

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
        self.on_silence: CameraFault | None = faults.lost(name)
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
        frozen = inbox.problem is not None and inbox.problem.say is Cue.CAMERA_FROZEN
        if still_s == 0 or not frozen:
            inbox.report(faults.back(self._name))
        if still_s > _FROZEN_S:
            inbox.report(faults.frozen(self._name))
        rate_hz = inbox.rate_hz(shot.seen_s)
        if self._slowness.told(rate_hz if inbox.pulse.full else SLOW_HZ, shot.seen_s):
            inbox.report(faults.slow(self._name, rate_hz))
        again = still_s > _STUCK_S and not self._reopened
        self._reopened = still_s > _STUCK_S
        return again

    def _reopen(self, inbox: LatestFrameBuffer) -> Capture | None:
        """Open the source anew, however often it takes; None where it is given up or no longer wanted."""
        while not inbox.stop.wait(self._wait_s):
            if clock_s() - inbox.seen_s > self._give_up_s:
                inbox.report(faults.lost(self._name))
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
        self._video = capture.open_video(path)

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

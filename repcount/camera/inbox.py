"""Between the thread that captures and whoever looks: the newest picture alone, and what went wrong."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Final

from repcount.camera.faults import CameraFault
from repcount.camera.pulse import FrameRateMeter, clock_s
from repcount.moment import Cue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SILENT_S: Final = 2.0
"""No picture for so long is told even while the thread still waits for one. More than any hiccup of a Wi-Fi that
is worth a word. A choice."""

_OLDEST_S: Final = 0.5
"""A picture that waited longer shows what is over; it is not handed out. A choice."""

_LOOK_S: Final = 0.25
"""How often somebody who waits looks whether it is silent."""

_REASONS: Final = (Cue.CAMERA_BUSY, Cue.CAMERA_REFUSED)


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
        """Pass on what went wrong, unless that is known; `CAMERA_BACK` says that it is right again."""
        with self._changed:
            if trouble.say is not Cue.CAMERA_SLOW:
                known = self.problem.say if self.problem else Cue.CAMERA_BACK
                # Why there is no picture was told; that there is none is no news.
                if trouble.say is known or (trouble.say is Cue.CAMERA_LOST and known in _REASONS):
                    return
                self.problem = None if trouble.say is Cue.CAMERA_BACK else trouble
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
        known = self.problem is not None and self.problem.say is not Cue.CAMERA_FROZEN
        if known or self._on_silence is None or self.ended or not self.captured:
            return
        if clock_s() - self.seen_s > _SILENT_S:
            self.report(self._on_silence)

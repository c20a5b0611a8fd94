"""A container's time stamps → seconds from the first frame; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

_FALLBACK_AFTER = 2
"""Frames in a row without a time of their own before a container is held to have none."""

_NUDGE = 0.5
"""A frame stamped no later than the one before it is put this share of a frame behind that one: near to where
it belongs, and never past a next one that is stamped right."""

_RESTART_AFTER = 3
"""Bad stamps in a row after which the container is held to have begun to count anew (joined recordings)."""

_LONGEST_JUMP_S = 86400.0
"""A stamp further ahead than this is taken for damage."""


@dataclass(slots=True)
class TimestampRepair:
    """Turns a container's time stamps into seconds from the first frame, strictly rising.

    A single bad stamp is put just behind the frame before it; where several in a row are bad, the times go
    on from there. A container whose stamps stand still from the beginning has none: its frames are then
    spaced by its frame rate.
    """

    frame_s: float
    first_s: float = math.nan
    last_s: float = math.nan
    frames: int = 0
    repaired: int = 0
    bad_in_a_row: int = 0
    untimed: bool = False

    def stamp(self, container_s: float) -> float:
        """The time of the next frame, given what the container says of it (seconds, may be nonsense)."""
        if self.frames == 0:
            self.first_s, self.last_s = container_s, 0.0
        else:
            if not math.isfinite(self.first_s):
                self.first_s = container_s - self.last_s - self.frame_s
            self.last_s = self._next(container_s - self.first_s)
        self.frames += 1
        return self.last_s

    def _next(self, time_s: float) -> float:
        if not self.untimed and 0 < time_s - self.last_s < _LONGEST_JUMP_S:
            self.bad_in_a_row = 0
            return time_s
        self.repaired += 1
        self.bad_in_a_row += 1
        if self.repaired >= _FALLBACK_AFTER and self.repaired == self.frames:
            self.untimed = True
        if self.untimed:
            return self.frames * self.frame_s
        if self.bad_in_a_row >= _RESTART_AFTER and math.isfinite(time_s):
            self.first_s += time_s - self.last_s - self.frame_s
            self.bad_in_a_row = 0
            return self.last_s + self.frame_s
        return self.last_s + _NUDGE * self.frame_s

    def warning(self) -> str | None:
        """What was not right with the times, for people."""
        if self.untimed:
            return f"the file has no usable time stamps: frames are taken as {1 / self.frame_s:g} a second"
        if self.repaired:
            return f"{self.repaired} of {self.frames} frames had a time stamp that did not rise; they were moved"
        return None

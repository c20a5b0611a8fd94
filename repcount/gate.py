"""Where nothing moves in a video there is nothing to measure; pure numpy."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

NEAR_PX = 160
"""How long the longer side of the small pictures is, about. Of a body that fills three quarters of the picture the
feet move by 0.6 px when the legs turn by 1°."""

_SHARE, _LEAST, _MOST = 0.25, 1.0, 6.0
"""A change by this share of the picture's contrast (its standard deviation) is movement, but no less and no more
than so many grey levels: a dark room has hardly any contrast, and dark legs on a dark mat have little of it in a
bright one. On 59 labelled clips no share up to 0.6 changed a count, and this one moved no start by more than 0.02 s.
Where noise alone is over it nothing is left out."""

_AFTER_S = 0.5
"""So long after the last movement everything is measured: legs sink onto the floor slowly, and the pose model's
landmarks lag. A choice."""

BEFORE_S = 0.25
"""The frames of this time before a movement are to be measured, too: legs leave the floor softly. Without them one
start in ten is 0.06 s late, with them 0.006 s."""

_AT_LEAST_EVERY_S = 5.0
"""One frame in this time is measured whatever happens, should the model's opinion drift; what drifts in the picture
is noticed by itself. A choice."""


class Change(enum.Enum):
    """What has changed in a frame."""

    NOTHING = enum.auto()
    SOMETHING = enum.auto()
    """It is to be measured."""
    MOVEMENT = enum.auto()
    """It is, and so are those of the last `BEFORE_S`."""


class Gate:
    """Looks at small grey pictures, one after the other, and tells which frames have to be measured.

    Each is held against the last measured one, so that what creeps adds up, and against the one before it. The
    answers depend on the pictures and their times alone.
    """

    def __init__(self) -> None:
        self._before: Grey | None = None
        self._measured: Grey | None = None
        self._measured_s = 0.0
        self._moved_s = 0.0

    def look(self, time_s: float, picture: Grey) -> Change:
        """What changed in the next picture. Their times have to rise and their sizes to be the same."""
        change = self._change(time_s, picture)
        self._before = picture
        if change is Change.MOVEMENT:
            self._moved_s = time_s
        if change is not Change.NOTHING:
            self._measured, self._measured_s = picture, time_s
        return change

    def _change(self, time_s: float, picture: Grey) -> Change:
        if self._before is None or self._measured is None:
            return Change.MOVEMENT
        enough = min(max(_SHARE * float(picture.std()), _LEAST), _MOST)
        if largest_change(picture, self._before) > enough:
            return Change.MOVEMENT
        if time_s - self._moved_s <= _AFTER_S or time_s - self._measured_s >= _AT_LEAST_EVERY_S:
            return Change.SOMETHING
        return Change.SOMETHING if largest_change(picture, self._measured) > enough else Change.NOTHING


def largest_change(picture: Grey, before: Grey) -> float:
    """The largest change of the mean of 3 by 3 pixels, in grey levels: single pixels are noise."""
    change = picture.astype(np.int16) - before
    rows = change[:-2] + change[1:-1] + change[2:]
    blocks = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return max(int(blocks.max(initial=0)), -int(blocks.min(initial=0))) / 9

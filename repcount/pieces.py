"""A recorded video cut into pieces that can be measured side by side; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, isfinite
from typing import TYPE_CHECKING

from repcount.gate import BEFORE_S, Change, Gate
from repcount.records import Frame, Pose

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WARM = 5
"""Measured frames before a seam that a piece is given beside its own, so that tracking is warm at the seam."""

LONGEST, SHORTEST = 380, 48
"""Measured frames of a piece. Longer ones cost less to begin; but Ctrl-C and the progress told wait for nothing longer,
and most of one is in memory while the piece before is measured."""

_FIRST = 96
"""The first piece of a longer video: whoever measures the second waits until the first is decoded. Decoding so many
frames takes about as long as loading the pose model, for which both wait anyway."""

_TWO_SHARE, _FIRST_SHARE = 1.8, 0.54
"""What is no longer than 1.8 of the longest pieces is cut into two, the first a little longer, for the second begins
when the first is decoded: landmarks differ by a degree or so after a seam until the new finder has settled."""

_BEGIN = 15
"""To begin a piece takes as long as to measure so many frames: the pose model is loaded, and tracking is warmed up."""

_WORTH = 2
"""What is left at the end is shared if that takes off so many beginnings of the time. A choice."""

_STILL_SHARE = 0.25
"""A piece may be shorter or longer by this share for the next to begin where nothing moves. A choice."""


@dataclass(slots=True)
class Slot:
    """A frame of a piece."""

    time_s: float
    image: NDArray[np.uint8] | None
    """None where nothing moved: the landmarks are those of the frame before. None, too, once it is not needed."""
    still: bool


@dataclass(slots=True, eq=False)
class Piece:
    """A stretch of a video; grows at one end while it is decoded and at the other while it is measured."""

    warm: tuple[Frame, ...]
    """Measured frames from before the seam, in order; empty for the first piece, and once they are not needed."""
    slots: list[Slot] = field(default_factory=list)
    whole: bool = False
    """Whether all slots are there."""
    behind: Piece | None = None
    """The next piece, known by when this one is whole."""
    finder: object = None
    """Who measures it; somebody else's findings do not count."""
    meets: Pose | None = None
    """What was found in the last warm frame."""
    warmed: bool = False
    """Whether that is known."""
    poses: list[Pose | None] = field(default_factory=list)
    """One for each slot."""
    measured: bool = False
    """Whether all poses are there."""
    sure: bool = False
    """Whether who measures it is settled: the finder that began it, where that one comes to agree with the one of the
    piece before, or else the latter. The pictures are kept until then."""


def slots(frames: Iterable[Frame], grey: Callable[[Frame], NDArray[np.uint8]]) -> Iterator[Slot]:
    """What the gate makes of the frames; `grey` makes its small pictures of them."""
    gate = Gate()
    held: deque[Frame] = deque()
    for frame in frames:
        change = gate.look(frame.time_s, grey(frame))
        while held and held[0].time_s < frame.time_s - BEFORE_S:
            yield _slot(held.popleft(), measured=False)
        if change is Change.NOTHING:
            held.append(frame)
            continue
        while held:
            yield _slot(held.popleft(), measured=change is Change.MOVEMENT)
        yield _slot(frame, measured=True)
    for frame in held:
        yield _slot(frame, measured=False)


def _slot(frame: Frame, *, measured: bool) -> Slot:
    return Slot(frame.time_s, frame.image if measured else None, still=not measured)


def cut(slots: Iterable[Slot], expected: float, longest: int = LONGEST) -> Iterator[tuple[Slot, Piece | None]]:
    """Each slot and, where one begins with it, its piece, still empty. About `expected` slots will come, or NaN.

    No piece has more than `longest` measured frames.
    A piece begins with a frame to be measured, if possible where nothing moved before it: tracking has least to
    lose there.
    """
    latest: deque[Frame] = deque(maxlen=WARM)
    two = _Two(longest)
    measured, length, due, still = 0, 0, 0, True
    for looked, slot in enumerate(slots):
        piece = None
        if slot.image is not None:
            if measured >= due - still * _STILL_SHARE * length:
                share = measured / looked if looked else 1.0
                length = two.next(measured, share * (expected - looked))
                due = measured + length
                piece = Piece(tuple(latest))
            measured += 1
            latest.append(Frame(slot.time_s, slot.image))
        still = slot.still
        yield slot, piece


class _Two:
    """How long pieces have to be for two who measure to end together, each taking the next one when it is free.

    How many there are in truth must not change the pieces, or it would change the result; two cores are the least
    that this is made for, and with more of them several videos are counted at a time.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._loads = [0, 0]
        """Measured frames that each has been given; the first is that of the one who took the last piece."""
        self._given = 0

    def next(self, measured: int, left: float) -> int:
        """The length of a piece that begins after so many measured frames, with about so many left, or NaN."""
        if not measured:
            return self._first(left)
        self._loads[0] += measured - self._given + _BEGIN
        self._given = measured
        self._loads.sort()
        return self._length(left, self._loads[1] - self._loads[0])

    def _first(self, left: float) -> int:
        if not left <= _TWO_SHARE * self._longest:
            return min(_FIRST, self._longest)
        return min(max(ceil(_FIRST_SHARE * left), SHORTEST), self._longest)

    def _length(self, left: float, lead: int) -> int:
        """`lead` is how much longer the other one is busy."""
        both_end = (left + lead) / 2
        if not isfinite(left) or (left <= self._longest and left - both_end < _WORTH * _BEGIN):
            return self._longest  # the last piece, if the video holds what it promises
        return min(max(ceil(both_end / ceil(both_end / self._longest)), SHORTEST), self._longest)

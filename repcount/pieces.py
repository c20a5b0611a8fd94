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
"""Measured frames of a piece. To begin one costs as much as 15 frames, so that longer ones are better; but Ctrl-C and
the progress told wait for nothing longer, and most of one is in memory while the piece before is measured."""

_SHARES = 2
"""Between the first piece and the last there is a multiple of so many, so that the work of two goes up evenly."""

_END_SHARE = 0.35
"""The first piece is shorter, because whoever measures the second waits until the first is decoded; so is the last,
for all to end together."""

_LAST_SHORTER = 0.05
"""By this share of a whole one the last is shorter still: decoding the first takes about so much of the time to
measure one."""

_TWO_SHARE = 1.8
"""What is no longer than this many of the longest pieces is cut into two: each seam costs time, and landmarks differ by
a degree or so until the new finder has settled."""

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
    """Measured frames from before the seam, in order; empty for the first piece."""
    slots: list[Slot] = field(default_factory=list)
    whole: bool = False
    """Whether all slots are there."""
    meets: Pose | None = None
    """What was found in the last warm frame."""
    warmed: bool = False
    """Whether that is known."""
    poses: list[Pose | None] = field(default_factory=list)
    """One for each slot."""
    measured: bool = False
    """Whether all poses are there."""
    sure: bool = False
    """Whether it fits what was found before; its pictures are kept until then."""
    dropped: bool = False
    """Whether it does not, so that nobody needs what is found in it any more."""


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
    measured, begun, length, due, still = 0, 0, 0, 0, True
    for looked, slot in enumerate(slots):
        piece = None
        if slot.image is not None:
            if measured >= due - still * _STILL_SHARE * length:
                share = measured / looked if looked else 1.0
                length = _length(share * (expected - looked), begun, longest)
                due = measured + length
                begun += 1
                piece = Piece(tuple(latest))
            measured += 1
            latest.append(Frame(slot.time_s, slot.image))
        still = slot.still
        yield slot, piece


def _length(left: float, begun: int, longest: int) -> int:
    """Measured frames of the next piece, when about so many are left (NaN where that is not known)."""
    if not isfinite(left):
        return longest
    if begun and left <= longest:
        return longest
    ends = _END_SHARE if begun else 2 * _END_SHARE
    between = max(ceil(left / longest - ends), 0) if begun or left > _TWO_SHARE * longest else 0
    between += (between + max(begun - 1, 0)) % _SHARES
    each = left / (between + ends - _LAST_SHORTER)
    return min(max(ceil(each if begun else _END_SHARE * each), SHORTEST), longest)

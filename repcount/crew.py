"""The threads that measure a video: one decodes it, some measure its pieces, and one reads what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count, islice
from types import TracebackType
from typing import Protocol, Self

from repcount.decoded import Decoded
from repcount.pieces import LONGEST, Piece, Slot
from repcount.records import Frame, Pose
from repcount.together import HANDFUL, StoppedError, Together

_AHEAD = 16
"""Frames that are decoded ahead of all who measure. A choice."""

_PATIENCE = 32
"""Slots of the next piece in which two who do not agree at the seam may come to agree. At 180 places in the labelled
clips 37 did not; 34 of them came to agree within 25 slots, the others after 38 and more."""

Found = tuple[Slot, Pose | None]


class Finder(Protocol):
    """Finds one person in frames that come in their order."""

    def find(self, frame: Frame) -> Pose | None:
        """Where the person is in `frame`, None where there is none."""

    def close(self) -> None:
        """Let go of what it holds. It may be called in another thread."""


class Crew:
    """Decodes and measures ahead of whoever reads. A context manager; leaving it ends the work at once.

    What is found does not depend on how many measure, nor on how fast: each piece is begun by a finder of its own,
    and the finder of the piece before goes on over it until the two agree in a frame. Where they do not for long,
    all of it is measured by that one.
    """

    def __init__(
        self,
        cutting: Iterable[tuple[Slot, Piece | None]],
        finder: Callable[[], Finder],
        agree: Callable[[Pose | None, Pose | None], bool],
        jobs: int,
        most: int,
        longest: int = LONGEST,
    ) -> None:
        """One thread reads `cutting`, which tells the slots and where pieces begin; `jobs` others measure.

        `agree` tells whether the poses that two finders have found in one frame are the same. About `most` pictures
        are in memory at a time, where that is enough for a piece of `longest`.
        """
        self._new_finder = finder
        self._agree = agree
        self._finders: set[Finder] = set()
        self._all = Together()
        self._lock, self._wait = self._all.lock, self._all.wait
        self._more_poses, self._seams = self._all.condition(), self._all.condition()
        # All but the first piece of those at work keep their pictures until they are known to fit.
        room = max(min((jobs - 1) * longest, most), longest) + _AHEAD
        self._decoded = Decoded(cutting, self._all, room)
        self._work = [self._decoded.decode, *[self._measure] * jobs]

    def __enter__(self) -> Self:
        self._all.start(self._work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._all.stop()
        for finder in list(self._finders):
            self._close(finder)

    # --- measuring -----------------------------------------------------------------------------------------

    def _measure(self) -> None:
        spare = [self._open()]  # while the first pictures are decoded
        while (piece := self._decoded.to_measure()) is not None:
            finder = spare.pop() if spare else self._open()
            self._warm_up(piece, finder)
            self._measure_from(piece, finder)

    def _measure_from(self, piece: Piece, finder: Finder) -> None:
        """Measure a piece and, with the same finder, those behind it in which nobody comes to agree with it."""
        while self._measured(piece, finder) and (behind := self._behind(piece, finder)) is not None:
            other = self._begun(behind)
            goes_on, ends = (other, finder) if self._met(piece, behind, finder, other) else (finder, other)
            if ends is not None:
                self._close(ends)
            if goes_on is None:
                return
            piece, finder = behind, goes_on
        self._close(finder)

    def _measured(self, piece: Piece, finder: Finder) -> bool:
        """Measure what is left of a piece; False where it was taken away meanwhile."""
        if not all(self._tell(piece, finder, *found) for found in self._found(piece, finder, piece.poses)):
            return False
        with self._lock:
            if piece.finder is not finder:
                return False
            piece.measured = True
            self._more_poses.notify_all()
            return True

    def _found(self, piece: Piece, finder: Finder, before: Sequence[Pose | None] = ()) -> Iterator[Found]:
        """What `finder` finds in the slots of a piece behind those in which it has found `before`."""
        pose, numbers = before[-1] if before else None, count(len(before))
        while (slot := self._decoded.slot(piece, next(numbers))) is not None:
            image = slot.image  # of a piece that was taken away it may be gone any moment
            if image is not None:
                pose = finder.find(Frame(slot.time_s, image))
            yield slot, pose

    def _tell(self, piece: Piece, finder: Finder, slot: Slot, pose: Pose | None) -> bool:
        with self._lock:
            if piece.finder is not finder:
                return False
            piece.poses.append(pose)
            if piece.sure:
                self._decoded.free([slot])
            if len(piece.poses) % HANDFUL == 0:
                self._more_poses.notify_all()
            return True

    def _open(self) -> Finder:
        self._finders.add(finder := self._new_finder())
        return finder

    def _close(self, finder: Finder) -> None:
        self._finders.discard(finder)
        finder.close()

    # --- seams ---------------------------------------------------------------------------------------------

    def _warm_up(self, piece: Piece, finder: Finder) -> None:
        pose = None
        for frame in piece.warm:
            pose = finder.find(frame)
        with self._lock:
            piece.finder, piece.meets, piece.warmed, piece.warm = finder, pose, True, ()
            self._seams.notify_all()

    def _behind(self, piece: Piece, finder: Finder) -> Piece | None:
        """The next one, if there is one and what `finder` has found in this one stands."""
        with self._lock:
            self._wait(self._seams, lambda: piece.sure)
            return piece.behind if piece.finder is finder else None

    def _begun(self, piece: Piece) -> Finder | None:
        """A finder for a piece that nobody has begun; None where somebody else has."""
        if not self._decoded.take(piece):
            return None
        finder = self._open()
        self._warm_up(piece, finder)
        return finder

    def _met(self, piece: Piece, behind: Piece, finder: Finder, other: Finder | None) -> bool:
        """Go on over the next piece until what who has begun it finds, or `other`, agrees; False where it does not."""
        with self._lock:
            self._wait(self._seams, lambda: behind.warmed)
        poses: list[Pose | None] = []
        met = self._agree(piece.poses[-1], behind.meets)
        both = zip(self._found(behind, finder), self._others(behind, other), strict=False)
        for (_, pose), others in islice(both, 0 if met else _PATIENCE):
            if met := self._agree(pose, others):
                break
            poses.append(pose)
        self._settle(behind, poses, None if met else finder)
        return met

    def _others(self, piece: Piece, other: Finder | None) -> Iterator[Pose | None]:
        """What is found in a piece by who has begun it in another thread, or by `other` in this one."""
        if other is None:
            yield from map(partial(self._pose, piece), count())
        else:
            for slot, pose in self._found(piece, other):
                self._tell(piece, other, slot, pose)
                yield pose

    def _pose(self, piece: Piece, number: int) -> Pose | None:
        with self._lock:
            self._wait(self._more_poses, lambda: len(piece.poses) > number)
            return piece.poses[number]

    def _settle(self, piece: Piece, poses: list[Pose | None], finder: Finder | None) -> None:
        """Let `poses` stand at its beginning and then what `finder` will find, or who has begun it."""
        with self._lock:
            if finder is None:
                piece.poses[: len(poses)] = poses
            else:
                piece.finder, piece.poses, piece.measured = finder, poses, False
            piece.sure = True
            self._decoded.free(piece.slots[: len(piece.poses)])
            self._seams.notify_all()

    # --- reading -------------------------------------------------------------------------------------------

    def read(self) -> Iterator[Found]:
        """All slots in their order, each with what was found. Raises what went wrong in any thread."""
        try:
            while (piece := self._decoded.to_read()) is not None:
                yield from self._told(piece)
        except StoppedError:
            if self._all.error is None:
                raise RuntimeError("the crew was left while it was read") from None
            raise self._all.error from None

    def _told(self, piece: Piece) -> Iterator[Found]:
        with self._lock:
            self._wait(self._seams, lambda: piece.sure)
        told = 0
        while found := self._more_told(piece, told):
            yield from found
            told += len(found)

    def _more_told(self, piece: Piece, told: int) -> list[Found]:
        with self._lock:
            self._wait(self._more_poses, lambda: len(piece.poses) >= told + HANDFUL or piece.measured)
            until = len(piece.poses)
            return list(zip(piece.slots[told:until], piece.poses[told:until], strict=True))

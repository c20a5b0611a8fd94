"""The threads that measure a video: one decodes it, some measure its pieces, and one reads what they found."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from types import TracebackType
from typing import Protocol, Self

from repcount.pieces import LONGEST, Piece, Slot
from repcount.records import Frame, Pose
from repcount.together import StoppedError, Together

_AHEAD = 16
"""Frames that are decoded ahead of all who measure. A choice."""

_HANDFUL = 8
"""Findings that are handed to the reader at a time, and pictures that have to be gone before decoding goes on: a
thread that is woken for each takes time from those who measure. A choice."""

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
    and is measured again by the finder of the piece before where the two do not agree at the seam.
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
        self._cutting = cutting
        self._new_finder = finder
        self._agree = agree
        self._finders: set[Finder] = set()
        self._all = Together()
        self._lock, self._wait = self._all.lock, self._all.wait
        self._more_room, self._more_slots, self._more_poses, self._seams = (self._all.condition() for _ in range(4))
        # All but the first piece of those at work keep their pictures until they are known to fit.
        self._room = max(min((jobs - 1) * longest, most), longest) + _AHEAD
        self._to_measure: deque[Piece] = deque()
        self._to_read: deque[Piece] = deque()
        self._all_decoded = False
        self._work = [self._decode, *[self._measure] * jobs]

    def __enter__(self) -> Self:
        self._all.start(self._work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._all.stop()
        for finder in list(self._finders):
            self._close(finder)

    # --- decoding ------------------------------------------------------------------------------------------

    def _decode(self) -> None:
        piece = Piece((), sure=True)  # of no slots
        for slot, begun in self._cutting:
            if begun is not None:
                self._begin(piece, begun)
                piece = begun
            self._add(piece, slot)
        with self._lock:
            piece.whole = self._all_decoded = True
            self._more_slots.notify_all()

    def _begin(self, before: Piece, piece: Piece) -> None:
        with self._lock:
            before.whole, before.behind = True, piece
            piece.sure = not before.slots
            self._to_measure.append(piece)
            self._to_read.append(piece)
            self._more_slots.notify_all()

    def _add(self, piece: Piece, slot: Slot) -> None:
        with self._lock:
            if not slot.still and self._room <= 0:
                self._wait(self._more_room, lambda: self._room >= _HANDFUL)
            self._room -= not slot.still
            piece.slots.append(slot)
            self._more_slots.notify_all()

    def _next(self, pieces: deque[Piece]) -> Piece | None:
        with self._lock:
            self._wait(self._more_slots, lambda: pieces or self._all_decoded)
            return pieces.popleft() if pieces else None

    def _slot(self, piece: Piece, number: int) -> Slot | None:
        with self._lock:
            self._wait(self._more_slots, lambda: len(piece.slots) > number or piece.whole)
            return piece.slots[number] if len(piece.slots) > number else None

    def _free(self, slot: Slot) -> None:
        """Let go of its picture; the lock has to be held."""
        self._room += slot.image is not None
        slot.image = None
        if self._room >= _HANDFUL:
            self._more_room.notify()

    # --- measuring -----------------------------------------------------------------------------------------

    def _measure(self) -> None:
        spare = [self._open()]  # while the first pictures are decoded
        while (piece := self._next(self._to_measure)) is not None:
            finder = spare.pop() if spare else self._open()
            self._warm_up(piece, finder)
            self._measure_from(piece, finder)

    def _measure_from(self, piece: Piece, finder: Finder) -> None:
        """Measure a piece and, with the same finder, those behind it that do not agree with what it has found."""
        while self._measured(piece, finder) and (behind := self._behind(piece, finder)) is not None:
            other = self._begun(behind)
            goes_on, ends = (other, finder) if self._agreed(piece, behind, finder) else (finder, other)
            if ends is not None:
                self._close(ends)
            if goes_on is None:
                return
            piece, finder = behind, goes_on
        self._close(finder)

    def _measured(self, piece: Piece, finder: Finder) -> bool:
        """Measure all of a piece; False where it was taken away meanwhile."""
        if not all(self._tell(piece, finder, slot, pose) for slot, pose in self._found(piece, finder)):
            return False
        with self._lock:
            if piece.finder is not finder:
                return False
            piece.measured = True
            self._more_poses.notify()
            return True

    def _found(self, piece: Piece, finder: Finder) -> Iterator[Found]:
        pose, numbers = None, count()
        while (slot := self._slot(piece, next(numbers))) is not None:
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
                self._free(slot)
            if len(piece.poses) % _HANDFUL == 0:
                self._more_poses.notify()
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
        with self._lock:
            if not self._to_measure or self._to_measure[0] is not piece:
                return None
            self._to_measure.popleft()
        finder = self._open()
        self._warm_up(piece, finder)
        return finder

    def _agreed(self, piece: Piece, behind: Piece, finder: Finder) -> bool:
        """Whether what was found in the next piece stands; otherwise `finder` has to measure it."""
        with self._lock:
            self._wait(self._seams, lambda: behind.warmed)
        agreed = self._agree(piece.poses[-1], behind.meets)
        with self._lock:
            if not agreed:
                behind.finder, behind.poses, behind.measured = finder, [], False
            behind.sure = True
            for slot in behind.slots[: len(behind.poses)]:
                self._free(slot)
            self._seams.notify_all()
        return agreed

    # --- reading -------------------------------------------------------------------------------------------

    def read(self) -> Iterator[Found]:
        """All slots in their order, each with what was found. Raises what went wrong in any thread."""
        try:
            while (piece := self._next(self._to_read)) is not None:
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
            self._wait(self._more_poses, lambda: len(piece.poses) >= told + _HANDFUL or piece.measured)
            until = len(piece.poses)
            return list(zip(piece.slots[told:until], piece.poses[told:until], strict=True))

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

_AHEAD = 32
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
        jobs: int,
        most: int,
        longest: int = LONGEST,
    ) -> None:
        """One thread reads `cutting`, which tells the slots and where pieces begin; `jobs` others measure.

        About `most` pictures are in memory at a time, where that is enough for a piece of `longest`.
        """
        self._cutting = cutting
        self._new_finder = finder
        self._finders: dict[Piece, Finder] = {}
        self._all = Together()
        self._lock, self._wait = self._all.lock, self._all.wait
        self._more_room, self._more_slots, self._more_poses = (self._all.condition() for _ in range(3))
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
        for piece in list(self._finders):
            self._close(piece)

    # --- decoding ------------------------------------------------------------------------------------------

    def _decode(self) -> None:
        piece = Piece(())
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
            before.whole = True
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
        spare = [self._new_finder()]  # made while the first pictures are decoded
        try:
            while (piece := self._next(self._to_measure)) is not None:
                self._finders[piece] = spare.pop() if spare else self._new_finder()
                self._measure_piece(piece, self._finders[piece])
        finally:
            for finder in spare:
                finder.close()

    def _measure_piece(self, piece: Piece, finder: Finder) -> None:
        self._warm_up(piece, finder)
        for slot, pose in self._found(piece, finder):
            self._tell(piece, slot, pose)
            if piece.dropped:
                break
        with self._lock:
            piece.measured = True
            self._more_poses.notify()
        if piece.dropped:
            self._close(piece)

    def _warm_up(self, piece: Piece, finder: Finder) -> None:
        pose = None
        for frame in piece.warm:
            pose = finder.find(frame)
        with self._lock:
            piece.meets, piece.warmed = pose, True
            self._more_poses.notify()

    def _found(self, piece: Piece, finder: Finder) -> Iterator[Found]:
        pose, numbers = None, count()
        while (slot := self._slot(piece, next(numbers))) is not None:
            image = slot.image  # of a dropped piece it may be gone any moment
            if image is not None:
                pose = finder.find(Frame(slot.time_s, image))
            yield slot, pose

    def _tell(self, piece: Piece, slot: Slot, pose: Pose | None) -> None:
        with self._lock:
            piece.poses.append(pose)
            if piece.sure:
                self._free(slot)
            if len(piece.poses) % _HANDFUL == 0:
                self._more_poses.notify()

    def _close(self, piece: Piece) -> None:
        finder = self._finders.pop(piece, None)
        if finder is not None:
            finder.close()

    # --- reading -------------------------------------------------------------------------------------------

    def read(self, agree: Callable[[Pose | None, Pose | None], bool]) -> Iterator[Found]:
        """All slots in their order, each with what was found.

        `agree` tells whether the poses that two finders have found in one frame are the same. Raises what went
        wrong in any thread.
        """
        try:
            yield from self._read(agree)
        except StoppedError:
            if self._all.error is None:
                raise RuntimeError("the crew was left while it was read") from None
            raise self._all.error from None

    def _read(self, agree: Callable[[Pose | None, Pose | None], bool]) -> Iterator[Found]:
        last: Pose | None = None
        begun: Piece | None = None  # the one whose finder went on up to here
        while (piece := self._next(self._to_read)) is not None:
            with self._lock:
                self._wait(self._more_poses, lambda: piece.warmed)
            if begun is None or agree(last, piece.meets):
                self._take(piece)
                if begun is not None:
                    self._close(begun)
                begun, found = piece, self._told(piece)
            else:
                self._drop(piece)
                found = self._again(piece, self._finders[begun])
            for slot, pose in found:
                last = last if slot.still else pose
                yield slot, pose

    def _take(self, piece: Piece) -> None:
        with self._lock:
            piece.sure = True
            for slot in piece.slots[: len(piece.poses)]:
                self._free(slot)

    def _told(self, piece: Piece) -> Iterator[Found]:
        told = 0
        while found := self._more_told(piece, told):
            yield from found
            told += len(found)

    def _more_told(self, piece: Piece, told: int) -> list[Found]:
        with self._lock:
            self._wait(self._more_poses, lambda: len(piece.poses) >= told + _HANDFUL or piece.measured)
            until = len(piece.poses)
            return list(zip(piece.slots[told:until], piece.poses[told:until], strict=True))

    def _drop(self, piece: Piece) -> None:
        with self._lock:
            piece.dropped = True
            measured = piece.measured
        if measured:
            self._close(piece)

    def _again(self, piece: Piece, finder: Finder) -> Iterator[Found]:
        for slot, pose in self._found(piece, finder):
            with self._lock:
                self._free(slot)
            yield slot, pose

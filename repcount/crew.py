"""The threads that measure a video: one decodes it, some measure its pieces, and one reads what they found."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from types import TracebackType
from typing import Protocol, Self

from repcount.pieces import LONGEST, Piece, Slot
from repcount.records import Frame, Pose

_AHEAD = 32
"""Frames that are decoded ahead of all who measure. A choice."""

THREAD = "repcount at work"
"""The name of all threads."""

_LOOK_S = 0.25
"""How often somebody who waits looks up: on Windows, Ctrl-C is not heard while a thread waits without an end."""

Found = tuple[Slot, Pose | None]


class Finder(Protocol):
    """Finds one person in frames that come in their order."""

    def find(self, frame: Frame) -> Pose | None:
        """Where the person is in `frame`, None where there is none."""

    def close(self) -> None:
        """Let go of what it holds. It may be called in another thread."""


class _StoppedError(Exception):
    """Unwinds a thread whose work is not wanted any more."""


class Crew:
    """Decodes and measures ahead of whoever reads. A context manager; leaving it ends the work at once.

    What is found does not depend on how many measure, nor on how fast: each piece is begun by a finder of its own,
    and is measured again by the finder of the piece before where the two do not agree at the seam.
    """

    def __init__(
        self, cutting: Iterable[tuple[Slot, Piece | None]], finder: Callable[[], Finder], jobs: int, most: int
    ) -> None:
        """One thread reads `cutting`, which tells the slots and where pieces begin; `jobs` others measure.

        About `most` pictures are in memory at a time, where that is enough for a piece.
        """
        self._cutting = cutting
        self._new_finder = finder
        self._finders: dict[Piece, Finder] = {}
        self._changed = threading.Condition()
        # All but the first piece of those at work keep their pictures until they are known to fit.
        self._room = max(min((jobs - 1) * LONGEST, most), LONGEST) + _AHEAD
        self._to_measure: deque[Piece] = deque()
        self._to_read: deque[Piece] = deque()
        self._all_decoded = False
        self._stopped = False
        self._error: BaseException | None = None
        work = [self._decode, *[self._measure] * jobs]
        self._threads = [threading.Thread(target=self._do, args=[each], name=THREAD, daemon=True) for each in work]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        for piece in list(self._finders):
            self._close(piece)

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _StoppedError:
            pass
        except BaseException as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _wait(self, ready: Callable[[], object]) -> None:
        """Wait until something is so; the lock has to be held."""
        while not (self._stopped or self._error or ready()):
            self._changed.wait(_LOOK_S)
        if self._stopped or self._error:
            raise _StoppedError

    # --- decoding ------------------------------------------------------------------------------------------

    def _decode(self) -> None:
        piece = Piece(())
        for slot, begun in self._cutting:
            if begun is not None:
                self._begin(piece, begun)
                piece = begun
            self._add(piece, slot)
        with self._changed:
            piece.whole = self._all_decoded = True
            self._changed.notify_all()

    def _begin(self, before: Piece, piece: Piece) -> None:
        with self._changed:
            before.whole = True
            self._to_measure.append(piece)
            self._to_read.append(piece)
            self._changed.notify_all()

    def _add(self, piece: Piece, slot: Slot) -> None:
        with self._changed:
            self._wait(lambda: slot.still or self._room > 0)
            self._room -= not slot.still
            piece.slots.append(slot)
            self._changed.notify_all()

    def _next(self, pieces: deque[Piece]) -> Piece | None:
        with self._changed:
            self._wait(lambda: pieces or self._all_decoded)
            return pieces.popleft() if pieces else None

    def _slot(self, piece: Piece, number: int) -> Slot | None:
        with self._changed:
            self._wait(lambda: len(piece.slots) > number or piece.whole)
            return piece.slots[number] if len(piece.slots) > number else None

    def _free(self, slot: Slot) -> None:
        self._room += slot.image is not None
        slot.image = None

    # --- measuring -----------------------------------------------------------------------------------------

    def _measure(self) -> None:
        while (piece := self._next(self._to_measure)) is not None:
            finder = self._finders[piece] = self._new_finder()
            self._warm_up(piece, finder)
            for slot, pose in self._found(piece, finder):
                self._tell(piece, slot, pose)
                if piece.dropped:
                    break
            with self._changed:
                piece.measured = True
                self._changed.notify_all()
            if piece.dropped:
                self._close(piece)

    def _warm_up(self, piece: Piece, finder: Finder) -> None:
        pose = None
        for frame in piece.warm:
            pose = finder.find(frame)
        with self._changed:
            piece.meets, piece.warmed = pose, True
            self._changed.notify_all()

    def _found(self, piece: Piece, finder: Finder) -> Iterator[Found]:
        pose, numbers = None, count()
        while (slot := self._slot(piece, next(numbers))) is not None:
            image = slot.image  # of a dropped piece it may be gone any moment
            if image is not None:
                pose = finder.find(Frame(slot.time_s, image))
            yield slot, pose

    def _tell(self, piece: Piece, slot: Slot, pose: Pose | None) -> None:
        with self._changed:
            piece.poses.append(pose)
            if piece.sure:
                self._free(slot)
            self._changed.notify_all()

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
        except _StoppedError:
            if self._error is None:
                raise RuntimeError("the crew was left while it was read") from None
            raise self._error from None

    def _read(self, agree: Callable[[Pose | None, Pose | None], bool]) -> Iterator[Found]:
        last: Pose | None = None
        begun: Piece | None = None  # the one whose finder went on up to here
        while (piece := self._next(self._to_read)) is not None:
            with self._changed:
                self._wait(lambda: piece.warmed)
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
        with self._changed:
            piece.sure = True
            for slot in piece.slots[: len(piece.poses)]:
                self._free(slot)
            self._changed.notify_all()

    def _told(self, piece: Piece) -> Iterator[Found]:
        numbers = count()
        while (found := self._one_told(piece, next(numbers))) is not None:
            yield found

    def _one_told(self, piece: Piece, number: int) -> Found | None:
        with self._changed:
            self._wait(lambda: len(piece.poses) > number or piece.measured)
            return (piece.slots[number], piece.poses[number]) if len(piece.poses) > number else None

    def _drop(self, piece: Piece) -> None:
        with self._changed:
            piece.dropped = True
            measured = piece.measured
        if measured:
            self._close(piece)

    def _again(self, piece: Piece, finder: Finder) -> Iterator[Found]:
        for slot, pose in self._found(piece, finder):
            with self._changed:
                self._free(slot)
                self._changed.notify_all()
            yield slot, pose

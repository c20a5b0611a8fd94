"""What has been decoded of a video and is not yet measured or read: pieces that grow, in limited room."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from repcount.pieces import Piece, Slot
from repcount.together import HANDFUL, Together


class Decoded:
    """Pieces in the order of the video. One thread decodes them, others take them and let their pictures go."""

    def __init__(self, cutting: Iterable[tuple[Slot, Piece | None]], together: Together, room: int) -> None:
        """`cutting` tells the slots and where pieces begin; no more than `room` pictures are kept at a time."""
        self._cutting = cutting
        self._lock, self._wait = together.lock, together.wait
        self._room = room
        self._more_room, self._more_slots = together.condition(), together.condition()
        self._to_measure: deque[Piece] = deque()
        self._to_read: deque[Piece] = deque()
        self._all = False

    def decode(self) -> None:
        """Decode everything; the work of a thread."""
        piece = Piece((), sure=True)  # of no slots
        for slot, begun in self._cutting:
            if begun is not None:
                self._begin(piece, begun)
                piece = begun
            self._add(piece, slot)
        with self._lock:
            piece.whole = self._all = True
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
                self._wait(self._more_room, lambda: self._room >= HANDFUL)
            self._room -= not slot.still
            piece.slots.append(slot)
            self._more_slots.notify_all()

    def to_measure(self) -> Piece | None:
        """The next piece that nobody has begun to measure; None at the end."""
        return self._next(self._to_measure)

    def to_read(self) -> Piece | None:
        """The next piece that has not been read; None at the end."""
        return self._next(self._to_read)

    def _next(self, pieces: deque[Piece]) -> Piece | None:
        with self._lock:
            self._wait(self._more_slots, lambda: pieces or self._all)
            return pieces.popleft() if pieces else None

    def take(self, piece: Piece) -> bool:
        """Take this one to measure it, unless somebody has it."""
        with self._lock:
            if not self._to_measure or self._to_measure[0] is not piece:
                return False
            self._to_measure.popleft()
            return True

    def slot(self, piece: Piece, number: int) -> Slot | None:
        """A slot of a piece, once it is decoded; None behind its end."""
        with self._lock:
            self._wait(self._more_slots, lambda: len(piece.slots) > number or piece.whole)
            return piece.slots[number] if len(piece.slots) > number else None

    def free(self, slots: Iterable[Slot]) -> None:
        """Let go of their pictures; the lock has to be held."""
        for slot in slots:
            self._room += slot.image is not None
            slot.image = None
        if self._room >= HANDFUL:
            self._more_room.notify()

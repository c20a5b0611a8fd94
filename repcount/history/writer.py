"""Writing a live session to the history on a thread of its own: no disk and no lock holds a frame or a word."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from math import nan
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.errors import HistoryError
from repcount.history.database import BusyError
from repcount.history.file import waiting_path
from repcount.history.store import HistoryStore, Recorded, SessionRecorder
from repcount.types import Phase, Update

_ATTEMPT_S = 0.25
"""How long an attempt waits for another program, and the pause before the next. Heuristic: what waits is written soon
after a lock goes, and the end of the session is never far."""

_OPENING_S = 2.0
"""How long opening is waited for, so that the day's count is known and faults are told before the person lies down.
Heuristic: it takes some 20 ms, and the camera has just taken seconds."""

_LEAVING_S = 1.0
"""How long the thread is given to notice that the session is over: more than an attempt, less than the two seconds in
which Ctrl-C has to end a program."""

Begin = Callable[[HistoryStore], SessionRecorder]
"""Begins the session in a history."""


class HistoryWriter:
    """Records one session. A context manager; all methods return at once unless they take a time.

    Updates are handed over by `write` and written in order. Whatever cannot be written waits and is tried again until
    `end`; what is left then goes into a file of its own beside the history, which the next program that writes to the
    history takes over.

    Entering raises HistoryError if the history cannot be opened for another reason than that a program holds it.
    """

    def __init__(self, path: Path, begin: Begin, today: Callable[[], date]) -> None:
        """`today` is called on the writer's thread."""
        self._path, self._begin, self._today = path, begin, today
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._changed = threading.Condition()
        """Guards what follows, which both threads use, and is notified of every change."""
        self._queue: deque[Update] = deque()
        self._failed = 0
        """Events that were taken from the queue and are not on the disk."""
        self._opened = False
        self._end_s: float | None = None
        self._ended = False
        self._abandoned = False
        self._error: HistoryError | None = None
        self._others: tuple[date, int] | None = None
        self._notes: deque[str] = deque()
        self._events: list[Recorded] = []

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._opened or self._refused() is not None, _OPENING_S)
                refused = self._refused()
            if refused is not None:
                raise refused
        except BaseException:  # Ctrl-C, too
            self._abandon()
            raise
        return self

    def _refused(self) -> HistoryError | None:
        """Why the history cannot be opened at all; None if it can, or may be as soon as another program lets go."""
        return None if self._opened or isinstance(self._error, BusyError) else self._error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandon()

    def write(self, update: Update) -> None:
        """Hand over the events of an update."""
        events = [event for event in update.events if isinstance(event, Recorded)]
        if events:
            self._events += events
            with self._changed:
                self._queue.append(update)
                self._changed.notify_all()

    @property
    def unsaved(self) -> int:
        """How many reps and removals that were handed over are not on the disk."""
        with self._changed:
            return self._failed + sum(_count(update) for update in self._queue)

    @property
    def error(self) -> HistoryError | None:
        """Why the last attempt failed; None if it did not."""
        with self._changed:
            return self._error

    def wait(self, timeout_s: float) -> bool:
        """Wait until everything handed over is on the disk; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._failed, timeout_s)

    def others_on(self, day: date) -> int:
        """Full reps of the same person on that day in other sessions, as far as they are known by now."""
        with self._changed:
            known = self._others
        return known[1] if known is not None and known[0] == day else 0

    def notes(self) -> list[str]:
        """What there is to tell the user since the last call."""
        notes = []
        with suppress(IndexError):
            while True:
                notes.append(self._notes.popleft())
        return notes

    def end(self, after_s: float, patience_s: float, cancelled: Callable[[], bool]) -> None:
        """Close the session `after_s` seconds after its start; waits for at most `patience_s`.

        `cancelled` ends the waiting. What is not on the disk then is written beside the history, and a note says so.
        Raises HistoryError if that fails as well.
        """
        with self._changed:
            self._end_s = after_s
            self._changed.notify_all()
        until_s = time.monotonic() + patience_s
        with self._changed:
            while not self._ended and time.monotonic() < until_s and not cancelled():
                self._changed.wait(0.05)
        self._abandon()
        if self._ended or not self.unsaved:
            return
        if self._thread.is_alive():
            raise HistoryError(f"the disk of the history {self._path} does not answer")
        reason = self.error or f"the history {self._path} could not be written in time"
        beside = waiting_path(self._path)
        with HistoryStore(beside, self._notes.append) as store:
            recorder = self._begin(store)
            recorder.write(Update(None, nan, Phase.UNKNOWN, tuple(self._events)))
            recorder.end(after_s)
        self._notes.append(
            f"{reason}. This session is kept beside it, as {beside.name}; the next `repcount live` takes it over"
        )

    def _abandon(self) -> None:
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(_LEAVING_S)

    # --- on the thread ---

    def _run(self) -> None:
        while True:
            try:
                with HistoryStore(self._path, self._notes.append, _ATTEMPT_S) as store:
                    self._serve(self._begin(store))
                return
            except HistoryError as error:
                if self._pause_after(error, 0):
                    return

    def _serve(self, recorder: SessionRecorder) -> None:
        """Write what is handed over, until the session has ended or nobody waits any more."""
        while True:
            with self._changed:
                while self._queue:
                    recorder.add(self._queue.popleft())
                self._failed = recorder.waiting
                end_s = self._end_s
                last = end_s is not None or self._abandoned
            try:
                recorder.flush()
                if last:
                    recorder.end(end_s)
                day = self._today()
                others = day, recorder.others_on(day)
            except HistoryError as error:
                if self._pause_after(error, recorder.waiting):
                    return
                continue
            with self._changed:
                self._failed, self._error, self._others, self._opened = 0, None, others, True
                self._ended = end_s is not None
                self._changed.notify_all()
                if last:
                    return
                self._changed.wait_for(lambda: self._queue or self._end_s is not None or self._abandoned)

    def _pause_after(self, error: HistoryError, failed: int) -> bool:
        """Publish that an attempt failed and wait until the next; whether there is to be none."""
        with self._changed:
            self._failed, self._error = failed, error
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._abandoned, _ATTEMPT_S)
            return self._abandoned


def _count(update: Update) -> int:
    return sum(isinstance(event, Recorded) for event in update.events)

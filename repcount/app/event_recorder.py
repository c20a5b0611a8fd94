"""What becomes of the updates of a live session: history, other sinks, the day's count, and when a rep is announced."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from repcount.coaching.events import Announcement, LiveUpdate
from repcount.counting.counter import reps_on_record
from repcount.errors import HistoryError
from repcount.history.store import Recorded
from repcount.history.totals import day_of
from repcount.history.writer import HistoryWriter
from repcount.messages import plural
from repcount.pipeline import Sink
from repcount.types import Rep, Update
from repcount.video.clock import clock_s

_SAVING_S = 0.03
"""How long the frame loop waits for a rep to be on the disk. Less than half of the time between two analysed frames, so
that no frame is lost, and three times what a commit takes on a solid-state disk."""

_HOLD_S = 0.5
"""How long a rep is not announced because it is not on the disk. Heuristic: the number still belongs to the rep that
has just ended; the next one takes at least a second."""

_PATIENCE_S = 5.0
"""How long the end of a session waits for the history. Heuristic: most programs that hold it are done by then."""


_UP_TO_DATE = "note: the history is up to date again, with all reps"


@dataclass(slots=True)
class EventRecorder:
    """Hands updates to the history and the sinks, and holds announcements back until what they tell is on the disk.

    A rep is announced as soon as it is kept, at the latest after `_HOLD_S`; while the history is behind, at once.
    Nothing here waits for the disk.
    """

    history: HistoryWriter | None
    """None if no history can be kept."""
    started: datetime
    started_s: float
    """When the session started, by the calendar and by the monotonic clock."""
    note: Callable[[str], None]
    sinks: list[Sink] = field(default_factory=list)
    behind: bool = False
    """Whether reps have been announced that are not on the disk."""
    _counted: list[Recorded] = field(default_factory=list)
    _own: tuple[date, int, int] | None = None
    """The full reps of this session on a day, as of so many events; asked for with every frame."""
    _unsaved_since_s: float | None = None
    _held: deque[LiveUpdate] = field(default_factory=deque)
    """Updates and announcements that are held back, in order."""

    def __call__(self, update: Update) -> int:
        """Record one update; returns the full reps of the day."""
        self._counted += [event for event in update.events if isinstance(event, Recorded)]
        if self.history is not None:
            self.history.write(update)
        for sink in self.sinks:
            sink.write(update)
        return self.today

    @property
    def day(self) -> date:
        """Today by the session's own clock, because the calendar may jump: the day to which a rep is assigned."""
        return (self.started + timedelta(seconds=clock_s() - self.started_s)).date()

    @property
    def today(self) -> int:
        """The full reps of the day: those of this session, saved or not, and those of others in the history."""
        day = self.day
        if self._own is None or self._own[:2] != (day, len(self._counted)):
            own = sum(rep.full and day_of(self.started, rep) == day for rep in self._reps())
            self._own = day, len(self._counted), own
        return self._own[2] + (self.history.others_on(day) if self.history is not None else 0)

    def release(self, update: LiveUpdate, *, last: bool = False) -> LiveUpdate:
        """What to show now: `update` with the updates and announcements that may be told, and how many are not saved.

        `last`: all of them, after waiting for the disk if need be.
        """
        if self.history is None:
            return update
        self._held.append(update)
        announces = any(each.announcements or _has_events(each) for each in self._held)
        if announces and self.history.unsaved and not self.behind:
            self.history.wait(_HOLD_S if last else _SAVING_S)
        unsaved = self.history.unsaved
        self._watch(unsaved, 0.0 if last else _HOLD_S)
        held = [] if unsaved and not self.behind and announces and not last else list(self._held)
        for _ in held:
            self._held.popleft()
        updates = tuple(each for one in held for each in one.updates)
        announcements: tuple[Announcement, ...] = tuple(each for one in held for each in one.announcements)
        status = replace(update.status, unsaved=unsaved if self.behind else 0)
        return replace(update, status=status, updates=updates, announcements=announcements)

    def _watch(self, unsaved: int, hold_s: float) -> None:
        """Notice, and say once each, when the history has been behind for `hold_s` and when it has caught up."""
        assert self.history is not None
        now_s = time.monotonic()
        self._unsaved_since_s = (self._unsaved_since_s or now_s) if unsaved else None
        for text in self.history.notes():
            self.note(text)
        if self.behind and not unsaved:
            self.behind = False
            self.note(_UP_TO_DATE)
        elif unsaved and not self.behind and now_s - (self._unsaved_since_s or now_s) >= hold_s:
            self.behind = True
            reason = self.history.error or "the disk of the history is slow"
            self.note(f"{reason}. Counting goes on, reps wait and are written as soon as that is possible")

    def end(self, time_s: float, patience: bool, cancelled: Callable[[], bool]) -> None:
        """Close the session in the history; without `patience` it hardly waits for one that is held."""
        if self.history is None:
            return
        behind = self.history.unsaved > 0
        if behind and patience:
            self.note(f"waiting up to {_PATIENCE_S:.0f} s for the history (Ctrl-C: no longer)")
        try:
            self.history.end(time_s, _PATIENCE_S if patience else _HOLD_S, cancelled)
        except HistoryError as error:
            numbers = {rep.number for rep in self._reps()}
            unsaved = [event for event in self._counted[-self.history.unsaved :] if isinstance(event, Rep)]
            lost = [rep for rep in unsaved if rep.number in numbers]
            self.note(f"{plural(len(lost), 'rep')} could not be kept: {error}. {self._content()}")
        if behind and not self.history.unsaved:
            self.note(_UP_TO_DATE)
        for text in self.history.notes():
            self.note(text)

    def _content(self) -> str:
        """The counts of the session, for those whose reps are nowhere else."""
        reps = self._reps()
        each = ", ".join(f"{rep.number} {'full' if rep.full else 'partial'}" for rep in reps)
        return f"This session had {plural(sum(rep.full for rep in reps), 'full rep')}: {each}"

    def _reps(self) -> list[Rep]:
        """The reps of this session as they stand."""
        return reps_on_record(self._counted)


def _has_events(update: LiveUpdate) -> bool:
    return any(each.events for each in update.updates)

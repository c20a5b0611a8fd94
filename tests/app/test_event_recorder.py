"""When a rep is announced, and what is said where the history is behind: against locks of a real process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.histories import START, Holder, asked, filled, rep, update

from repcount.app import event_recorder
from repcount.app.event_recorder import EventRecorder
from repcount.coaching.events import Announcement, Cue, LiveUpdate, SessionStatus, Stage
from repcount.config import Config
from repcount.history.store import HistoryStore, SessionRecorder
from repcount.history.writer import HistoryWriter
from repcount.types import Rep, RepRemoved, TargetSet
from repcount.video.clock import clock_s


@pytest.fixture
def path(history: Path) -> Path:
    return history


FRAME_S = 1 / 15


@dataclass
class Clock:
    """What the recorder takes for the time: it passes with the frames, however busy this machine is."""

    now_s: float = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(event_recorder, "time", made)
    return made


@contextmanager
def recording(path: Path) -> Iterator[tuple[EventRecorder, list[str]]]:
    """A recorder of a session that begins now, and what it notes."""
    notes: list[str] = []
    recorder = EventRecorder(None, START, clock_s(), notes.append)

    def begin(history: HistoryStore) -> SessionRecorder:
        return history.begin(START, "0", "free", Config())

    with HistoryWriter(path, begin, lambda: recorder.day) as recorder.history:
        yield recorder, notes


def frame() -> LiveUpdate:
    return LiveUpdate(0.0, None, None, "", SessionStatus(Stage.COUNTING))


def counted(recorder: EventRecorder, number: int) -> LiveUpdate:
    """What the coach makes of a frame in which a rep ends."""
    made = update(rep(number))
    recorder(made)
    return LiveUpdate(0.0, None, None, "", SessionStatus(Stage.COUNTING), (made,), (Announcement(Cue.COUNT, number),))


def numbers_of(shown: LiveUpdate) -> list[int]:
    """The numbers of the reps that are announced, by voice and in the lines of the terminal alike."""
    said = [each.number for each in shown.announcements if each.cue is Cue.COUNT]
    assert said == [event.number for each in shown.updates for event in each.events if isinstance(event, Rep)]
    return said


def waited_for(recorder: EventRecorder) -> bool:
    """Whether the disk has all of it, in the end."""
    assert recorder.history is not None
    return recorder.history.wait(20)


def test_what_is_announced_is_on_the_disk(path: Path) -> None:
    """The clock stands still, so nothing is announced for having waited."""
    with recording(path) as (recorder, notes):
        for number in range(1, 6):
            shown = recorder.release(counted(recorder, number))
            while numbers_of(shown) != [number]:
                assert numbers_of(shown) == []
                assert waited_for(recorder)
                shown = recorder.release(frame())
            assert asked(path, "SELECT max(number) FROM rep") == [(number,)]
    assert notes == []


def test_a_rep_that_is_not_on_the_disk_is_not_announced(path: Path) -> None:
    with recording(path) as (recorder, _):
        with Holder(path) as holder:
            shown = [recorder.release(counted(recorder, 1)), recorder.release(frame())]
            holder.let_go()
        assert waited_for(recorder)
        assert [numbers_of(each) for each in (*shown, recorder.release(frame()))] == [[], [], [1]]


def test_a_lock_delays_no_announcement_by_more_than_half_a_second_and_is_reported_once(
    path: Path, clock: Clock
) -> None:
    with recording(path) as (recorder, notes), Holder(path) as holder:
        assert recorder.history is not None
        shown = recorder.release(counted(recorder, 1))
        while recorder.history.error is None:
            recorder.history.wait(0.1)
        began_s = clock.now_s
        while numbers_of(shown) != [1]:
            clock.now_s += FRAME_S
            shown = recorder.release(frame())
        assert 0.5 <= clock.now_s - began_s < 0.5 + 2 * FRAME_S
        assert [numbers_of(recorder.release(counted(recorder, number))) for number in range(2, 6)] == [
            [2],
            [3],
            [4],
            [5],
        ]
        assert notes == [
            f"cannot write the history {path}: another program holds it. Try again when that is done. Counting goes "
            "on, reps wait and are written as soon as that is possible"
        ]
        assert recorder.release(frame()).status.unsaved == 5
        holder.let_go()
        assert waited_for(recorder)
        assert recorder.release(frame()).status.unsaved == 0
        assert notes[1:] == ["note: the history is up to date again, with all reps"]
        recorder.release(counted(recorder, 6))
        assert waited_for(recorder)
    assert asked(path, "SELECT number FROM rep ORDER BY number") == [(n,) for n in range(1, 7)]


@pytest.mark.slow
def test_the_end_tells_what_was_held_back(path: Path) -> None:
    with recording(path) as (recorder, notes), Holder(path):
        assert numbers_of(recorder.release(counted(recorder, 1))) == []
        assert numbers_of(recorder.release(frame(), last=True)) == [1]
        assert "Counting goes on, reps wait" in notes[-1], "what is told and not on the disk is said so"
        recorder.end(60, patience=False, cancelled=lambda: False)
        assert "is kept beside it, as history.waiting-1.sqlite3" in notes[-1]


def test_the_end_waits_for_a_lock_that_goes(path: Path) -> None:
    with recording(path) as (recorder, notes), Holder(path) as holder:
        recorder(update(rep(1)))
        timer = threading.Timer(0.5, holder.let_go)
        timer.start()
        recorder.end(60, patience=True, cancelled=lambda: False)
        timer.join()
    assert notes == [
        "waiting up to 5 s for the history (Ctrl-C: no longer)",
        "note: the history is up to date again, with all reps",
    ]
    assert asked(path, "SELECT number, ended_utc IS NOT NULL FROM rep, session") == [(1, 1)]


@pytest.mark.slow
def test_reps_that_can_be_kept_nowhere_are_told_with_their_content(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recording(path) as (recorder, notes), Holder(path):
        for number in (1, 2, 3):
            recorder(update(rep(number, full=number != 2)))
        recorder(update(RepRemoved(16.0, 1)))
        monkeypatch.setattr("repcount.history.writer.waiting_path", lambda path: path / "below" / "a file")
        recorder.end(60, patience=False, cancelled=lambda: False)
    assert notes[-1].startswith("2 reps could not be kept: ")
    assert notes[-1].endswith("This session had 1 full rep: 2 partial, 3 full")


def test_the_day_counts_what_is_on_the_disk_and_what_waits(path: Path) -> None:
    filled(path, rep(1), rep(2), started=START - timedelta(hours=1))
    with recording(path) as (recorder, _), Holder(path):
        assert recorder.today == 2
        assert [recorder(update(rep(1))), recorder(update(rep(2, full=False))), recorder(update(rep(3)))] == [3, 3, 4]
        assert recorder(update(RepRemoved(16.0, 1))) == 3
        recorder(update(rep(4, full=False)))
        assert recorder(update(TargetSet(21.0, 50.0, (2, 4)))) == 5
    without = EventRecorder(None, START, clock_s(), print)
    assert [without(update(rep(1))), without(update(RepRemoved(6.0, 1)))] == [1, 0]

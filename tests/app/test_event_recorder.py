"""When a rep is announced, and what is said where the history is behind: against locks of a real process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from support.histories import START, Holder, asked, filled, rep, update

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


def told(shown: LiveUpdate) -> list[int]:
    """The numbers of the reps that are announced, by voice and in the lines of the terminal alike."""
    said = [each.number for each in shown.announcements if each.cue is Cue.COUNT]
    assert said == [event.number for each in shown.updates for event in each.events if isinstance(event, Rep)]
    return said


def until_told(recorder: EventRecorder, number: int) -> float:
    """Show frames until a rep is announced; the seconds that took."""
    began_s = time.monotonic()
    shown = recorder.release(counted(recorder, number))
    while told(shown) != [number]:
        assert told(shown) == []
        assert time.monotonic() - began_s < 5
        shown = recorder.release(frame())
        time.sleep(0.01)
    return time.monotonic() - began_s


def test_what_is_announced_is_on_the_disk(path: Path) -> None:
    with recording(path) as (recorder, notes):
        for number in range(1, 6):
            until_told(recorder, number)
            assert asked(path, "SELECT max(number) FROM rep") == [(number,)]
    assert notes == []


def test_a_lock_delays_no_announcement_by_more_than_a_second_and_is_reported_once(path: Path) -> None:
    with recording(path) as (recorder, notes), Holder(path) as holder:
        delays_s = [until_told(recorder, number) for number in range(1, 6)]
        assert 0.4 < delays_s[0] < 1
        assert max(delays_s[1:]) < 0.2
        assert notes == [
            f"cannot write the history {path}: another program holds it. Try again when that is done. Counting goes "
            "on, reps wait and are written as soon as that is possible"
        ]
        assert recorder.release(frame()).status.unsaved == 5
        holder.let_go()
        assert recorder.history is not None
        assert recorder.history.wait(10)
        assert recorder.release(frame()).status.unsaved == 0
        assert notes[1:] == ["note: the history is up to date again, with all reps"]
        until_told(recorder, 6)
    assert asked(path, "SELECT number FROM rep ORDER BY number") == [(n,) for n in range(1, 7)]


def test_frames_are_shown_while_the_words_wait(path: Path) -> None:
    with recording(path) as (recorder, _), Holder(path):
        began_s = time.monotonic()
        shown = [recorder.release(counted(recorder, 1))]
        shown += [recorder.release(frame()) for _ in range(3)]
        assert time.monotonic() - began_s < 0.4
        assert [told(each) for each in shown] == [[]] * 4


@pytest.mark.slow
def test_the_end_tells_what_was_held_back(path: Path) -> None:
    with recording(path) as (recorder, notes), Holder(path):
        assert told(recorder.release(counted(recorder, 1))) == []
        assert told(recorder.release(frame(), last=True)) == [1]
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

"""The history never holds a frame or a word, and what waits for it is not lost: against locks of a real process."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.histories import DAY, START, Holder, asked, filled, opened, rep, silent, update
from support.programs import Cli

from repcount.config import Config
from repcount.errors import HistoryError
from repcount.history import writer
from repcount.history.database import BusyError
from repcount.history.store import HistoryStore, SessionRecorder
from repcount.history.writer import HistoryWriter
from repcount.types import Event, RepRemoved

SOON_S = 10.0
"""For what takes a moment, on a machine that has much else to do."""


@pytest.fixture
def path(history: Path) -> Path:
    return history


def begin(history: HistoryStore) -> SessionRecorder:
    return history.begin(START, "0", "free", Config())


def writing(path: Path) -> HistoryWriter:
    return HistoryWriter(path, begin, lambda: DAY)


def never() -> bool:
    return False


def numbers(path: Path) -> list[tuple[object, ...]]:
    return asked(path, "SELECT number, removed FROM rep ORDER BY number")


def test_what_is_handed_over_is_on_the_disk_soon(path: Path) -> None:
    with writing(path) as history:
        for number in (1, 2, 3):
            history.write(update(rep(number)))
            assert history.wait(SOON_S)
            assert numbers(path) == [(n, 0) for n in range(1, number + 1)]
        history.end(60, SOON_S, never)
        assert (history.unsaved, history.notes()) == (0, [])
    with opened(path) as kept:
        assert [session.length_s for session in kept.sessions()] == [60]


@pytest.mark.parametrize("reps", [0, 2])
def test_a_session_that_nobody_ends_is_kept_where_it_has_a_rep(reps: int, path: Path) -> None:
    """As where Ctrl-C comes in the moment after the history is open."""
    with writing(path) as history:
        for number in range(1, reps + 1):
            history.write(update(rep(number)))
    assert asked(path, "SELECT ended_utc FROM session") == [(None,)] * (reps > 0)
    assert numbers(path) == [(number, 0) for number in range(1, reps + 1)]


def test_a_lock_holds_nobody_and_all_is_written_in_order_when_it_goes(path: Path) -> None:
    filled(path, rep(1), started=START - timedelta(hours=1))
    with writing(path) as history:
        history.write(update(rep(1)))
        assert history.wait(SOON_S)
        assert history.others_on(DAY) == 1
        with Holder(path) as holder:
            began_s = time.monotonic()
            events: list[Event] = [rep(2), rep(3), RepRemoved(16.0, 2), *map(rep, range(4, 30))]
            for event in events:
                history.write(update(event))
                assert history.others_on(DAY) == 1
            assert time.monotonic() - began_s < 5, "none of them has waited for the lock, not to speak of each"
            while history.error is None:
                assert not history.wait(0.1)
            assert isinstance(history.error, BusyError)
            assert history.unsaved == 29
            assert asked(path, "SELECT count(*) FROM rep WHERE session_id = 2") == [(1,)]
            holder.let_go()
            assert history.wait(SOON_S)
        assert history.error is None
        history.end(200, SOON_S, never)
    assert asked(path, "SELECT number FROM rep WHERE session_id = 2 AND NOT removed ORDER BY number") == [
        (n,) for n in (1, *range(3, 30))
    ]


def test_a_lock_from_before_the_session_costs_no_rep(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_OPENING_S", 0.3)
    filled(path, rep(1), rep(2), started=START - timedelta(hours=1))
    with Holder(path) as holder:
        began_s = time.monotonic()
        with writing(path) as history:
            assert time.monotonic() - began_s < SOON_S
            history.write(update(rep(1)))
            assert (history.unsaved, history.others_on(DAY)) == (1, 0)
            holder.let_go()
            assert history.wait(SOON_S)
            assert history.others_on(DAY) == 2
            history.end(60, SOON_S, never)
    assert len(asked(path, "SELECT id FROM session")) == 2


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_lock_to_the_end_puts_the_session_beside_the_history_and_the_next_takes_it_over(
    from_the_start: bool, path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_OPENING_S", 0.1)
    filled(path, rep(1), started=START - timedelta(days=1))
    beside = path.with_name("history.waiting-1.sqlite3")

    def session(history: HistoryWriter) -> None:
        for event in (rep(2), RepRemoved(11.0, 1), rep(3, full=False)):
            history.write(update(event))
        history.end(60, 0.1, never)
        (note,) = history.notes()
        assert note == (
            f"cannot write the history {path}: another program holds it. Try again when that is done. This session is "
            "kept beside it, as history.waiting-1.sqlite3; the next `repcount live` takes it over"
        )

    if from_the_start:
        with Holder(path), writing(path) as history:
            history.write(update(rep(1)))
            session(history)
    else:
        with writing(path) as history:
            history.write(update(rep(1)))
            assert history.wait(SOON_S)
            with Holder(path):
                session(history)
    assert beside.stat().st_mode & 0o777 == 0o600
    # Whoever looks sees it, and changes nothing.
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert cli("history", "export").out.count("2026-11-22T07:30:05+01:00,") == 2
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before
    with opened(path) as store:
        found = store.sessions()
        assert store.full_reps_on(DAY) == 1
    assert [[each.number for each in session.reps] for session in found] == [[1], [2, 3]]
    assert found[-1].length_s == 60
    kept = asked(path, "SELECT number, removed FROM rep WHERE day = '2026-11-22' ORDER BY number")
    assert kept == [(1, 1), (2, 0), (3, 0)]
    assert list(path.parent.iterdir()) == [path]


def test_what_waits_beside_the_history_and_cannot_be_read_stays_and_is_reported(path: Path) -> None:
    filled(path, rep(1))
    beside = path.with_name("history.waiting-1.sqlite3")
    filled(beside, rep(1), started=START + timedelta(days=1))
    with HistoryStore(beside, silent) as store:
        store._db.execute("UPDATE rep SET top_s = 'at noon'")
    before = beside.read_bytes()
    notices: list[str] = []
    with HistoryStore(path, notices.append) as store:
        assert len(store.sessions()) == 1
    (notice,) = notices
    assert "holds what repcount did not write: top_s is 'at noon'. What waits in it is not in the history" in notice
    assert beside.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"Dear diary"])
def test_what_only_has_the_name_of_a_waiting_session_is_left_alone(content: bytes, path: Path) -> None:
    filled(path, rep(1))
    other = path.with_name("history.waiting-1.sqlite3")
    other.write_bytes(content)
    filled(path, rep(1))
    assert other.read_bytes() == content


def test_two_take_over_the_same_session_and_it_is_there_once(path: Path) -> None:
    beside = path.with_name("history.waiting-1.sqlite3")
    filled(path, rep(1), started=START - timedelta(days=1))
    filled(beside, rep(1), rep(2))
    content = beside.read_bytes()
    for _ in range(2):
        beside.write_bytes(content)
        with opened(path) as store:
            assert [len(session.reps) for session in store.sessions()] == [1, 2]


def test_the_waiting_at_the_end_is_bounded_and_can_be_cancelled(path: Path) -> None:
    filled(path, rep(1))
    for patience_s, cancelled in ((0.3, never), (60.0, lambda: True)):
        with writing(path) as history, Holder(path):
            history.write(update(rep(1)))
            began_s = time.monotonic()
            history.end(60, patience_s, cancelled)
            assert time.monotonic() - began_s < SOON_S


def test_a_session_without_reps_leaves_nothing_beside_the_history(path: Path) -> None:
    filled(path, rep(1))
    with writing(path) as history, Holder(path):
        history.end(60, 0.1, never)
        assert history.notes() == []
    assert [file for file in path.parent.iterdir() if "waiting" in file.name] == []


def removed(path: Path) -> None:
    path.unlink()


def replaced_by_a_text(path: Path) -> None:
    path.unlink()
    path.write_text("Dear diary,\n", encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("lose", "beside"), [(removed, False), (replaced_by_a_text, True)])
def test_a_file_that_is_lost_in_mid_session_costs_no_rep(
    lose: Callable[[Path], None], beside: bool, path: Path
) -> None:
    with writing(path) as history:
        history.write(update(rep(1), rep(2)))
        assert history.wait(SOON_S)
        lose(path)
        history.write(update(rep(3)))
        assert history.wait(1.0 if beside else SOON_S) is not beside
        history.end(60, 0.3, never)
    kept = path.with_name("history.waiting-1.sqlite3") if beside else path
    assert asked(kept, "SELECT number FROM rep ORDER BY number") == [(1,), (2,), (3,)]


def test_what_is_no_history_is_refused_at_once(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("Dear diary", encoding="utf-8")
    with pytest.raises(HistoryError, match="another kind of file"), writing(path):
        pass

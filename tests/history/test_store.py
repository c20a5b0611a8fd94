"""Sessions and reps in the history: nothing that was announced is lost, whatever happens."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields, replace
from datetime import date, datetime, timedelta, timezone
from math import nan
from pathlib import Path

import pytest
from support.histories import DAY, START, asked, filled, opened, rep, update
from support.programs import ROOT

from repcount.config import Config
from repcount.errors import HistoryError
from repcount.history.store import HistoryStore
from repcount.types import Flag, Rep, RepRemoved, TargetSet


@pytest.fixture
def path(history: Path) -> Path:
    return history


# --- what is kept -------------------------------------------------------------------------------------------


def test_a_session_is_kept_with_all_that_is_known_of_it(path: Path) -> None:
    by_hand = rep(3, start_s=nan, top_s=nan, raise_s=nan, lower_s=nan, knee_deg=nan, flags=(Flag.BY_HAND,))
    reps = [rep(1), rep(2, full=False, flags=(Flag.SHORT_TOP, Flag.FAST_LOWER), pause_s=1.5, set=2), by_hand]
    settings = Config(full_deg=70.0, tempo="3/0/3/0")
    with opened(path) as history:
        recorder = history.begin(START, "0", "3x30", settings)
        recorder.write(update(*reps))
        recorder.end(16.5)
    with opened(path) as history:
        (session,) = history.sessions()
    assert (session.id, session.source, session.plan, session.settings) == (recorder.id, "0", "3x30", settings)
    assert (session.started, session.started.utcoffset()) == (START, timedelta(hours=1))
    assert session.length_s == 16.5
    assert repr(session.reps) == repr(tuple(reps))  # NaN is equal to nothing


def test_a_rep_is_committed_when_it_is_written(path: Path) -> None:
    """Another process sees it at once, while the session goes on."""
    with opened(path) as history:
        recorder = history.begin(START, "0", "free", Config())
        for number in (1, 2, 3):
            recorder.write(update(rep(number)))
            assert asked(path, "SELECT number FROM rep ORDER BY number") == [(n,) for n in range(1, number + 1)]


def test_a_rep_taken_off_by_hand_is_kept_and_does_not_count(path: Path) -> None:
    with opened(path) as history:
        recorder = history.begin(START, "0", "free", Config())
        recorder.write(update(rep(1)))
        recorder.write(update(rep(2)))
        recorder.write(update(RepRemoved(11.0, 2)))
        recorder.write(update(rep(3)))
        assert history.full_reps_on(DAY) == 2
        (session,) = history.sessions()
    assert [each.number for each in session.reps] == [1, 3]
    assert asked(path, "SELECT number, removed FROM rep ORDER BY number") == [(1, 0), (2, 1), (3, 0)]


def test_partial_reps_that_a_target_makes_full_count_with_all_that_was_measured(path: Path) -> None:
    low = {"full": False, "top_flexion_deg": 55.0}
    reps = [
        rep(1, **low, flags=(Flag.SHORT_TOP,)),
        rep(2, **low, flags=(Flag.SHORT_TOP, Flag.FAST_LOWER)),
        rep(3, **low, flags=(Flag.FAST_RAISE, Flag.SHORT_TOP, Flag.HANDS_OFF_HEAD)),
    ]
    with opened(path) as history:
        recorder = history.begin(START, "0", "free", Config())
        recorder.write(update(*reps))
        recorder.write(update(TargetSet(16.0, 51.0, (2, 3))))
        assert history.full_reps_on(DAY) == 2
        recorder.write(update(rep(4)))
        (session,) = history.sessions()
    assert session.settings == Config(full_deg=51.0)
    assert session.reps == (
        reps[0],
        replace(reps[1], full=True, flags=(Flag.FAST_LOWER,)),
        replace(reps[2], full=True, flags=(Flag.FAST_RAISE, Flag.HANDS_OFF_HEAD)),
        rep(4),
    )


def test_a_session_without_reps_leaves_no_trace(path: Path) -> None:
    filled(path)
    assert asked(path, "SELECT * FROM session") == []


def test_a_session_that_was_cut_off_ends_with_its_last_rep(path: Path) -> None:
    with opened(path) as history:
        history.begin(START, "0", "free", Config()).write(update(rep(1), rep(2)))
    with opened(path) as history:
        (session,) = history.sessions()
    assert session.ended is None
    assert session.length_s == 10.0


def test_the_start_of_a_session_needs_its_zone(path: Path) -> None:
    with opened(path) as history, pytest.raises(ValueError, match="time zone"):
        history.begin(START.replace(tzinfo=None), "0", "free", Config())


def test_the_columns_are_the_fields_of_a_rep(path: Path) -> None:
    """A new field needs a new step."""
    filled(path, rep(1))
    columns = {str(row[0]) for row in asked(path, "SELECT name FROM pragma_table_info('rep')")}
    assert columns == {field.name for field in fields(Rep)} | {"session_id", "day", "removed"}


def test_what_this_version_does_not_know_is_left_out(path: Path) -> None:
    """Another version of repcount may have had other flags and settings in the same columns."""
    filled(path, rep(1))
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE rep SET flags = 'fast_raise;tongue_out'")
        other.execute("""UPDATE session SET settings = '{"full_deg": 70, "gravity": 9.8}'""")
        other.commit()
    with opened(path) as history:
        (session,) = history.sessions()
    assert session.reps[0].flags == (Flag.FAST_RAISE,)
    assert session.settings == Config(full_deg=70)


# --- days ---------------------------------------------------------------------------------------------------


def test_the_sum_of_the_day_is_over_all_sessions_and_of_full_reps(path: Path) -> None:
    filled(path, rep(1), rep(2, full=False))
    filled(path, rep(1), rep(2), started=START + timedelta(hours=10))
    filled(path, rep(1), started=START - timedelta(days=1))
    with opened(path) as history:
        assert history.full_reps_on(DAY) == 3
        assert history.full_reps_on(DAY + timedelta(days=1)) == 0


def test_over_midnight_each_rep_counts_on_its_own_day(path: Path) -> None:
    filled(path, rep(1), rep(2), rep(3), started=START.replace(hour=23, minute=59, second=49))
    with opened(path) as history:
        assert [history.full_reps_on(DAY), history.full_reps_on(DAY + timedelta(days=1))] == [2, 1]
        assert len(history.sessions(DAY + timedelta(days=1))[0].reps) == 3
        assert history.span() == (DAY, DAY + timedelta(days=1))


def test_a_clock_that_is_set_back_loses_nothing(path: Path) -> None:
    """The second session starts before the first by the clock; within one the clock plays no part."""
    filled(path, rep(1), rep(2), started=START)
    filled(path, rep(1), started=START - timedelta(minutes=30))
    with opened(path) as history:
        assert history.full_reps_on(DAY) == 3
        assert [session.id for session in history.sessions()] == [2, 1]


def test_the_repeated_hour_in_autumn_is_of_one_day_and_in_order(path: Path) -> None:
    summer, winter = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
    filled(path, rep(1), started=datetime(2026, 10, 25, 2, 30, tzinfo=winter))
    filled(path, rep(1), rep(2, end_s=3 * 3600.0), started=datetime(2026, 10, 25, 2, 30, tzinfo=summer))
    with opened(path) as history:
        assert history.full_reps_on(date(2026, 10, 25)) == 3
        assert [session.started.utcoffset() for session in history.sessions()] == [
            timedelta(hours=2),
            timedelta(hours=1),
        ]


# --- the file is lost in mid-session ------------------------------------------------------------------------


def removed(path: Path) -> None:
    path.unlink()


def removed_with_its_log(path: Path) -> None:
    for file in list(path.parent.iterdir()):
        file.unlink()


def removed_with_its_folder(path: Path) -> None:
    removed_with_its_log(path)
    path.parent.rmdir()


def moved(path: Path) -> None:
    path.rename(path.with_name("moved.sqlite3"))


def replaced(path: Path) -> None:
    """By another history, in which the number of the session is somebody else's."""
    other = path.with_name("other.sqlite3")
    filled(other, rep(1), rep(2), started=START - timedelta(days=1))
    other.replace(path)


def brought_back(path: Path) -> None:
    """By an older state of the same file, as it happens where folders are synchronised."""
    copy = path.with_name("copy.sqlite3")
    with closing(sqlite3.connect(path)) as source:
        source.execute("VACUUM INTO ?", [str(copy)])
    copy.replace(path)


@pytest.mark.parametrize(
    ("lose", "sessions"),
    [
        (removed, [[1, 3, 4]]),
        (removed_with_its_log, [[1, 3, 4]]),
        (removed_with_its_folder, [[1, 3, 4]]),
        (moved, [[1, 3, 4]]),
        (replaced, [[1, 2], [1, 3, 4]]),
        (brought_back, [[1, 3, 4]]),
    ],
)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_file_that_is_lost_in_mid_session_costs_no_rep(
    lose: Callable[[Path], object], sessions: list[list[int]], at_the_end: bool, path: Path
) -> None:
    notices: list[str] = []
    with HistoryStore(path, notices.append) as history:
        recorder = history.begin(START, "0", "free", Config())
        for each in (rep(1), rep(2), RepRemoved(11.0, 2), rep(3)):
            recorder.write(update(each))
        if at_the_end:
            recorder.write(update(rep(4)))
        lose(path)
        if not at_the_end:
            recorder.write(update(rep(4)))
            assert asked(path, "SELECT count(*) FROM rep WHERE number = 4") == [(1,)]
            assert history.full_reps_on(DAY) == 3
        recorder.end(60)
    assert len(notices) == (lose is not brought_back)
    assert all("was removed or replaced; this session is written again" in line for line in notices)
    with opened(path) as history:
        assert [[each.number for each in session.reps] for session in history.sessions()] == sessions
        assert history.sessions()[-1].length_s == 60
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]
    left = {file.name for file in path.parent.iterdir()}
    assert left == {path.name, *(["moved.sqlite3"] if lose is moved else [])}


def test_what_was_kept_in_a_file_that_is_moved_stays_in_it(path: Path) -> None:
    with HistoryStore(path, lambda _: None) as history:
        recorder = history.begin(START, "0", "free", Config())
        recorder.write(update(rep(1), rep(2)))
        moved(path)
        recorder.write(update(rep(3)))
    assert asked(path.with_name("moved.sqlite3"), "SELECT number FROM rep") == [(1,), (2,)]


def test_reps_wait_while_something_else_has_the_name(path: Path) -> None:
    with HistoryStore(path, lambda _: None) as history:
        recorder = history.begin(START, "0", "free", Config())
        recorder.write(update(rep(1)))
        path.unlink()
        path.write_text("Dear diary,\n", encoding="utf-8")
        before = path.lstat().st_ino, path.read_bytes()
        for number in (2, 3):
            with pytest.raises(HistoryError, match="another kind of file"):
                recorder.write(update(rep(number)))
        assert recorder.waiting == 3
        assert (path.lstat().st_ino, path.read_bytes()) == before
        path.unlink()
        recorder.write(update(rep(4)))
        assert recorder.waiting == 0
    assert asked(path, "SELECT number FROM rep") == [(1,), (2,), (3,), (4,)]


def test_two_sessions_lose_their_file_and_both_go_on(path: Path) -> None:
    with HistoryStore(path, lambda _: None) as one, HistoryStore(path, lambda _: None) as other:
        recorders = [
            one.begin(START, "0", "free", Config()),
            other.begin(START + timedelta(hours=1), "1", "free", Config()),
        ]
        for number in range(1, 7):
            if number == 4:
                path.unlink()
            for recorder in recorders:
                recorder.write(update(rep(number)))
        for recorder in recorders:
            recorder.end(60)
    with opened(path) as history:
        assert [[each.number for each in session.reps] for session in history.sessions()] == [[1, 2, 3, 4, 5, 6]] * 2
    assert list(path.parent.iterdir()) == [path]


# --- what cannot be written ---------------------------------------------------------------------------------


FULL_DISK = """
import resource, sys
from datetime import datetime, timezone
from pathlib import Path
from support.histories import START, rep, update
from repcount.config import Config
from repcount.errors import HistoryError
from repcount.history.store import HistoryStore

path = Path(sys.argv[1])
with HistoryStore(path, print) as history:
    recorder = history.begin(START, "0", "free", Config())
    recorder.write(update(rep(1)))
    size = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    for number in (2, 3):
        try:
            recorder.write(update(rep(number)))
        except HistoryError as error:
            print(recorder.waiting, error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    recorder.write(update(rep(4)))
    print(recorder.waiting, history.full_reps_on(START.date()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit to the size of a file")
def test_reps_that_cannot_be_written_are_written_with_the_next_that_can(path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=True)
    assert done.stdout.splitlines() == [
        f"1 cannot write the history {path}: disk I/O error",
        f"2 cannot write the history {path}: disk I/O error",
        "0 4",
    ]
    assert asked(path, "SELECT number FROM rep ORDER BY number") == [(1,), (2,), (3,), (4,)]

"""The history file: nothing that was announced is lost, whatever happens."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import date, datetime, timedelta, timezone
from math import nan
from pathlib import Path

import pytest
from support.histories import DAY, START, asked, damaged, filled, kept_aside, opened, rep, silent, update
from support.programs import ROOT, Cli

from repcount.config import Config
from repcount.errors import HistoryError
from repcount.history import database
from repcount.history.database import MIGRATIONS
from repcount.history.store import HistoryStore
from repcount.types import Flag, Rep, RepRemoved


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
        assert history.full_on(DAY) == 2
        (session,) = history.sessions()
    assert [each.number for each in session.reps] == [1, 3]
    assert asked(path, "SELECT number, removed FROM rep ORDER BY number") == [(1, 0), (2, 1), (3, 0)]


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


def test_every_commit_asks_for_the_disk(path: Path) -> None:
    """FULL, not NORMAL: in NORMAL a power cut takes the newest commits of a log."""
    with closing(database.Database(path, silent)) as db:
        pragmas = {name: db.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "secure_delete")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


# --- days ---------------------------------------------------------------------------------------------------


def test_the_sum_of_the_day_is_over_all_sessions_and_of_full_reps(path: Path) -> None:
    filled(path, rep(1), rep(2, full=False))
    filled(path, rep(1), rep(2), started=START + timedelta(hours=10))
    filled(path, rep(1), started=START - timedelta(days=1))
    with opened(path) as history:
        assert history.full_on(DAY) == 3
        assert history.full_on(DAY + timedelta(days=1)) == 0


def test_over_midnight_each_rep_counts_on_its_own_day(path: Path) -> None:
    filled(path, rep(1), rep(2), rep(3), started=START.replace(hour=23, minute=59, second=49))
    with opened(path) as history:
        assert [history.full_on(DAY), history.full_on(DAY + timedelta(days=1))] == [2, 1]
        assert len(history.sessions(DAY + timedelta(days=1))[0].reps) == 3
        assert history.span() == (DAY, DAY + timedelta(days=1))


def test_a_clock_that_is_set_back_loses_nothing(path: Path) -> None:
    """The second session starts before the first by the clock; within one the clock plays no part."""
    filled(path, rep(1), rep(2), started=START)
    filled(path, rep(1), started=START - timedelta(minutes=30))
    with opened(path) as history:
        assert history.full_on(DAY) == 3
        assert [session.id for session in history.sessions()] == [2, 1]


def test_the_repeated_hour_in_autumn_is_of_one_day_and_in_order(path: Path) -> None:
    summer, winter = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
    filled(path, rep(1), started=datetime(2026, 10, 25, 2, 30, tzinfo=winter))
    filled(path, rep(1), rep(2, end_s=3 * 3600.0), started=datetime(2026, 10, 25, 2, 30, tzinfo=summer))
    with opened(path) as history:
        assert history.full_on(date(2026, 10, 25)) == 3
        assert [session.started.utcoffset() for session in history.sessions()] == [
            timedelta(hours=2),
            timedelta(hours=1),
        ]


# --- kill, damage, other versions, other processes ----------------------------------------------------------

COUNTING = """
import itertools, sys
from datetime import datetime
from math import nan
from pathlib import Path
from repcount.config import Config
from repcount.history.totals import Session
from repcount.types import Phase, Rep, Update
from repcount.history.store import HistoryStore

path, start, count = sys.argv[1:]
sys.stdin.readline()
with HistoryStore(Path(path), print) as history:
    recorder = history.begin(datetime.fromisoformat(start), "0", "free", Config())
    print(recorder.id, flush=True)
    for n in itertools.count(1):
        if n == int(count):
            break
        rep = Rep(n, 1, 5.0 * n - 4, 5.0 * n - 2, 5.0 * n, 2.0, 0.4, 2.0, None, 90.0, 4.0, 170.0, True, (), 0.95)
        recorder.write(Update(None, nan, Phase.PAUSE, (rep,)))
        print(n, flush=True)
    recorder.end(5.0 * n)
"""


@contextmanager
def counting(path: Path, count: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A process that waits for a line, then prints the number of its session and of each rep it has kept."""
    command = [sys.executable, "-c", COUNTING, str(path), START.isoformat(), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_kill_at_any_moment_loses_no_announced_rep(path: Path) -> None:
    rng = random.Random(1)
    for _ in range(10):
        with counting(path) as process:
            assert process.stdout
            go(process)
            said = [process.stdout.readline() for _ in range(rng.randrange(1, 60))]
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
            process.wait(10)
        session, *reps = map(int, said)
        announced = len(reps)
        numbers = [row[0] for row in asked(path, f"SELECT number FROM rep WHERE session_id = {session} ORDER BY 1")]
        assert numbers in (list(range(1, announced + 1)), list(range(1, announced + 2)))
        assert asked(path, "PRAGMA integrity_check") == [("ok",)]
    with opened(path) as history:
        assert history.full_on(DAY) == asked(path, "SELECT count(*) FROM rep")[0][0]


def test_two_processes_count_at_once_on_a_history_that_neither_finds(path: Path) -> None:
    with counting(path, 80) as one, counting(path, 80) as other:
        for process in (one, other):
            go(process)
        said = [process.communicate(timeout=60)[0].split() for process in (one, other)]
    assert sorted(lines[0] for lines in said) == ["1", "2"]
    assert [lines[1:] for lines in said] == [[str(n) for n in range(1, 80)]] * 2
    with opened(path) as history:
        assert [len(session.reps) for session in history.sessions()] == [79, 79]
        assert {session.length_s for session in history.sessions()} == {400.0}
    assert list(path.parent.iterdir()) == [path]


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def holed(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + random.Random(1).randbytes(3000) + content[middle + 3000 :]


def behind_the_header(content: bytes) -> bytes:
    return content[:100] + random.Random(2).randbytes(len(content) - 100)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": cut,
    "holed": holed,
    "behind_the_header": behind_the_header,
    "header_alone": lambda content: content[:100],
    "made_up": lambda _: damaged("nothing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun_and_that_is_said(damage: str, path: Path) -> None:
    filled(path, *(rep(number) for number in range(1, 80)))
    content = DAMAGES[damage](path.read_bytes())
    path.write_bytes(content)
    said: list[str] = []
    with HistoryStore(path, said.append) as history:
        recorder = history.begin(START, "0", "free", Config())
        recorder.write(update(rep(1)))
        assert history.full_on(DAY) == 1
    kept = path.with_name("history.damaged-1.sqlite3")
    assert len(said) == 1
    assert f"the history {path} is damaged" in said[0]
    assert "It is kept as history.damaged-1.sqlite3, and a new one is begun" in said[0]
    assert kept.read_bytes() == content
    filled(path, rep(1))


def test_a_second_damaged_file_does_not_replace_the_first(path: Path) -> None:
    path.parent.mkdir()
    for number in ("1", "2"):
        path.write_bytes(damaged(number))
        with HistoryStore(path, lambda _: None):
            pass
    assert [file.read_bytes()[100:] for file in kept_aside(path)] == [b"1", b"2"]


def test_a_log_without_its_file_is_not_read_into_a_new_one(path: Path) -> None:
    """What is left where somebody removes the file alone; SQLite would play it into whatever lies beside it."""
    with opened(path) as history:
        history.begin(START, "0", "free", Config()).write(update(rep(1)))
        log = path.with_name(path.name + "-wal").read_bytes()
    path.unlink()
    path.with_name(path.name + "-wal").write_bytes(log)
    before = state(path)
    with pytest.raises(HistoryError, match=r"-wal was left over from a database whose file .* is gone"):
        opened(path)
    assert state(path) == before


def test_only_the_file_that_was_found_damaged_is_set_aside(path: Path) -> None:
    """Two find the same damage, and one has begun a new file already."""
    path.parent.mkdir()
    path.write_bytes(damaged())
    seen = database.identity(path)
    assert database.quarantine(path, seen)
    filled(path, rep(1))
    assert database.quarantine(path, seen) is None
    assert len(asked(path, "SELECT * FROM rep")) == 1


def state(path: Path) -> list[tuple[str, bytes, int]]:
    return sorted((file.name, file.read_bytes(), file.stat().st_mode) for file in path.parent.iterdir())


def test_a_file_of_a_newer_version_is_refused_and_not_touched(path: Path, cli: Cli) -> None:
    filled(path, rep(1))
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 7")
    path.chmod(0o640)
    before = state(path)
    for command in (["history"], ["history", "export"], ["history", "delete", "--all", "--yes"]):
        result = cli(*command)
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith(f"repcount: the history {path} was written by a newer repcount")
    assert state(path) == before


def test_the_database_of_another_program_is_refused_and_not_touched(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE contact (name TEXT)")
    before = state(path)
    with pytest.raises(HistoryError, match="another program"):
        opened(path)
    assert state(path) == before


def test_an_older_file_is_brought_up_step_by_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, rep(1))
    steps = (*MIGRATIONS, ("ALTER TABLE session ADD COLUMN mood TEXT", "UPDATE session SET mood = 'good'"))
    for module in (database, database):
        monkeypatch.setattr(module, "MIGRATIONS", steps)
    filled(path, rep(1), rep(2))
    assert asked(path, "PRAGMA user_version") == [(len(steps),)]
    assert asked(path, "SELECT id, mood FROM session") == [(1, "good"), (2, None)]


def test_a_step_that_fails_half_way_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, rep(1))
    steps = (*MIGRATIONS, ("ALTER TABLE session ADD COLUMN mood TEXT", "UPDATE nowhere SET mood = 'good'"))
    for module in (database, database):
        monkeypatch.setattr(module, "MIGRATIONS", steps)
    with pytest.raises(HistoryError, match="no such table: nowhere"):
        opened(path)
    assert ("mood",) not in asked(path, "SELECT name FROM pragma_table_info('session')")
    assert asked(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]


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
    print(recorder.waiting, history.full_on(START.date()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit to the size of a file")
def test_reps_that_cannot_be_written_are_written_with_the_next_that_can(path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert done.stdout.splitlines() == [
        f"1 cannot write the history {path}: disk I/O error",
        f"2 cannot write the history {path}: disk I/O error",
        "0 4",
    ]
    assert asked(path, "SELECT number FROM rep ORDER BY number") == [(1,), (2,), (3,), (4,)]


def test_a_place_where_no_file_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "history.sqlite3"
    with pytest.raises(HistoryError, match=f"{tmp_path / 'file'} is no folder"):
        opened(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write everything")
def test_a_folder_that_may_not_be_written_is_told(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o500)
    with pytest.raises(HistoryError, match=r"cannot open the history .*Permission denied"):
        opened(path)


# --- whose it is --------------------------------------------------------------------------------------------

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_folder_and_files_are_their_owners_only(path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(path) as history:
            history.begin(START, "0", "free", Config()).write(update(rep(1)))
            files = {file.name: mode(file) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert files == {f"history.sqlite3{ending}": 0o600 for ending in ("", "-wal", "-shm")}
    assert mode(path.parent) == 0o700


@posix
def test_folders_on_the_way_are_their_owners_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        filled(tmp_path / "a" / "b" / "history.sqlite3", rep(1))
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/history.sqlite3")] == [0o700, 0o700, 0o600]


@posix
def test_a_damaged_file_that_is_kept_is_its_owners_only(path: Path) -> None:
    """It holds what the history held."""
    path.parent.mkdir()
    path.write_bytes(damaged())
    path.chmod(0o644)
    with HistoryStore(path, lambda _: None):
        (kept,) = kept_aside(path)
    assert (mode(kept), mode(path)) == (0o600, 0o600)


@posix
def test_a_file_that_was_open_to_others_no_longer_is(path: Path) -> None:
    """Copied back from a backup, say. A folder that repcount has not made is left as it is."""
    filled(path, rep(1))
    path.chmod(0o644)
    path.parent.chmod(0o755)
    filled(path, rep(1))
    assert (mode(path), mode(path.parent)) == (0o600, 0o755)


@posix
def test_repcounts_own_folder_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPCOUNT_HISTORY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = database.default_path()
    if tmp_path not in path.parents:
        pytest.skip("this system has its own place for data")
    path.parent.mkdir(mode=0o755)
    filled(path, rep(1))
    assert path == tmp_path / "repcount" / "history.sqlite3"
    assert mode(path.parent) == 0o700

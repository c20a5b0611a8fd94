"""The history as a database: durable commits, kills, damage, migrations and other processes."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

import pytest
from support.histories import DAY, START, Holder, asked, damaged, filled, kept_aside, opened, rep, silent, update
from support.programs import Cli

from repcount import interrupts
from repcount.config import Config
from repcount.errors import HistoryError
from repcount.history import database, schema
from repcount.history.database import Database
from repcount.history.store import HistoryStore


@pytest.fixture
def path(history: Path) -> Path:
    return history


def test_every_commit_asks_for_the_disk(path: Path) -> None:
    """FULL, not NORMAL: in NORMAL a power cut takes the newest commits of a log."""
    with closing(Database(path, silent)) as db:
        pragmas = {name: db.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "secure_delete")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


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
            lines = [process.stdout.readline() for _ in range(rng.randrange(1, 60))]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
            process.wait(300)
        session, *reps = map(int, lines)
        announced = len(reps)
        numbers = [row[0] for row in asked(path, f"SELECT number FROM rep WHERE session_id = {session} ORDER BY 1")]
        assert numbers in (list(range(1, announced + 1)), list(range(1, announced + 2)))
        assert asked(path, "PRAGMA integrity_check") == [("ok",)]
    with opened(path) as history:
        assert history.full_reps_on(DAY) == asked(path, "SELECT count(*) FROM rep")[0][0]


def test_two_processes_count_at_once_on_a_history_that_neither_finds(path: Path) -> None:
    with counting(path, 80) as one, counting(path, 80) as other:
        for process in (one, other):
            go(process)
        outputs = [process.communicate(timeout=300)[0].split() for process in (one, other)]
    assert sorted(each[0] for each in outputs) == ["1", "2"]
    assert [each[1:] for each in outputs] == [[str(n) for n in range(1, 80)]] * 2
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
    notices: list[str] = []
    with HistoryStore(path, notices.append) as history:
        recorder = history.begin(START, "0", "free", Config())
        recorder.write(update(rep(1)))
        assert history.full_reps_on(DAY) == 1
    kept = path.with_name("history.damaged-1.sqlite3")
    assert len(notices) == 1
    assert f"the history {path} is damaged" in notices[0]
    assert "It is kept as history.damaged-1.sqlite3, and a new one is begun" in notices[0]
    assert kept.read_bytes() == content
    filled(path, rep(1))


def test_a_view_in_the_place_of_a_table_is_not_read(path: Path) -> None:
    """It would have rows without end."""
    filled(path, rep(1))
    with closing(sqlite3.connect(path)) as forged:
        forged.execute("ALTER TABLE rep RENAME TO other")
        forged.execute(
            "CREATE VIEW rep AS WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x FROM n) "
            "SELECT x AS session_id, '2026-11-26' AS day, x AS number FROM n"
        )
        forged.commit()
    notices: list[str] = []
    with HistoryStore(path, notices.append) as history:
        assert not history.sessions()
    assert "it holds a view or a trigger" in notices[0]


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
    steps = (*schema.MIGRATIONS, ("ALTER TABLE session ADD COLUMN mood TEXT", "UPDATE session SET mood = 'good'"))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    filled(path, rep(1), rep(2))
    assert asked(path, "PRAGMA user_version") == [(len(steps),)]
    assert asked(path, "SELECT id, mood FROM session") == [(1, "good"), (2, None)]


def test_a_step_that_fails_half_way_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, rep(1))
    steps = (*schema.MIGRATIONS, ("ALTER TABLE session ADD COLUMN mood TEXT", "UPDATE nowhere SET mood = 'good'"))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(HistoryError, match="no such table: nowhere"):
        opened(path)
    assert ("mood",) not in asked(path, "SELECT name FROM pragma_table_info('session')")
    assert asked(path, "PRAGMA user_version") == [(len(schema.MIGRATIONS) - 1,)]


# --- older versions -----------------------------------------------------------------------------------------

SECRET = "kp7-geheim"
"""The user and the password of a camera, as versions before 2 stored them."""


ADDRESSES = [
    f"http://{SECRET}:{SECRET}@192.168.1.20:8080/{'long/' * 400}video",
    f"rtsp://me:#{SECRET}@camera/video",
    f"http://me:{SECRET}@[::1/x",
    f"rtsp://camera/live?password={SECRET}",
]


def old_history(path: Path, version: int) -> None:
    """A history as the repcount of that version left it: sessions of a camera with a password, one of them deleted."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function(schema.SHOWN_ADDRESS, 1, lambda source: source, deterministic=True)
        connection.execute("PRAGMA journal_mode = WAL")
        for migration in schema.MIGRATIONS[:version]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        for number in range(1, 30):
            source = ADDRESSES[number % len(ADDRESSES)] if version < 2 else "0"
            connection.execute(
                "INSERT INTO session (started_utc, utc_offset_s, day, source, plan, version, settings) "
                "VALUES (?, 3600, ?, ?, '3x30', '0.1', '{}')",
                [f"2026-11-{number:02}T06:30:00.000+00:00", f"2026-11-{number:02}", source],
            )
            connection.execute(
                'INSERT INTO rep (session_id, day, number, "set", end_s, "full", flags) '
                "VALUES (?, ?, 1, 1, 5, 1, '')",
                [number, f"2026-11-{number:02}"],
            )
        for table in ("session WHERE id", "rep WHERE session_id"):
            connection.execute(f"DELETE FROM {table} = 7")


def bytes_beside(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
def test_a_history_of_every_older_version_is_brought_up_with_all_that_is_in_it(version: int, path: Path) -> None:
    old_history(path, version)
    with opened(path) as history:
        sessions = history.sessions()
        assert history.people.all() == ()
        recorder = history.begin(START, "0", "free", Config(), "Anna")
        recorder.write(update(rep(1)))
    assert [session.id for session in sessions] == [*range(1, 7), *range(8, 30)]
    assert {(session.plan, session.person, len(session.reps)) for session in sessions} == {("3x30", "", 1)}
    assert asked(path, "PRAGMA user_version") == [(len(schema.MIGRATIONS),)]
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]
    new = path.with_name("new.sqlite3")
    filled(new, rep(1))
    layout = "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    assert asked(path, layout) == asked(new, layout)
    columns = "SELECT name FROM pragma_table_info('session')"
    assert asked(path, columns) == asked(new, columns)


def test_passwords_of_an_old_history_are_shown_nowhere_and_leave_the_disk(path: Path, cli: Cli) -> None:
    old_history(path, 1)
    assert SECRET.encode() in bytes_beside(path)
    for command in (["--sessions", "--csv", "-"], ["--json", "-"], ["--sessions"], ["--report", "-"]):
        result = cli("history", "--days", "30000", *command)
        assert result.code == 0
        assert SECRET not in result.out + result.err
    with opened(path) as history:
        shown = {session.source for session in history.sessions()}
        assert shown == {"http://192.168.1.20:8080/...", "rtsp://...", "http://...", "rtsp://camera/..."}
        assert SECRET.encode() not in bytes_beside(path)
    assert SECRET.encode() not in bytes_beside(path)


def test_passwords_leave_the_disk_also_while_somebody_reads(path: Path) -> None:
    old_history(path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM session").fetchone() == (28,)
        with HistoryStore(path, silent, timeout_s=0.1) as history:
            assert SECRET not in history.sessions()[0].source
        reader.execute("COMMIT")
    with opened(path):
        pass
    assert SECRET.encode() not in bytes_beside(path)


@pytest.mark.parametrize("signals", [0, 1], ids=["in time", "after a signal"])
def test_reading_waits_for_another_program_and_not_for_ever(
    signals: int, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(history, rep(1))
    monkeypatch.setattr(interrupts, "_received", [signal.SIGINT] * signals)
    monkeypatch.setattr(database, "_LEAVING_S" if signals else "BUSY_TIMEOUT_S", 0.2)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S" if signals else "_LEAVING_S", 1e9)
    monkeypatch.setattr(database, "_ATTEMPT_S", 0.05)
    with Holder(history, from_readers=True), pytest.raises(HistoryError, match="another program holds it"):
        Database(history)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows sends no such signals")
@pytest.mark.parametrize(
    ("action", "raises"), [("open", True), ("write", False), ("tidy up", True)], ids=["open", "write", "tidy up"]
)
def test_a_signal_ends_the_wait_for_another_program(
    action: str, raises: bool, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself would wait on."""
    filled(history, rep(1))
    monkeypatch.setattr(interrupts, "_received", [])

    def heed(number: int, _: object) -> None:
        interrupts._received.append(number)
        if raises:
            raise KeyboardInterrupt

    before, begun_s = signal.signal(signal.SIGALRM, heed), monotonic()
    with closing(Database(history, silent, 60)) as database, closing(sqlite3.connect(history)) as other:
        other.execute("BEGIN IMMEDIATE")

        def opened_beside() -> None:
            with closing(Database(history, silent, 60)) as beside:
                beside.execute("DELETE FROM rep")

        actions: dict[str, Callable[[], object]] = {
            "open": opened_beside,
            "write": lambda: database.execute("DELETE FROM rep"),
            "tidy up": database.vacuum,
        }

        def interrupted() -> None:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            actions[action]()

        try:
            with pytest.raises(KeyboardInterrupt if raises else HistoryError):
                interrupted()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    assert monotonic() - begun_s < 30

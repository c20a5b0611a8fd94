"""What `$REPCOUNT_HISTORY` may name: whatever is not a history of ours is refused and left as it is.

`pytest tests/history/test_file.py -s -k refused` prints what each was before and after.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.disks import on_a_disk
from support.histories import DAY, START, asked, damaged, filled, kept_aside, opened, rep, update
from support.programs import ROOT, Cli, run_process

from repcount.app import doctor
from repcount.app import live as app_live
from repcount.config import Config
from repcount.errors import HistoryError
from repcount.history import file as history_file
from repcount.history import schema
from repcount.history.store import HistoryStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes nodes and links as POSIX has them")

NOBODY = 65534
Made = Callable[[Path], object]


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """Whoever waits at a pipe is woken, and the test fails."""

    def wake(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, wake)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def path(history: Path) -> Path:
    history.parent.mkdir()
    return history


# --- what is refused ----------------------------------------------------------------------------------------


def text(path: Path) -> None:
    path.write_text("Dear diary,\n" * 500, encoding="utf-8")


def database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE contact (name TEXT)")


def logged_database(path: Path) -> None:
    """Of a program that was killed: its log is beside it."""
    code = "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    code += "c.execute('PRAGMA journal_mode = WAL'); c.execute('CREATE TABLE contact (name TEXT)'); os._exit(0)"
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=300)
    assert path.with_name(path.name + "-wal").stat().st_size


def without_header(path: Path) -> None:
    filled(path, rep(1))
    path.write_bytes(bytes(100) + path.read_bytes()[100:])


def dump(path: Path) -> None:
    """The same tables and rows, as text."""
    filled(path, rep(1))
    with closing(sqlite3.connect(path)) as other:
        lines = "\n".join(other.iterdump())
    path.write_text(lines, encoding="utf-8")


def newer(path: Path) -> None:
    filled(path, rep(1))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 7")


def full_folder(path: Path) -> None:
    path.mkdir()
    filled(path / "history.sqlite3", rep(1))


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def node(kind: int, major: int, minor: int) -> Made:
    """One of our own, in a folder of our own. The numbers are those of /dev/null, and of no block device."""

    def make(path: Path) -> None:
        try:
            os.mknod(path, kind | 0o666, os.makedev(major, minor))
        except PermissionError:
            pytest.skip("only the administrator makes device nodes")

    return make


def linked(make: Made) -> Made:
    """A link to what `make` makes."""

    def link(path: Path) -> None:
        target = path.with_name("target")
        make(target)
        path.symlink_to(target)

    return link


def link_to(target: str) -> Made:
    return lambda path: path.symlink_to(path.parent / target)


def circle(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def dangling_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to(path.parent.with_name("unmounted"))


def in_the_place_of_its_folder(make: Made) -> Made:
    def put(path: Path) -> None:
        path.parent.rmdir()
        make(path.parent)

    return put


def of_another(make: Made) -> Made:
    def give(path: Path) -> None:
        make(path)
        try:
            os.chown(path, NOBODY, -1)
        except PermissionError:
            pytest.skip("only the administrator gives files away")

    return give


def beside(ending: str, make: Made) -> Made:
    """A history of ours, and something else where SQLite would write its own."""

    def both(path: Path) -> None:
        filled(path, rep(1))
        make(path.with_name(path.name + ending))

    return both


def logs_second_name(path: Path) -> None:
    """The log of another database that has a history's name as well: SQLite would write into both."""
    logged_database(path.with_name("mine"))
    os.link(path.with_name("mine-wal"), path)


def log_alone(path: Path) -> None:
    logged_database(path)
    path.unlink()


def a_history(path: Path) -> None:
    filled(path, rep(1))


REFUSED: dict[str, tuple[Made, str]] = {
    "text": (text, "is another kind of file"),
    "empty": (Path.touch, "is an empty file"),
    "zeros": (lambda path: path.write_bytes(bytes(8192)), "is another kind of file"),
    "picture": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500)), "is another kind of file"),
    "half a header": (lambda path: path.write_bytes(damaged()[:80]), "is another kind of file"),
    "history without its header": (without_header, "is another kind of file"),
    "history as SQL": (dump, "is another kind of file"),
    "other database": (database, "is a database of another program"),
    "other database with a log": (logged_database, "is a database of another program"),
    "newer history": (newer, "was written by a newer repcount"),
    "folder": (Path.mkdir, "is a folder"),
    "below a file": (in_the_place_of_its_folder(text), "data is no folder"),
    "below a pipe": (in_the_place_of_its_folder(os.mkfifo), "data is no folder"),
    "folder with a history": (full_folder, "is a folder"),
    "named pipe": (os.mkfifo, "is a named pipe"),
    "socket": (unix_socket, "is a socket"),
    "character device": (node(stat.S_IFCHR, 1, 3), "is a device"),
    "block device": (node(stat.S_IFBLK, 240, 77), "is a device"),
    "link to text": (linked(text), "is another kind of file"),
    "link to a database": (linked(database), "is a database of another program"),
    "link to a folder": (linked(Path.mkdir), "target, which is a folder"),
    "link to a pipe": (linked(os.mkfifo), "target, which is a named pipe"),
    "link to a device": (linked(node(stat.S_IFCHR, 1, 3)), "target, which is a device"),
    "link to nothing": (link_to("nothing"), "nothing, which is not there"),
    "link to itself": (link_to("history.sqlite3"), "leads back to itself"),
    "links in a circle": (circle, "leads back to itself"),
    "folder that is a link to nothing": (dangling_folder, "unmounted, which is not there"),
    "text of another user": (of_another(text), "belongs to another user (nobody)"),
    "history of another user": (of_another(a_history), "belongs to another user (nobody)"),
    "link to another's history": (linked(of_another(a_history)), "which belongs to another user (nobody)"),
    "log alone": (log_alone, "was left over from a database whose file"),
    "text as log": (beside("-wal", text), "-wal lies where the history"),
    "text as index": (beside("-shm", text), "-shm lies where the history"),
    "text as journal": (beside("-journal", text), "-journal lies where the history"),
    "pipe as log": (beside("-wal", os.mkfifo), "-wal is a named pipe"),
    "pipe as index": (beside("-shm", os.mkfifo), "-shm is a named pipe"),
    "folder as log": (beside("-wal", Path.mkdir), "-wal is a folder"),
    "link as log": (beside("-wal", linked(text)), "-wal is a link"),
    "second name of a log": (beside("-wal", logs_second_name), "-wal lies where the history"),
    "another's log": (beside("-wal", of_another(Path.touch)), "-wal belongs to another user"),
}

READING = [
    ["history"],
    ["history", "--json", "-"],
    ["history", "--csv", "-", "--sessions"],
    ["history", "--report", "-"],
    ["history", "export"],
]
DELETING = [["history", "delete", "--all", "--yes"], ["history", "delete", "--day", f"{DAY}", "--yes"]]


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    """All that is in it: inode, mode, owner, length, when it was written, and what is in it."""
    entries = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        content: object = status.st_rdev
        if stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        name = str(path.relative_to(folder))
        entries[name] = (
            status.st_ino,
            stat.filemode(status.st_mode),
            status.st_uid,
            status.st_size,
            status.st_mtime_ns,
            content,
        )
    return entries


def shown(state: tuple[Any, ...]) -> str:
    inode, mode, _, size, _, held = state
    return f"{inode} {mode} {size} B {held}"


def live() -> list[str]:
    """The notices that a live session prints when it opens its history."""
    notices: list[str] = []
    start = SimpleNamespace(now=lambda: START, camera="0", plan="free", person=None, history=True)
    with ExitStack() as stack:
        record = app_live._open_recorder(start, "0", Config(), notices.append, stack)  # type: ignore[arg-type]
        assert (record.history is None) == bool(notices)
    return notices


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_history_is_refused_and_left_as_it_is(
    kind: str, path: Path, tmp_path: Path, cli: Cli, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    make, message = REFUSED[kind]
    make(path)
    before = tree(tmp_path)
    turn = list(REFUSED).index(kind)  # all commands open it the same way, and over the kinds each has its turn
    for command in (READING[turn % len(READING)], DELETING[turn % len(DELETING)]):
        done = cli(*command)
        assert (done.code, done.out) == (1, ""), command
        (line,) = done.err.splitlines()
        assert line.startswith("repcount: ")
        assert message in line, command
        assert tree(tmp_path) == before, command
    (line,) = live()
    assert message in line
    assert line.endswith(". Counting goes on without a history")
    check = doctor.history()
    assert check.ok is False
    assert message in check.text
    assert len(check.text.splitlines()) == 1
    after = tree(tmp_path)
    assert after == before
    if request.config.getoption("capture") == "no":
        with capsys.disabled():
            for name in sorted({*before, *after} - ({"."} if "data/history.sqlite3" not in before else {".", "data"})):
                rows = [shown(state[name]) if name in state else "not there" for state in (before, after)]
                print(f"\n| {kind} | {name} | {' | '.join(rows)} |", end="")
            print(f"\n| | | {check.text.replace(str(tmp_path), '')} | |")


def test_a_named_user_who_does_not_exist_is_reported(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPCOUNT_HISTORY", "~no-such-user-here/history.sqlite3")
    for command in [*READING, *DELETING]:
        done = cli(*command)
        assert (done.code, done.out) == (1, "")
        assert "there is no such user" in done.err
    assert doctor.history().ok is False
    assert len(live()) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only the administrator becomes another")
def test_nobody_touches_what_the_administrator_has(path: Path, tmp_path: Path) -> None:
    """A child that is somebody else, in folders that everybody may write: permissions alone would let it rename."""
    text(path)
    for place in (path, *path.parents):
        if tmp_path in (place, *place.parents) or place == tmp_path:
            place.chmod(0o777)
    path.chmod(0o666)
    before = tree(tmp_path)
    # What is above these folders is the administrator's alone, so all is loaded, and the folder entered, before.
    code = "import os, pwd\nfrom pathlib import Path\nfrom repcount.history.file import _read_head\n"
    code += f"os.setuid({NOBODY})\n_read_head(Path({path.name!r}), Path({path.name!r}), 100)"
    done = subprocess.run([sys.executable, "-c", code], cwd=path.parent, capture_output=True, text=True, timeout=300)
    assert "belongs to another user (root)" in done.stderr
    assert tree(tmp_path) == before


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


# --- reading changes nothing --------------------------------------------------------------------------------


def closed(path: Path) -> list[int]:
    filled(path, *map(rep, range(1, 4)), started=datetime.now().astimezone())
    path.chmod(0o644)
    path.parent.chmod(0o755)
    return [3]


def killed(path: Path) -> list[int]:
    """In mid-session: its log and the index of it are left."""
    code = "import os, sys; from datetime import datetime; from pathlib import Path\n"
    code += "from support.histories import opened, rep, update; from repcount.config import Config\n"
    code += "db = opened(Path(sys.argv[1])); recorder = db.begin(datetime.now().astimezone(), '0', 'free', Config())\n"
    code += "[recorder.write(update(rep(n))) for n in (1, 2)]; os._exit(0)"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=300, env=env)
    assert path.with_name(path.name + "-wal").stat().st_size
    return [2]


def linked_history(path: Path) -> list[int]:
    reps = closed(path.with_name("elsewhere.sqlite3"))
    path.symlink_to(path.with_name("elsewhere.sqlite3"))
    return reps


def restored(path: Path) -> list[int]:
    """From a backup that SQLite has made, which has no log."""
    reps = closed(path.with_name("full.sqlite3"))
    with closing(sqlite3.connect(path.with_name("full.sqlite3"))) as other:
        other.execute("VACUUM INTO ?", [str(path)])
    return reps


def copied(path: Path) -> list[int]:
    """The file and its log from another place, without the index of the log, which nobody copies."""
    reps = killed(path.with_name("full.sqlite3"))
    for ending in ("", "-wal"):
        shutil.copy(path.with_name(f"full.sqlite3{ending}"), path.with_name(path.name + ending))
    return reps


@pytest.mark.parametrize("make", [closed, killed, linked_history, restored, copied])
def test_reading_changes_nothing(make: Callable[[Path], list[int]], path: Path, tmp_path: Path, cli: Cli) -> None:
    reps = make(path)
    before = tree(tmp_path)
    for command in READING:
        assert cli(*command).code == 0
        assert tree(tmp_path) == before, command
    assert doctor.history().ok
    assert len(cli("history", "export").out.splitlines()) == 1 + sum(reps)
    assert tree(tmp_path) == before


@pytest.mark.slow
def test_reading_sees_a_session_that_counts_and_leaves_it_alone(path: Path, tmp_path: Path) -> None:
    """From another process: within one, SQLite shares what it knows of a file."""
    with opened(path) as history:
        recorder = history.begin(datetime.now().astimezone(), "0", "free", Config())
        for number in range(1, 4):
            recorder.write(update(rep(number)))
            before = tree(tmp_path)
            assert len(run_process("history", "export").out.splitlines()) == 1 + number
            assert tree(tmp_path) == before


def test_reading_waits_for_nobody_who_writes(path: Path, cli: Cli) -> None:
    filled(path, rep(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM rep")
        assert len(cli("history", "export").out.splitlines()) == 2


def test_reading_brings_an_older_file_up_in_memory_alone(
    path: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path, rep(1))
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("UPDATE session SET plan = 'newer'",)))
    before = tree(tmp_path)
    assert "newer" in cli("history", "--days", "36500", "--csv", "-", "--sessions").out
    assert tree(tmp_path) == before


@pytest.mark.parametrize("content", [damaged(), damaged("something behind")])
def test_reading_a_damaged_history_moves_nothing(content: bytes, path: Path, tmp_path: Path, cli: Cli) -> None:
    path.write_bytes(content)
    before = tree(tmp_path)
    for command in READING:
        done = cli(*command)
        assert (done.code, done.out) == (1, "")
        assert "is damaged" in done.err
        assert "It was left as it is" in done.err
        assert len(done.err.splitlines()) == 1
        assert tree(tmp_path) == before


def test_a_version_of_which_there_is_none_is_damage(path: Path, tmp_path: Path, cli: Cli) -> None:
    """Its tables would be made once more, after the file was changed."""
    filled(path, rep(1))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 0")
    before = tree(tmp_path)
    done = cli("history")
    assert "is damaged: it is of version 0" in done.err
    assert tree(tmp_path) == before
    said: list[str] = []
    with HistoryStore(path, said.append) as history:
        assert not history.sessions()
    assert [file.name for file in history_file.quarantined(path)] == ["history.damaged-1.sqlite3"]


def test_the_root_of_a_disk_is_a_folder() -> None:
    with pytest.raises(HistoryError, match="is a folder"):
        history_file.find_history(Path(Path.cwd().anchor))


@pytest.mark.parametrize("address", ["http://me:hunter2@camera/video", "me:hunter2@camera/video", "file:///a/b"])
def test_an_address_in_the_place_of_a_file_is_refused_and_makes_no_folder(
    address: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPCOUNT_HISTORY", address)
    for command in (*READING, *DELETING, ["doctor"]):
        done = cli(*command)
        assert done.code == 1
        assert "which is no file. Name a file" in done.out + done.err
        assert "hunter2" not in done.out + done.err
    assert list(tmp_path.iterdir()) == []


SCRIPTS = {
    "full": "cp -a {from_}/. {disk}; dd if=/dev/zero of={disk}/filler 2>/dev/null",
    "read-only": "cp -a {from_}/. {disk} && mount -o remount,ro {disk}",
}


@pytest.mark.parametrize(("script", "make"), [("full", killed), ("read-only", closed)])
def test_a_disk_that_is_full_or_read_only_can_be_looked_at(
    script: str, make: Callable[[Path], list[int]], path: Path, tmp_path: Path
) -> None:
    reps = make(path)
    disk = tmp_path / "disk"
    disk.mkdir()
    env = {**os.environ, "REPCOUNT_HISTORY": str(disk / path.name)}
    prepare = SCRIPTS[script].format(from_=path.parent, disk=disk)
    listed = f"ls -lin --time-style=full-iso {disk}"
    done = on_a_disk(
        disk,
        "size=512k",
        f'{prepare}; {listed} >&2; "$@"; code=$?; {listed} >&2; exit $code',
        [sys.executable, "-m", "repcount", "history", "export"],
        env=env,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 + sum(reps)
    lines = done.stderr.splitlines()
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :]


# --- links, folders -----------------------------------------------------------------------------------------


def test_a_link_to_a_history_is_followed_and_stays(path: Path) -> None:
    """Somebody keeps it in a folder that goes to all of their computers."""
    (path.parent / "synced").mkdir()
    target = path.parent / "synced" / "reps.sqlite3"
    filled(target, rep(1))
    path.symlink_to(target)
    filled(path, rep(1), rep(2))
    assert path.is_symlink()
    assert asked(target, "SELECT count(*) FROM rep") == [(3,)]
    target.write_bytes(damaged())
    with HistoryStore(path, lambda _: None) as history:
        assert history.sessions() == ()
    assert path.is_symlink()
    assert [file.name for file in kept_aside(target)] == ["reps.damaged-1.sqlite3"]
    filled(path, rep(1))


def test_a_folder_that_is_a_link_is_followed(path: Path) -> None:
    (path.parent / "real").mkdir(mode=0o755)
    (path.parent / "linked").symlink_to("real")
    filled(path.parent / "linked" / "history.sqlite3", rep(1))
    assert (path.parent / "real" / "history.sqlite3").exists()


def test_the_folder_that_a_link_leads_to_keeps_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of repcount's own folder there may be a link to one that others have a share in."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o775)
    monkeypatch.setattr(history_file, "_data_folder", lambda: tmp_path / "own")
    (tmp_path / "own").symlink_to(shared)
    filled(tmp_path / "own" / "history.sqlite3", rep(1))
    assert stat.S_IMODE(shared.stat().st_mode) == 0o775


def test_only_the_file_that_was_found_damaged_is_set_aside(path: Path) -> None:
    """Two find the same damage, and one has begun a new file already."""
    path.write_bytes(damaged())
    damaged_file = history_file.identity(path)
    assert history_file.quarantine(path, damaged_file)
    filled(path, rep(1))
    assert history_file.quarantine(path, damaged_file) is None
    assert len(asked(path, "SELECT * FROM rep")) == 1


# --- permissions --------------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_files_are_their_owners_only(history: Path) -> None:
    before = os.umask(0)
    try:
        with opened(history) as store:
            store.begin(START, "0", "free", Config()).write(update(rep(1)))
            files = {file.name: mode(file) for file in history.parent.iterdir()}
    finally:
        os.umask(before)
    assert files == {f"history.sqlite3{ending}": 0o600 for ending in ("", "-wal", "-shm")}
    assert mode(history.parent) == 0o700


def test_folders_on_the_way_are_their_owners_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        filled(tmp_path / "a" / "b" / "history.sqlite3", rep(1))
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/history.sqlite3")] == [0o700, 0o700, 0o600]


def test_a_damaged_file_that_is_kept_is_its_owners_only(path: Path) -> None:
    """It holds what the history held."""
    path.write_bytes(damaged())
    path.chmod(0o644)
    with HistoryStore(path, lambda _: None):
        (kept,) = kept_aside(path)
    assert (mode(kept), mode(path)) == (0o600, 0o600)


def test_a_file_that_was_open_to_others_no_longer_is(path: Path) -> None:
    """Copied back from a backup, say. A folder that repcount has not made is left as it is."""
    filled(path, rep(1))
    path.chmod(0o644)
    path.parent.chmod(0o755)
    filled(path, rep(1))
    assert (mode(path), mode(path.parent)) == (0o600, 0o755)


def test_repcounts_own_folder_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPCOUNT_HISTORY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = history_file.default_path()
    if tmp_path not in path.parents:
        pytest.skip("this system has its own place for data")
    path.parent.mkdir(mode=0o755)
    filled(path, rep(1))
    assert path == tmp_path / "repcount" / "history.sqlite3"
    assert mode(path.parent) == 0o700

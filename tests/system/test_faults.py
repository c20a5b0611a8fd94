"""The whole program and what may befall it: kills, signals, a full disk, a clock that jumps, a camera gone mad.

`REPCOUNT_KILLS` names how many times more than usual it is killed.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import pty
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support import streams
from support.disks import on_a_disk
from support.forks import CALENDAR, MADE_UP, Child, Forks, forks
from support.histories import asked, damaged, filled, rep
from support.programs import ROOT, Ffmpeg, run_process

from repcount import interrupts
from repcount.types import Frame
from repcount.video import clock as monotonic
from repcount.video.camera import open_camera

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them"),
    pytest.mark.usefixtures("history", "model"),
]

TIMES = int(os.environ.get("REPCOUNT_KILLS", "1"))
LIVE_KILLS, ANALYZE_KILLS = 70 * TIMES, 20 * TIMES
"""With the ten of test_history.py that makes a hundred."""

QUIETLY = ("--no-window", "--sound", "off")
BY_SIGNAL = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("forks")) as process:
        yield process


def announced(child: Child, said: str | None = None) -> list[int]:
    """The reps that it has told of in the terminal, or in a part of what it said there."""
    said = child.output if said is None else said
    return [int(number) for number in re.findall(r"^ *[\d.]+ s +rep (\d+),.*\)$", said, re.MULTILINE)]


def promised(child: Child) -> list[int]:
    """Those of them that have to be on the disk: where it is slow that is said first, and later that all are there."""
    said = child.output
    begun, caught_up = said.rfind("Counting goes on, reps wait"), said.rfind("the history is up to date again")
    return announced(child, said[:begun] if begun > caught_up else said)


def kept(history: Path) -> dict[int, list[int]]:
    """The numbers of the reps of each session in a history that has to be whole."""
    assert asked(history, "PRAGMA integrity_check") == [("ok",)]
    found: dict[int, list[int]] = {int(str(row[0])): [] for row in asked(history, "SELECT id FROM session")}
    for session, number in asked(history, "SELECT session_id, number FROM rep ORDER BY session_id, number"):
        found[int(str(session))].append(int(str(number)))
    return found


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def alone(child: Child) -> None:
    """Nothing that it has started is left; what speaks may finish its word."""
    until_s = time.monotonic() + 60
    while child.family():
        assert time.monotonic() < until_s, f"left behind: {child.family()}"
        child.ends_within(0.02)


# --- kill -9 -----------------------------------------------------------------------------------------------


def test_live_that_is_killed_at_any_moment_has_kept_what_it_has_told(
    forked: Forks, history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stick figure in front of it, else all is real: options, coach, terminal, history, outputs."""
    rng = random.Random(7)
    printed = sessions = 0
    out = tmp_path / "out"
    out.mkdir()
    for number in range(LIVE_KILLS):
        child = forked.start(
            "live", *QUIETLY, "--csv", out / f"{number}.csv", REPCOUNT_HISTORY=history, **{MADE_UP: "0"}
        )
        # Some while it starts, the others a moment after a rep was told.
        if number % 5:
            told_by(child, rng.randrange(1, 12))
        assert not child.ends_within(rng.uniform(0, 0.05 if number % 5 else 0.5)), child.output
        child.send(signal.SIGKILL)
        assert child.end() == -signal.SIGKILL
        reps = announced(child)
        assert reps == list(range(1, len(reps) + 1))
        if history.exists():
            found = kept(history)
            newest = found[max(found)] if len(found) > sessions else []
            safe = promised(child)
            assert newest[: len(safe)] == safe
            assert newest == list(range(1, len(newest) + 1))
            assert len(newest) <= len(reps) + 1, "one at most was kept and not yet told"
            sessions, printed = len(found), printed + len(reps)
    assert printed > LIVE_KILLS, "most of them were killed while they counted"
    assert visible(out) == []
    assert visible(history.parent)[0] == history.name
    assert run_process("history", "--days", "1").code == 0
    with capsys.disabled():
        print(f" [{LIVE_KILLS} kills, {printed} reps told and kept] ", end="")


def test_analyze_that_is_killed_at_any_moment_leaves_whole_files_or_none(
    forked: Forks, piece: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    whole.mkdir()

    def wanted(folder: Path) -> list[str | Path]:
        options = [("--csv", "reps.csv"), ("--json", "reps.json"), ("--signal", "s.csv"), ("--plot", "plot.svg")]
        return [part for option, name in options for part in (option, folder / name)]

    begun_s = time.monotonic()
    assert forked.start("analyze", piece, *wanted(whole)).end() == 0
    takes_s = time.monotonic() - begun_s
    rng = random.Random(8)
    found = [0] * 5
    for number in range(ANALYZE_KILLS):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        child = forked.start("analyze", piece, *wanted(out))
        if number % 2:
            child.ends_within(rng.uniform(0, takes_s))
        else:  # while the files get their names
            while not visible(out) and not child.ends_within(0.0005):
                pass
        child.send(signal.SIGKILL)
        assert child.end() in (-signal.SIGKILL, 0)
        for name in visible(out):
            if name != "plot.svg":  # it holds the time at which it was made
                assert (out / name).read_bytes() == (whole / name).read_bytes(), "half written"
        found[len(visible(out))] += 1
        alone(child)
    assert forked.start("analyze", piece, *wanted(out), "--force").end() == 0, "what is left is in nobody's way"
    assert len(visible(out)) == 4
    with capsys.disabled():
        print(f" [{ANALYZE_KILLS} kills; 0 to 4 of 4 files were there: {found}] ", end="")


# --- signals -----------------------------------------------------------------------------------------------


def test_signals_at_any_moment_of_analyze_end_it_cleanly(forked: Forks, piece: Path, tmp_path: Path) -> None:
    """Reading options, loading the model, measuring, drawing, writing: what was counted until then is there."""
    rng = random.Random(9)
    begun_s = time.monotonic()
    assert forked.start("analyze", piece, "--plot", tmp_path / "plot.svg").end() == 0
    takes_s = time.monotonic() - begun_s
    codes = set()
    for number in range(12):
        out = tmp_path / f"{number}"
        out.mkdir()
        which = list(BY_SIGNAL)[number % 3]
        child = forked.start("analyze", piece, "--csv", out / "reps.csv", "--plot", out / "plot.svg")
        child.ends_within(rng.uniform(0, 1.1 * takes_s))
        child.send(which)
        code = child.end()
        codes.add(code)
        assert code in (0, BY_SIGNAL[which], -which), child.output
        assert "Traceback" not in child.output
        assert [name for name in os.listdir(out) if name.startswith(".")] == []
        if "reps.csv" in visible(out):
            assert len((out / "reps.csv").read_bytes().splitlines()) in (1, 2, 3)
        assert code != 0 or visible(out) == ["plot.svg", "reps.csv"]
        alone(child)
    assert codes & set(BY_SIGNAL.values())


@pytest.mark.parametrize("which", BY_SIGNAL)
def test_signals_while_python_and_the_libraries_are_loaded(which: signal.Signals, piece: Path) -> None:
    """From the first line of the program on, and never without a word; the moments are those at which so many modules
    are there."""
    rng = random.Random(int(which))
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from repcount.__main__ import main; main()"
    command = [sys.executable, "-X", "importtime", "-c", code, "analyze", str(piece)]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            lines = iter(process.stderr)
            assert any("repcount.interrupts" in line for line in lines)
            printed = [line for _, line in zip(range(rng.randrange(1, 200)), lines, strict=False)]
            process.send_signal(which)
            printed += lines
            status = process.wait(300)
        assert status in (BY_SIGNAL[which], -which)
        said = [line for line in printed if not line.startswith("import time:")]
        assert said == (["repcount: stopped\n"] if status > 0 else [])


def test_signals_at_any_moment_of_live_end_it_and_all_that_it_has_started(
    forked: Forks, still_first: Path, history: Path, tmp_path: Path
) -> None:
    """A stream, the pose model and a process that speaks: while they start, before and after the first picture."""
    rng = random.Random(10)
    with streams.mjpeg(still_first, 24, loop=True) as stream:
        for number in range(9):
            which = list(BY_SIGNAL)[number % 3]
            out, film, heard = (tmp_path / f"{number}.{ending}" for ending in ("csv", "mp4", "wav"))
            child = forked.start(
                "live", "--camera", stream.url, "--no-window", "--sound", "tones", "--sound-file", heard,
                "--record", film, "--csv", out, REPCOUNT_HISTORY=history,
            )  # fmt: skip
            assert not child.ends_within(rng.uniform(0, (0.7, 2.0, 5.0)[number // 3])), child.output
            child.send(which)
            assert child.end() == BY_SIGNAL[which], child.output
            assert "Traceback" not in child.output
            alone(child)
            if out.exists():
                with out.open(encoding="utf-8", newline="") as file:
                    assert [int(row["number"]) for row in csv.DictReader(file)] == announced(child)
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []
    if history.exists():
        assert all(kept(history).values()), "a session without a rep leaves no trace"


@pytest.mark.parametrize("which", BY_SIGNAL)
def test_signals_give_the_terminal_back_as_it_was(which: signal.Signals, goes_on: Path) -> None:
    with terminal(goes_on) as (process, keyboard, screen):
        before = termios.tcgetattr(keyboard)
        until(screen, "set 1")
        assert termios.tcgetattr(keyboard) != before, "keys come without Enter"
        process.send_signal(which)
        until(screen, None)
        assert process.wait(300) == BY_SIGNAL[which]
        assert termios.tcgetattr(keyboard) == before


def test_a_terminal_that_is_closed_costs_nothing_that_was_counted(goes_on: Path, tmp_path: Path, history: Path) -> None:
    """What happens where somebody closes the window: the terminal is gone and SIGHUP comes."""
    out = tmp_path / "reps.csv"
    with terminal(goes_on, "--csv", out) as (process, keyboard, screen):
        until(screen, "rep 1,")
        os.close(keyboard)
        os.close(screen)
        assert process.wait(300) == 129
    with out.open(encoding="utf-8", newline="") as file:
        counted = [int(row["number"]) for row in csv.DictReader(file)]
    assert counted
    assert list(kept(history).values()) == [counted]
    assert asked(history, "SELECT ended_utc IS NOT NULL FROM session") == [(1,)]


@contextlib.contextmanager
def terminal(video: Path, *options: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    """`live` in a terminal of its own: the process, the terminal as it sees it, and its other end."""
    screen, keyboard = pty.openpty()
    code = "import fcntl, signal, sys, termios; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "fcntl.ioctl(0, termios.TIOCSCTTY, 0); from repcount.__main__ import main; main()"
    command = [sys.executable, "-c", code, "live", "--camera", video, *QUIETLY, *options]
    with subprocess.Popen(
        command, stdin=keyboard, stdout=keyboard, stderr=keyboard, start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    ) as process:  # fmt: skip
        try:
            yield process, keyboard, screen
        finally:
            process.kill()
            for end in (keyboard, screen):
                with contextlib.suppress(OSError):
                    os.close(end)


def until(screen: int, text: str | None) -> None:
    """Read what is on the screen until `text` is on it, or until nothing new comes."""
    seen = b""
    os.set_blocking(screen, False)
    until_s = time.monotonic() + (60 if text else 1)
    while time.monotonic() < until_s:
        with contextlib.suppress(BlockingIOError):
            seen += os.read(screen, 65536)
        if text and text.encode() in seen:
            return
    assert text is None, seen[-2000:]


def test_a_guard_heeds_the_signals_of_the_system_as_it_heeds_ctrl_c() -> None:
    before = {number: signal.getsignal(number) for number in BY_SIGNAL}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        interrupts.install_handlers()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, "nohup wants it so"
        with interrupts.InterruptGuard() as guard:
            guard.delayed = True
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGHUP)
            assert [guard.requested(), guard.requested()] == [True, False]
            assert guard.signal == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        interrupts.restore_handlers()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


HUNG = """
import ctypes, signal, tty
from pathlib import Path
from repcount import interrupts

from repcount.files import AtomicFile

interrupts._ENDING_S = 0.1
interrupts.install_handlers()
interrupts.watch_main_thread()
half, whole = (AtomicFile(Path(name)) for name in ("half.csv", "whole.csv"))
whole.worth_keeping = True
for number in interrupts.SIGNALS:
    signal.signal(number, lambda number, _: interrupts._heed(number))
tty.setcbreak(0)
mutex, lock = ctypes.create_string_buffer(64), ctypes.CDLL(None).pthread_mutex_lock
lock(mutex)
print("ready", flush=True)
lock(mutex)
"""
"""A native call in the main thread that never returns; signals that come before it change nothing."""


@pytest.mark.parametrize("number", BY_SIGNAL)
def test_signals_end_a_program_that_hangs_in_native_code(number: signal.Signals, tmp_path: Path) -> None:
    other, terminal = os.openpty()
    before = termios.tcgetattr(terminal)
    command = [sys.executable, "-c", HUNG]
    with subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        assert termios.tcgetattr(terminal) != before
        while program.poll() is None:  # the first may come before it is in there
            program.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(0.05)
        _, err = program.communicate()
    assert err == "repcount: stopped; not complete, so removed: half.csv\n"
    assert os.listdir(tmp_path) == ["whole.csv"]
    assert program.returncode == BY_SIGNAL[number]
    assert termios.tcgetattr(terminal) == before
    os.close(terminal)
    os.close(other)


HUNG_SESSION = """
import ctypes, signal, sys
from repcount import interrupts
from support import forks

def hang():
    for number in interrupts.SIGNALS:  # which come before it hangs and change nothing
        signal.signal(number, lambda number, _: None)
    mutex, lock = ctypes.create_string_buffer(64), ctypes.CDLL(None).pthread_mutex_lock
    lock(mutex)
    print("hangs", flush=True)
    lock(mutex)

forks.make_up(9, [(3, hang)])
from repcount.__main__ import main
main()
"""


@pytest.mark.parametrize("number", BY_SIGNAL)
def test_a_session_whose_window_or_driver_hangs_has_its_files(
    number: signal.Signals, history: Path, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-c",
        HUNG_SESSION,
        "live",
        *QUIETLY,
        "--csv",
        "a.csv",
        "--json",
        "a.json",
        "--signal",
        "s.csv",
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "REPCOUNT_HISTORY": str(history)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=env
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "hangs\n"
        program.send_signal(number)
        _, err = program.communicate(timeout=300)
    assert program.returncode == BY_SIGNAL[number]
    assert err.endswith("repcount: stopped\n")
    assert kept(history) == {1: [1, 2, 3]}
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == ["1", "2", "3"]
    document = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert [rep["number"] for rep in document["reps"]] == [1, 2, 3]
    assert document["interrupted"]
    assert len((tmp_path / "s.csv").read_bytes().splitlines()) > 100
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


WORKS = """
import signal, sys
from repcount import interrupts

interrupts._ENDING_S, interrupts._WORKING_S = 0.1, float(sys.argv[1])
interrupts.install_handlers()
interrupts.watch_main_thread()
signal.signal(signal.SIGTERM, lambda number, _: interrupts._heed(number))
print("ready", flush=True)
while True:
    pass
"""
"""A main thread that works for ever."""


@pytest.mark.parametrize(("working_s", "signals"), [(1e9, 2), (0.5, 1)], ids=["signalled again", "for too long"])
def test_a_signal_leaves_time_to_work_and_a_second_one_does_not(working_s: float, signals: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORKS, str(working_s)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        said = program.stderr.readline()
        if signals == 2:
            program.send_signal(signal.SIGTERM)
        said += program.stderr.read()
    assert said == "repcount: still saving what was counted; Ctrl-C once more gives that up\nrepcount: stopped\n"
    assert program.returncode == 143


# --- the history -------------------------------------------------------------------------------------------

FULL_DISK = """
import os, sys
from pathlib import Path
from support import forks

disk = Path(os.environ["REPCOUNT_HISTORY"]).parent

def fill():
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass

def free():
    (disk / "filler").unlink()

forks.make_up(9, [(2, fill), (6, free)])
sys.argv = ["repcount", "live", "--no-window", "--sound", "off"]
from repcount.__main__ import main
main()
"""


def test_a_disk_that_is_full_for_a_while_costs_no_rep(tmp_path: Path) -> None:
    """Full from the third rep to the sixth: counting goes on, it is told once, and all is kept in the end."""
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    env = {**os.environ, "REPCOUNT_HISTORY": str(disk / "history.sqlite3"), "PYTHONPATH": str(ROOT / "tests")}
    script = f'"$@"; code=$?; cp -r {disk} {copy}; exit $code'
    done = on_a_disk(disk, "size=512k", script, [sys.executable, "-c", FULL_DISK], env=env)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"rep \d+, full", done.stderr)) == 9
    printed = "the disk is full. Counting goes on, reps wait and are written as soon as that is possible"
    assert done.stderr.count(printed) == 1
    assert "Traceback" not in done.stderr
    assert kept(copy / "history.sqlite3") == {1: list(range(1, 10))}


def test_live_sets_a_damaged_history_aside_and_says_so(forked: Forks, history: Path) -> None:
    history.parent.mkdir()
    history.write_bytes(damaged("Dear diary"))
    child = forked.start("live", *QUIETLY, REPCOUNT_HISTORY=history, **{MADE_UP: "3"})
    assert child.end() == 0, child.output
    assert "It is kept as history.damaged-1.sqlite3, and a new one is begun" in child.output
    assert kept(history) == {1: [1, 2, 3]}
    assert history.with_name("history.damaged-1.sqlite3").read_bytes() == damaged("Dear diary")


def test_live_leaves_a_file_that_is_no_history_alone_and_counts_without(forked: Forks, history: Path) -> None:
    history.parent.mkdir()
    history.write_text("Dear diary", encoding="utf-8")
    child = forked.start("live", *QUIETLY, REPCOUNT_HISTORY=history, **{MADE_UP: "3"})
    assert child.end() == 0, child.output
    assert child.output.count("another kind of file, not a history of repcount") == 1
    assert "Counting goes on without a history" in child.output
    assert announced(child) == [1, 2, 3]
    assert visible(history.parent) == [history.name]
    assert history.read_text(encoding="utf-8") == "Dear diary"


def test_a_history_that_is_removed_in_a_session_is_written_again(forked: Forks, history: Path) -> None:
    """All of the session: what was told before is gone with the file."""
    child = forked.start("live", *QUIETLY, REPCOUNT_HISTORY=history, **{MADE_UP: "20"})
    told_by(child, 4)
    history.unlink()
    assert child.end() == 0, child.output
    assert announced(child) == list(range(1, 21))
    assert kept(history) == {1: list(range(1, 21))}
    assert child.output.count("was removed or replaced; this session is written again") == 1
    assert visible(history.parent) == [history.name]


def test_live_counts_without_a_history_that_is_of_a_newer_version(forked: Forks, history: Path) -> None:
    filled(history, rep(1))
    with contextlib.closing(sqlite3.connect(history)) as newer:
        newer.execute("PRAGMA user_version = 7")
    before = history.read_bytes()
    child = forked.start("live", *QUIETLY, REPCOUNT_HISTORY=history, **{MADE_UP: "3"})
    assert child.end() == 0, child.output
    assert "was written by a newer repcount" in child.output
    assert "Counting goes on without a history" in child.output
    assert announced(child) == [1, 2, 3]
    assert history.read_bytes() == before
    assert visible(history.parent) == [history.name]


def test_two_live_at_once_on_one_history(forked: Forks, history: Path, tmp_path: Path) -> None:
    with forks(tmp_path / "other") as others:
        both = [each.start("live", *QUIETLY, REPCOUNT_HISTORY=history, **{MADE_UP: "60"}) for each in (forked, others)]
        assert [child.end() for child in both] == [0, 0]
    assert [announced(child) for child in both] == [list(range(1, 61))] * 2
    assert kept(history) == {1: list(range(1, 61)), 2: list(range(1, 61))}
    assert visible(history.parent) == [history.name]
    started = asked(history, "SELECT min(started_utc), max(started_utc), min(ended_utc) FROM session")[0]
    assert str(started[1]) < str(started[2]), "they ran at the same time"


# --- the clock ---------------------------------------------------------------------------------------------

FALL_BACK = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
"""When the hour from two to three begins again in Berlin."""


def test_the_clock_of_a_session_is_one_that_nobody_sets() -> None:
    assert monotonic.clock_s is time.perf_counter
    clock = time.get_clock_info("perf_counter")
    assert (clock.monotonic, clock.adjustable) == (True, False)


def test_a_calendar_that_jumps_in_a_session_changes_no_rep(forked: Forks, history: Path, tmp_path: Path) -> None:
    """Daylight time ends, somebody sets the clock back an hour, then three days ahead; two more sessions, the last
    before the first."""
    calendar = tmp_path / "calendar"
    env: dict[str, str | Path] = {"REPCOUNT_HISTORY": history, CALENDAR: calendar, "TZ": "Europe/Berlin"}

    def show(moment: datetime) -> None:
        beside = calendar.with_name("next")
        beside.write_text(str(moment.timestamp()), encoding="utf-8")
        beside.replace(calendar)

    show(FALL_BACK - timedelta(seconds=6))
    child = forked.start("live", *QUIETLY, **env, **{MADE_UP: "60"})
    for number, jump in ((1, timedelta()), (5, timedelta(hours=-1)), (9, timedelta(days=3))):
        told_by(child, number)
        show(FALL_BACK + jump)
    assert child.end() == 0, child.output
    for start in (FALL_BACK + timedelta(minutes=10), FALL_BACK - timedelta(minutes=30)):
        show(start)
        later = forked.start("live", *QUIETLY, **env, **{MADE_UP: "4"})
        assert later.end() == 0, later.output
    shown = forked.start("history", "--days", "36500", "--json", "-", **env)
    assert shown.end() == 0, shown.output
    found = np.array(asked(history, "SELECT raise_s, hold_s, lower_s FROM rep WHERE session_id = 1"), float)
    ends_s = np.array(asked(history, "SELECT end_s FROM rep WHERE session_id = 1 ORDER BY number"), float)[:, 0]
    assert np.ptp(found, axis=0).max() < 0.2
    assert np.diff(ends_s) == pytest.approx(5.4, abs=0.2)
    assert kept(history) == {1: list(range(1, 61)), 2: [1, 2, 3, 4], 3: [1, 2, 3, 4]}
    assert set(asked(history, "SELECT day FROM rep")) == {("2026-10-25",)}
    document = json.loads(shown.out.read_text(encoding="utf-8"))
    assert [session["id"] for session in document["sessions"]] == [3, 1, 2], "in the order of time"
    assert [session["started"][11:16] for session in document["sessions"]] == ["02:30", "02:59", "02:10"]
    assert [(day["day"], day["full"]) for day in document["days"]] == [("2026-10-25", 68)]
    assert all(session["started"] <= session["ended"] for session in document["sessions"])


def told_by(child: Child, number: int) -> None:
    until_s = time.monotonic() + 120
    while number not in announced(child):
        assert not child.ends_within(0.005), child.output
        assert time.monotonic() < until_s, child.output


# --- cameras -----------------------------------------------------------------------------------------------


class Mad(streams.Mjpeg):
    """A camera whose pictures are spoiled as long as `madness` names a way."""

    madness = ""

    def _send(self, picture: bytes) -> None:
        self._give(SPOILED[self.madness](picture))


RNG = random.Random()
"""Each test gives it a seed of its own."""


def flipped(picture: bytes) -> bytes:
    """Not in its head, which says the size: see `resized`."""
    spoiled = bytearray(picture)
    for _ in range(len(picture) // 50):
        spoiled[RNG.randrange(picture.index(b"\xff\xda"), len(picture))] = RNG.randrange(256)
    return bytes(spoiled)


def resized(picture: bytes) -> bytes:
    """What a flipped byte in the head makes of it: the size that it says is another."""
    at = picture.index(b"\xff\xc0") + 5
    return picture[:at] + struct.pack(">HH", RNG.randrange(16, 300), RNG.randrange(16, 300)) + picture[at + 4 :]


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "": streams.part,
    "bytes at random": lambda picture: RNG.randbytes(len(picture)),
    "pictures at random": lambda picture: streams.part(RNG.randbytes(len(picture))),
    "cut pictures": lambda picture: streams.part(picture[: len(picture) // 3]),
    "flipped bytes": lambda picture: streams.part(flipped(picture)),
    "sizes at random": lambda picture: streams.part(resized(picture)),
    "empty pictures": lambda _: streams.part(b""),
    "a wrong length": lambda picture: streams.part(picture).replace(b"Length: ", b"Length: 9"),
    "no picture at all": lambda _: b"--picture\r\nContent-Type: text/html\r\n\r\n<h1>Busy</h1>\r\n",
}


@pytest.mark.parametrize("madness", [name for name in SPOILED if name])
def test_a_stream_that_turns_to_garbage_is_seen_again_when_it_is_sound(madness: str, counting: Path) -> None:
    RNG.seed(madness)
    mad = Mad(counting, 30, lead_s=0, loop=True)
    with mad.running(), open_camera(mad.url) as eye:
        seen(eye, 5)
        mad.madness = madness
        garbage_s = time.monotonic() + 1.0
        while time.monotonic() < garbage_s:
            got = eye.next(0.1)
            if isinstance(got, Frame) and madness != "sizes at random":
                assert got.image.shape == (120, 160, 3)
        mad.madness = ""
        last = seen(eye, 10)
        assert last.image.shape == (120, 160, 3)
        until_s = time.monotonic() + 60
        while eye.now_s() - last.time_s > 0.2:
            assert time.monotonic() < until_s, "what is seen is over"
            last = seen(eye, 1)
        assert not eye.ended


def seen(eye: object, count: int) -> Frame:
    until_s = time.monotonic() + 60
    frames: list[Frame] = []
    while len(frames) < count:
        assert time.monotonic() < until_s, "no picture came any more"
        got = eye.next(0.25)  # type: ignore[attr-defined]
        frames += [got] if isinstance(got, Frame) else []
    return frames[-1]


@pytest.fixture(scope="module")
def counting(ffmpeg: Ffmpeg, clips: Path) -> Path:
    return ffmpeg("-f", "lavfi", "-i", "testsrc=s=160x120:r=30:d=3", "-pix_fmt", "yuv420p", clips / "faults.mp4")


def test_a_stream_that_changes_its_size_goes_on_in_its_new_shape(counting: Path, ffmpeg: Ffmpeg, clips: Path) -> None:
    """As phones do when they are turned."""
    turned = ffmpeg("-i", counting, "-vf", "transpose=1,scale=240:320", clips / "faults_turned.mp4")
    other = streams.pictures(turned, 30)
    stream = streams.Mjpeg(counting, 30, lead_s=0, loop=True)
    with stream.running(), open_camera(stream.url) as eye:
        before = seen(eye, 5)
        stream._pictures = other
        after = seen(eye, 30)
        assert (eye.width, eye.height) == (240, 320)
        assert (before.image.shape, after.image.shape) == ((120, 160, 3), (320, 240, 3))
        assert after.time_s - before.time_s > 0.5

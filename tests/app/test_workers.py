"""Worker processes: a crash or a hang costs the video it was at, and nothing else; none outlives the command."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
from support import misbehaving
from support.programs import SAMPLES, Ffmpeg, Result

from repcount.app import workers
from repcount.app.executor import StoppedError, Task, TaskError, WorkerError
from repcount.app.jobs import VideoJob
from repcount.app.workers import LocalExecutor
from repcount.config import Config
from repcount.errors import LibraryError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")

_MOST_S = 300.0

LIVE = ["live", "--no-window", "--sound", "off"]

PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom repcount.__main__ import main\n"
)
"""Ctrl-C reaches it even where these tests run in the background."""


@contextmanager
def started(*arguments: str | Path, cwd: Path, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """`repcount analyze` as the leader of a group of its own; `before` is done first."""
    command = [sys.executable, "-c", f"{PROGRAM}{before}main()", "analyze", *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=cwd, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], ready: Callable[[], object]) -> bool:
    """Wait until something is so; False where the program ends before."""
    due_s = monotonic() + _MOST_S
    while process.poll() is None:
        if ready():
            return True
        assert monotonic() < due_s, "it goes on for too long"
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.005)
    return False


def children(process: subprocess.Popen[str]) -> list[int]:
    """The worker processes of the program."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def working_on(process: subprocess.Popen[str], name: str) -> list[int]:
    """The worker processes that have a video open."""
    return [pid for pid in children(process) if name in opened(pid)]


def opened(pid: int) -> set[str]:
    """The names of the videos that a process has open now."""
    names = set()
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                names.add(os.readlink(link))
    return {Path(name).name for name in names if name.endswith(".mp4")}


def crash(process: subprocess.Popen[str], number: int, bad: Callable[[int], object]) -> tuple[Result, int]:
    """Have the process at work die of signal `number` whenever it is `bad`; the result, and how often it died."""
    dead: list[int] = []

    def strike() -> None:
        for pid in children(process):
            if pid not in dead and bad(pid):
                dead.append(pid)
                os.kill(pid, number)

    until(process, strike)
    out, err = process.communicate(timeout=_MOST_S)
    return Result(process.returncode, out, err), len(dead)


def at(name: str) -> Callable[[int], object]:
    """Bad is whoever reads this video."""
    return lambda pid: name in opened(pid)


def everything(folder: Path) -> dict[str, bytes]:
    """What lies in a folder and below it, apart from the videos that were put there."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".mp4"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def folder(piece: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> Path:
    """Three short videos, and one that takes longer to read."""
    for name in "abc":
        shutil.copy(piece, tmp_path / f"{name}.mp4")
    shutil.copy(SAMPLES / "07_fast_reps.mp4", tmp_path / "bad.mp4")
    return tmp_path


WANTED = ("--csv", "reps.csv", "--json", "reps.json", "--signal", "signals", "--report", "report.html")


@pytest.mark.slow
def test_a_crash_costs_the_video_it_was_at_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    with started("bad.mp4", "a.mp4", "b.mp4", "c.mp4", *WANTED, cwd=folder) as process:
        result, crashes = crash(process, signal.SIGSEGV, at("bad.mp4"))
    found = everything(folder)
    for name in found:
        (folder / name).unlink()
    with started("a.mp4", "b.mp4", "c.mp4", *WANTED, cwd=folder) as process:
        out, err = process.communicate(timeout=_MOST_S)
    # The failed video has the longest name, and counts among the videos.
    out = out.replace(".mp4 ", ".mp4   ").replace("3 videos:", "4 videos, 3 counted:")
    message = (
        "repcount: bad.mp4: the video library crashed on it (SIGSEGV); convert it to mp4 (H.264) and try again. "
        "`repcount doctor` tells whether the library itself is damaged\n"
    )
    assert result == Result(1, out, message + err)
    assert crashes == 1
    wanted = everything(folder)
    assert b"bad.mp4" in found["report.html"]
    assert b"bad.mp4" not in wanted["report.html"]
    assert found | {"report.html": b""} == wanted | {"report.html": b""}
    assert sorted(found) == ["report.html", "reps.csv", "reps.json", *(f"signals/{name}.csv" for name in "abc")]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL])
def test_a_crash_over_the_only_video_is_told_in_a_line(folder: Path, number: signal.Signals) -> None:
    before = sorted(folder.iterdir())
    with started("bad.mp4", *WANTED, "--annotate", "film.mp4", cwd=folder) as process:
        result, crashes = crash(process, number, at("bad.mp4"))
    assert (result.code, result.out, crashes) == (1, "", 1)
    assert result.err.startswith("repcount: bad.mp4: the ")
    assert f"({number.name})" in result.err
    assert result.err.count("\n") == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.slow
def test_where_every_video_crashes_it_ends(folder: Path) -> None:
    before = sorted(folder.iterdir())
    with started("bad.mp4", "a.mp4", "b.mp4", *WANTED, cwd=folder) as process:
        result, _ = crash(process, signal.SIGSEGV, opened)
    assert (result.code, result.out) == (1, "")
    assert [line.split(":")[1] for line in result.err.splitlines()] == [" bad.mp4", " a.mp4", " b.mp4"]
    assert sorted(folder.iterdir()) == before


@pytest.mark.slow
def test_where_every_process_crashes_it_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a library was built for another processor: a module that dies as it is loaded stands before it."""
    fake, deaths = folder / "fake", folder.with_suffix(".deaths")
    fake.mkdir()
    (fake / "cv2.py").write_text(f"open({str(deaths)!r}, 'a').write('x')\nimport os; os.kill(os.getpid(), 4)\n")
    before = sorted(folder.iterdir())
    monkeypatch.setenv("PYTHONPATH", str(fake))
    with started("a.mp4", "b.mp4", "--jobs", "1", *WANTED, cwd=folder) as process:
        out, err = process.communicate(timeout=_MOST_S)
    assert (process.returncode, out, deaths.read_text()) == (1, "", "xx")
    assert err.startswith("repcount: a library crashed (SIGILL) while no video was read. Install")
    assert err.count("\n") == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.slow
def test_a_crash_in_the_second_look_costs_the_film_alone(folder: Path) -> None:
    """The count is known by then, and is neither told twice nor lost."""
    counted = folder / "reps.json.journal"

    def filming(pid: int) -> bool:
        return counted.exists() and "a.mp4" in counted.read_text() and "a.mp4" in opened(pid)

    with started("a.mp4", "b.mp4", "--json", "reps.json", "--annotate", "films", cwd=folder) as process:
        result, _ = crash(process, signal.SIGBUS, filming)
    assert result.code == 1
    assert result.err.count("repcount: a.mp4: the video library crashed on it (SIGBUS)") == 1
    assert result.out.count("2 full reps") == 2
    assert [video["summary"]["full"] for video in json.loads((folder / "reps.json").read_text())] == [2, 2]
    assert [path.name for path in (folder / "films").iterdir()] == ["b.mp4"]
    assert not counted.exists()


@pytest.mark.slow
def test_a_crash_while_the_plot_is_drawn_costs_the_plot_alone(folder: Path) -> None:
    def drawing(pid: int) -> bool:
        with suppress(OSError):
            return "/matplotlib/" in Path(f"/proc/{pid}/maps").read_text()
        return False

    with started("a.mp4", "--csv", "reps.csv", "--plot", "plot.png", cwd=folder) as process:
        result, crashes = crash(process, signal.SIGFPE, drawing)
    assert (result.code, crashes) == (1, 1)
    assert "repcount: plot.png is not written: the library that draws it crashed (SIGFPE)\n" in result.err
    assert result.out.count("2 full reps") == 1
    assert sorted(everything(folder)) == ["reps.csv"]


# --- how it ends otherwise ---------------------------------------------------------------------------------


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def all_gone(pids: list[int]) -> bool:
    """Whether all of them end within a while."""
    due_s = monotonic() + _MOST_S
    while not all(map(gone, pids)) and monotonic() < due_s:
        threading.Event().wait(0.01)
    return all(map(gone, pids))


@pytest.mark.slow
def test_a_killed_command_leaves_no_process_at_work(folder: Path) -> None:
    with started("bad.mp4", cwd=folder) as process:
        pids: list[int] = []

        def at_work() -> bool:
            pids[:] = [pid for pid in children(process) if opened(pid)]
            return bool(pids)

        assert until(process, at_work)
        process.kill()
        process.communicate(timeout=_MOST_S)
    assert all_gone(pids)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "to_all"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_being_stopped_keeps_what_was_counted(folder: Path, number: signal.Signals, to_all: bool) -> None:
    """A terminal sends Ctrl-C to all processes of the command, `kill` sends its signal to one."""
    with started("a.mp4", "bad.mp4", "--jobs", "1", "--csv", "reps.csv", cwd=folder) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "full reps" in line:
                break
        assert until(process, lambda: working_on(process, "bad.mp4"))
        (os.killpg if to_all else os.kill)(process.pid, number)
        _, err = process.communicate(timeout=_MOST_S)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    with (folder / "reps.csv").open(newline="") as file:
        assert [row["source"] for row in csv.DictReader(file)][:2] == ["a.mp4"] * 2


@pytest.mark.slow
def test_ctrl_c_ends_the_download_of_the_model_too(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a registry that takes the connection and never answers."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.delenv("REPCOUNT_MODEL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(_MOST_S)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        with started("a.mp4", cwd=folder) as process, server.accept()[0]:
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=_MOST_S)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


SAYS_WHEN_IT_IS_UP = """
from repcount import interrupts

interrupts._ENDING_S = 300

def up(install_handlers=interrupts.install_handlers):
    install_handlers()
    print("up", flush=True)

interrupts.install_handlers = up
"""
"""As soon as a signal does what it is to do. A main thread that does not heed one has to wait for a busy machine."""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_leaves_no_process_and_no_hidden_file(folder: Path, number: signal.Signals) -> None:
    """To the whole group, as a terminal does, while interpreters start, libraries load, videos are measured."""
    rng = random.Random(int(number))
    names = ["a.mp4", "bad.mp4"]
    codes = set()
    for attempt in range(4):
        out = folder / f"{attempt}"
        out.mkdir()
        with started(
            *names, "--csv", out / "reps.csv", "--annotate", out, cwd=folder, before=SAYS_WHEN_IT_IS_UP
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, 4))
            pids = children(process)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            _, err = process.communicate(timeout=_MOST_S)
        codes.add(process.returncode)
        assert process.returncode in (0, 128 + number, -number)
        assert "Traceback" not in err
        assert all_gone(pids)
        assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []
    assert 128 + number in codes


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("moment", ["_lock", "AtomicFile.__init__", "AtomicFile.discard"])
def test_a_signal_just_when_a_file_is_made_or_removed_leaves_nothing(folder: Path, moment: str, call: int) -> None:
    """Before the code that is to remove it knows of it, or just when that begins."""
    (folder / "out").mkdir()
    strikes = f"""
import signal
from repcount import files

def strike(*given, calls=[], act=files.{moment}, **named):
    calls.append(given)
    result = None if len(calls) == {call} and {"discard" in moment} else act(*given, **named)
    if len(calls) == {call}:
        signal.raise_signal(signal.SIGINT)
    return result

files.{moment} = strike
"""
    wanted = ["--csv", "out/reps.csv", "--annotate", "out/film.mp4"]
    with started("a.mp4", *wanted, cwd=folder, before=strikes) as process:
        _, err = process.communicate(timeout=_MOST_S)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert [path.name for path in (folder / "out").iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_what_a_killed_command_leaves_is_removed_by_the_next(folder: Path) -> None:
    (folder / "out").mkdir()
    wanted = ["--csv", "out/reps.csv", "--annotate", "out/film.mp4"]
    with started("bad.mp4", *wanted, cwd=folder) as process:
        assert until(process, lambda: working_on(process, "bad.mp4"))
        pids = children(process)
        process.kill()
        process.communicate(timeout=_MOST_S)
    assert all_gone(pids)
    left = sorted(path.name for path in (folder / "out").iterdir())
    assert [name.startswith(".") for name in left] == [True, True]
    with started("a.mp4", *wanted, cwd=folder) as process:
        process.communicate(timeout=_MOST_S)
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["film.mp4", "reps.csv"]


@pytest.mark.slow
def test_too_little_memory_is_told_in_a_line(folder: Path) -> None:
    """At every size of the address space something else cannot be had: a process, a library, a thread, a picture."""
    for megabytes in (60, 200, 400, 700, 1000):
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))\n"
        with started("a.mp4", cwd=folder, before=limit) as process:
            _, err = process.communicate(timeout=_MOST_S)
        assert "Traceback" not in err
        assert process.returncode in (0, 1)
        assert process.returncode == 0 or (err.startswith("repcount: ") and err.count("\n") == 1), err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("MemoryError()", False),
        ("SystemError('error return without exception set')", False),
        ("SystemError('<function f at 0x1> returned NULL without setting an exception')", False),
        ('RuntimeError("can\'t start new thread")', False),
        ("OSError(12, 'Cannot allocate memory')", False),
        ("SystemError('of another kind')", True),
        ("ValueError('a mistake')", True),
    ],
)
@pytest.mark.parametrize("dropped", [False, True])
def test_a_thread_says_why_it_ended_unless_memory_is_lacking(error: str, said: bool, dropped: bool) -> None:
    """The main thread lacks it, too, and says so in one line."""
    program = f"""import sys, threading
from repcount import cli
def fail(*_):
    raise {error}
class Dropped:
    __del__ = fail
def command():
    thread = threading.Thread(target=[fail, Dropped][{dropped}])
    thread.start()
    thread.join()
    sys.exit("the line")
cli.main = command
"""
    command = [sys.executable, "-c", f"{program}{PROGRAM}main()"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_S, check=False)
    assert done.returncode == 1
    assert ("Traceback" in done.stderr) is said
    assert (done.stderr == "the line\n") is not said


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [("history",), ("recount", "signal.csv", "--plot", "a.png"), ("doctor",), ("cameras",)]
)
def test_every_command_says_in_a_line_that_memory_is_lacking(command: tuple[str, ...], tmp_path: Path) -> None:
    """From an address space in which Python itself hardly starts to one in which it is enough for some.

    In between, libraries written in Rust end the process by themselves.
    """
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n0,180\n0.1,180\n")
    seen = set()
    for megabytes in (30, 80, 300):
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))\n"
        program = [sys.executable, "-c", f"{PROGRAM}{limit}main()", *command]
        done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, timeout=_MOST_S, check=False)
        assert "Traceback" not in done.stderr + done.stdout
        assert done.returncode in (0, 1)
        assert done.stderr.count("repcount: ") <= 1, done.stderr
        seen.add(done.returncode)
    # How much Python takes to start depends on the system; the last size is not enough for any of them everywhere.
    assert 1 in seen


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a limit that Linux enforces")
@pytest.mark.parametrize(("threads", "command"), [(0, ["analyze"]), (0, [*LIVE, "--camera"]), (2, [*LIVE, "--camera"])])
def test_no_more_threads_than_these_can_be_started(threads: int, command: list[str], folder: Path) -> None:
    """Memory there is, but each thread asks for so large a stack that no more of them fit into the address space."""
    limits = (
        "import resource, threading; resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))\n"
        f"threading.stack_size({(14 << 30) // (2 * threads + 1)})\n"
    )
    program = [sys.executable, "-c", f"{PROGRAM}{limits}main()", *command, "a.mp4"]
    done = subprocess.run(program, capture_output=True, text=True, cwd=folder, timeout=_MOST_S, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("repcount: ")
    assert done.stderr.count("\n") == 1
    assert "can't start new thread" in done.stderr


# --- the executor ------------------------------------------------------------------------------------------


def ended(executor: LocalExecutor, *tasks: Task) -> list[object]:
    """What becomes of tasks: results, or the exceptions that they end with."""
    while not all(task.done for task in tasks):
        executor.wait()
    found: list[object] = []
    for task in tasks:
        try:
            found.append(task.result())
        except (TaskError, StoppedError) as error:
            found.append(error)
    return found


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalExecutor]:
    """Two workers that load nothing."""
    with bare(monkeypatch), LocalExecutor(2, 2) as made:
        yield made


@contextmanager
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers that find no library to load, and are there at once."""
    without = "sys.modules['repcount.pose.parallel'] = None; main()"
    monkeypatch.setattr(workers, "_BOOT", workers._BOOT.replace("main()", without))
    yield


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_dead_worker_names_its_own_job(executor: LocalExecutor, number: signal.Signals) -> None:
    tasks = [executor.submit(misbehaving.echo, "a"), executor.submit(misbehaving.die, number)]
    tasks += [executor.submit(misbehaving.echo, name) for name in "bcd"]
    first, crash, *others = ended(executor, *tasks)
    assert [first, *others] == ["a", "b", "c", "d"]
    assert isinstance(crash, TaskError)
    assert f"({number.name})" in str(crash)


def test_native_crashes_are_real(executor: LocalExecutor) -> None:
    segfault, left = ended(executor, executor.submit(misbehaving.segfault, None), executor.submit(misbehaving.leave, 3))
    assert "crashed on it (SIGSEGV)" in str(segfault)
    assert "crashed on it (exit code 3)" in str(left)


@pytest.mark.slow
def test_a_worker_that_we_end_is_not_told_as_one_that_the_system_has_ended(executor: LocalExecutor) -> None:
    """It says no more and does not exit, so it is killed, and SIGKILL is what memory that runs out looks like."""
    [error] = ended(executor, executor.submit(misbehaving.break_off, None))
    assert "the process that read it broke off and did not exit" in str(error)
    assert "SIGKILL" not in str(error)


def test_a_worker_is_used_again(executor: LocalExecutor) -> None:
    tasks = [executor.submit(misbehaving.process_id, None) for _ in range(8)]
    assert 1 <= len(set(ended(executor, *tasks))) <= 2


def test_a_job_that_hangs_is_given_up_and_the_others_go_on(executor: LocalExecutor, tmp_path: Path) -> None:
    stuck = executor.submit(misbehaving.hang, tmp_path / "pid")
    others = [executor.submit(misbehaving.echo, name) for name in "abc"]
    while not (tmp_path / "pid").exists():
        executor.wait()
    stuck.limit_s = 0.3
    hung, *rest = ended(executor, stuck, *others)
    assert rest == ["a", "b", "c"]
    assert isinstance(hung, TaskError)
    assert str(hung).startswith("the video library got no further with it in 0.3 s")
    assert all_gone([int((tmp_path / "pid").read_text())])


def test_a_job_that_hangs_when_it_is_stopped_is_not_waited_for(
    executor: LocalExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "STOP_S", 0.1)
    stuck = executor.submit(misbehaving.hang, tmp_path / "pid")
    while not (tmp_path / "pid").exists():
        executor.wait()
    stuck.progress = 1.0, 2.0
    executor.stop()
    assert isinstance(ended(executor, stuck)[0], StoppedError)


def test_an_exception_in_a_worker_costs_its_job_alone(executor: LocalExecutor) -> None:
    fails = [executor.submit(function, None) for function in (misbehaving.fail, misbehaving.unpicklable)]
    fail, unpicklable, fine = ended(executor, *fails, executor.submit(misbehaving.echo, "fine"))
    assert fine == "fine"
    assert "it could not be counted: LocalError: two of them" in str(fail)
    assert "cannot pickle" in str(unpicklable)


def test_no_memory_for_a_thread_is_told_as_that(executor: LocalExecutor) -> None:
    [error] = ended(executor, executor.submit(misbehaving.without_memory, None))
    assert "not enough memory for it (RuntimeError: can't start new thread)" in str(error)


def test_workers_hear_no_signal(executor: LocalExecutor) -> None:
    """A terminal sends Ctrl-C to all; they are told by the command."""
    assert ended(executor, executor.submit(misbehaving.signals_heard, None)) == [set()]


def test_being_asked_to_stop_hands_over_what_there_is(executor: LocalExecutor, tmp_path: Path) -> None:
    at_work = executor.submit(misbehaving.count_on, tmp_path / "at work")
    stuck = executor.submit(misbehaving.hang, tmp_path / "stuck")
    waiting = executor.submit(misbehaving.echo, "never begun")
    while not (at_work.progress and stuck.progress):
        executor.wait()
    executor.stop()
    steps, never = ended(executor, at_work, waiting)
    assert isinstance(never, StoppedError)
    assert isinstance(steps, int)
    assert steps > 0
    executor.stop()  # a second time: no more patience with the one that hangs
    [given_up] = ended(executor, stuck)
    assert isinstance(given_up, StoppedError)


@pytest.mark.slow
def test_trackers_are_shared_by_the_videos_under_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--jobs 4` means four trackers in all."""
    for videos, expected in ((1, [4]), (2, [2, 2]), (3, [1, 1, 2]), (9, [1] * 4)):
        with bare(monkeypatch), LocalExecutor(4, videos) as executor:
            jobs = [VideoJob(tmp_path / f"{videos}-{number}", Config()) for number in range(videos)]
            tasks = [executor.submit(misbehaving.hang_on, job) for job in jobs]
            while sum(task.progress is not None for task in tasks) < min(4, videos):
                executor.wait()
            assert sorted(task.job.trackers for task in tasks if task.progress) == expected


def test_a_worker_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_BOOT", "raise SystemExit(7)")
    with LocalExecutor() as executor, pytest.raises(WorkerError, match=r"does not start \(exit code 7\)"):
        ended(executor, executor.submit(misbehaving.echo, None))
    monkeypatch.setattr(workers, "_BOOT", "import os; os.kill(os.getpid(), 4)")
    with LocalExecutor() as executor, pytest.raises(LibraryError, match="SIGILL"):
        ended(executor, executor.submit(misbehaving.echo, None))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with LocalExecutor() as executor, pytest.raises(WorkerError, match="No such file"):
        executor.start()


@pytest.mark.slow
def test_the_command_loads_no_native_library(piece: Path) -> None:
    code = f"import sys; sys.argv = ['repcount', 'analyze', {str(piece)!r}]\nfrom repcount.cli import main\n"
    code += "try: main()\nfinally: print('LOADED', sorted({'cv2', 'mediapipe', 'numpy', 'av'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["2 full reps, 2 fast in 4.0 s", "LOADED []"]


@pytest.mark.slow
def test_the_library_counts_in_the_process_that_calls_it(piece: Path) -> None:
    code = f"import os, repcount; print(repcount.analyze({str(piece)!r}).summary.full); "
    code += "print(open(f'/proc/self/task/{os.getpid()}/children').read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2"]

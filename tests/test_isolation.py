"""The video library crashes: that costs the video it was at, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
from conftest import SAMPLES, Ffmpeg, Result

from repcount.known import Fact, Known, Stage
from repcount.line import Line, heard

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="crashes are isolated on Linux alone"),
]

_MOST_S = 60.0

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


def worker(process: subprocess.Popen[str]) -> int | None:
    """The process at work, the child of the program."""
    with suppress(OSError):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(children[0]) if children else None
    return None


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
        pid = worker(process)
        if pid is not None and pid not in dead and bad(pid):
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


def test_a_crash_costs_the_video_it_was_at_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    with started("bad.mp4", "a.mp4", "b.mp4", "c.mp4", *WANTED, cwd=folder) as process:
        result, crashes = crash(process, signal.SIGSEGV, at("bad.mp4"))
    found = everything(folder)
    for name in found:
        (folder / name).unlink()
    with started("a.mp4", "b.mp4", "c.mp4", *WANTED, cwd=folder) as process:
        out, err = process.communicate(timeout=_MOST_S)
    told = "repcount: bad.mp4: the video library crashed on it (SIGSEGV); convert it to mp4 (H.264) and try again\n"
    assert result == Result(1, out, told + err)
    assert crashes == 2  # once beside another one, once alone
    assert found == everything(folder)
    assert sorted(found) == ["report.html", "reps.csv", "reps.json", *(f"signals/{name}.csv" for name in "abc")]


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


def test_where_every_video_crashes_it_ends(folder: Path) -> None:
    before = sorted(folder.iterdir())
    with started("bad.mp4", "a.mp4", "b.mp4", *WANTED, cwd=folder) as process:
        result, _ = crash(process, signal.SIGSEGV, opened)
    assert (result.code, result.out) == (1, "")
    assert [line.split(":")[1] for line in result.err.splitlines()] == [" bad.mp4", " a.mp4", " b.mp4"]
    assert sorted(folder.iterdir()) == before


DIES = """
import os
from repcount.run import Run

def die(*_):
    with open(os.environ["DEATHS"], "a") as file:
        file.write("x")
    os.kill(os.getpid(), {number})

Run.all = die
"""
"""Whoever is about to begin dies."""


def test_where_every_process_crashes_it_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, deaths = sorted(folder.iterdir()), folder.with_suffix(".deaths")
    monkeypatch.setenv("DEATHS", str(deaths))
    with started("a.mp4", "b.mp4", *WANTED, cwd=folder, before=DIES.format(number=signal.SIGILL.value)) as process:
        out, err = process.communicate(timeout=_MOST_S)
    assert (process.returncode, out, deaths.read_text()) == (1, "", "xx")
    assert err.startswith("repcount: a library crashed (SIGILL) while no video was read. Install")
    assert sorted(folder.iterdir()) == before


def test_a_crash_in_the_second_look_costs_the_film_alone(folder: Path) -> None:
    """The count is known by then, and is neither told twice nor lost."""
    counted = folder / "reps.json.journal"

    def filming(pid: int) -> bool:
        return counted.exists() and counted.stat().st_size > 0 and "a.mp4" in opened(pid)

    with started("a.mp4", "b.mp4", "--json", "reps.json", "--annotate", "films", cwd=folder) as process:
        result, _ = crash(process, signal.SIGBUS, filming)
    assert result.code == 1
    assert result.err.count("repcount: a.mp4: the video library crashed on it (SIGBUS)") == 1
    assert result.out.count("2 full reps") == 2
    assert [video["summary"]["full"] for video in json.loads((folder / "reps.json").read_text())] == [2, 2]
    assert [path.name for path in (folder / "films").iterdir()] == ["b.mp4"]
    assert not counted.exists()


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


def test_a_killed_command_leaves_no_process_at_work(folder: Path) -> None:
    with started("bad.mp4", cwd=folder) as process:
        pids: list[int] = []

        def at_work() -> bool:
            pids[:] = [pid for pid in [worker(process)] if pid is not None and opened(pid)]
            return bool(pids)

        assert until(process, at_work)
        process.kill()
        process.communicate(timeout=_MOST_S)  # which ends when nobody can write any more
    assert gone(pids[0])


@pytest.mark.parametrize(("number", "to_all"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_being_stopped_keeps_what_was_counted(folder: Path, number: signal.Signals, to_all: bool) -> None:
    """A terminal sends Ctrl-C to all processes of the command, `kill` sends its signal to one."""
    with started("a.mp4", "bad.mp4", "--jobs", "1", "--csv", "reps.csv", cwd=folder) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "full reps" in line:
                break
        assert until(process, lambda: "bad.mp4" in opened(worker(process) or 0))
        (os.killpg if to_all else os.kill)(process.pid, number)
        _, err = process.communicate(timeout=_MOST_S)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    with (folder / "reps.csv").open(newline="") as file:
        assert [row["source"] for row in csv.DictReader(file)][:2] == ["a.mp4"] * 2


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
            out, err = process.communicate(timeout=_MOST_S / 2)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


# --- what is known -----------------------------------------------------------------------------------------

A, B, C = ((Stage.COUNT, number) for number in range(3))


def test_who_was_at_work_alone_is_guilty() -> None:
    known = Known()
    known.begin(A)
    known.end(A)
    known.begin(B)
    assert known.died("SIGSEGV")
    assert (known.guilty, known.suspects, known.under_way) == ({B: "SIGSEGV"}, set(), set())


def test_of_several_each_is_suspected_until_it_passes_alone() -> None:
    known = Known()
    for work in (A, B, C):
        known.begin(work)
    assert known.died("SIGSEGV")
    assert (known.guilty, known.suspects) == ({}, {A, B, C})
    known.begin(A)
    known.end(A)
    known.begin(B)
    assert known.died("SIGKILL")
    assert (known.guilty, known.suspects) == ({B: "SIGKILL"}, {C})


def test_a_process_that_dies_of_nothing_twice_is_given_up() -> None:
    known = Known()
    assert known.died("SIGILL")
    assert not known.died("SIGILL")


def test_a_message_that_is_cut_off_is_the_last_one() -> None:
    sent = io.BytesIO()
    line = Line(Known(), sent)
    with line.at(A):
        line.keep(Fact.RESULT, 0, ["a result"])
    line.failed(Path("a.mp4"))
    told = sent.getvalue()
    for length in range(len(told)):
        known = Known()
        for message in heard(io.BytesIO(told[:length])):
            known.take(message)
        assert known.failed == []
    known = Known()
    for message in heard(io.BytesIO(told)):
        known.take(message)
    assert known == Known(facts=known.facts, failed=["a.mp4"])
    assert Line(known).kept(Fact.RESULT, 0) == ["a result"]

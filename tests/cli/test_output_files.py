"""What a command does to files: none is overwritten unasked, none is half written, one that fails costs no other."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from math import cos, pi
from pathlib import Path

import pytest
from support.disks import on_a_disk
from support.histories import filled, opened, rep, update
from support.programs import SAMPLES, Cli, Result

from repcount.config import Config
from repcount.interrupts import SIGNALS


@pytest.fixture
def signal(tmp_path: Path) -> Path:
    """Two reps as angles, in a folder of its own: `recount` needs neither a video nor the model."""
    folder = tmp_path / "given"
    folder.mkdir()
    lines = [f"{i / 15!r},{180 - 45 * (1 - cos(2 * pi * max(i / 15 - 1, 0) / 4))!r}" for i in range(15 * 9 + 1)]
    path = folder / "signal.csv"
    path.write_text("\n".join(["time_s,hip_deg", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the files are to come."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.fixture
def history(history: Path) -> Path:
    filled(history, rep(1), rep(2), started=datetime.now().astimezone() - timedelta(days=1))
    return history


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- what is there already ----------------------------------------------------------------------------------

RECOUNT = [("--csv", "o.csv"), ("--json", "o.json"), ("--plot", "o.svg"), ("--report", "o.html")]


@pytest.mark.parametrize(("option", "name"), RECOUNT)
def test_recount_overwrites_by_force_alone(option: str, name: str, cli: Cli, signal: Path, place: Path) -> None:
    (place / name).write_text("old", encoding="utf-8")
    done = cli("recount", signal, option, place / name)
    message = f"repcount: {place / name} is there already: give another name, or --force to overwrite it\n"
    assert (done.code, done.out, done.err) == (1, "", message)
    assert contents(place) == {name: b"old"}
    assert cli("recount", signal, option, place / name, "--force").code == 0
    assert len(contents(place)[name]) > 100


def test_recount_writes_a_report_of_each_signal_into_a_folder(cli: Cli, signal: Path, place: Path) -> None:
    """Also of one alone, as `analyze` does; one that cannot be read gets none."""
    broken = signal.with_name("broken.csv")
    broken.write_text("no signal", encoding="utf-8")
    shutil.copy(signal, signal.with_name("other.csv"))
    assert cli("recount", signal, "--report", place / "one").code == 0
    assert sorted(contents(place)) == ["one/signal.html"]
    assert cli("recount", signal, broken, signal.with_name("other.csv"), "--report", place / "more").code == 1
    assert sorted(contents(place / "more")) == ["other.html", "signal.html"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
@pytest.mark.parametrize("option", ["--csv", "--json", "--report"])
def test_what_a_device_does_not_take_is_told(option: str, cli: Cli, signal: Path) -> None:
    done = cli("recount", signal, option, "/dev/full")
    assert (done.code, done.err) == (1, "repcount: cannot write /dev/full: No space left on device\n")


def test_a_current_folder_that_is_gone_is_told(signal: Path, place: Path) -> None:
    code = "import os, sys; os.rmdir(os.getcwd()); from repcount.__main__ import main; main()"
    command = [sys.executable, "-c", code, "recount", str(signal), "--csv", "reps.csv"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=place, check=False, timeout=300)
    message = "repcount: the current folder was removed: change to another one\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


def test_fit_files_overwrite_by_force_alone(cli: Cli, history: Path, place: Path) -> None:
    """None of them, if one is there."""
    filled(history, rep(1), started=datetime.now().astimezone())
    assert cli("history", "export", "--fit", place / "fit").code == 0
    assert stat.S_IMODE((place / "fit").stat().st_mode) == 0o700
    one, other = sorted((place / "fit").iterdir())
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    content = one.read_bytes()
    one.write_bytes(b"old")
    other.unlink()
    done = cli("history", "export", "--fit", place / "fit")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"repcount: {one} is there already: give another name, or --force to overwrite it\n"
    assert [file.read_bytes() for file in (place / "fit").iterdir()] == [b"old"]
    assert cli("history", "export", "--fit", place / "fit", "--force").code == 0
    assert one.read_bytes() == content
    assert other.exists()


@pytest.mark.parametrize("option", ["--csv", "--json", "--report", "--sets"])
def test_history_overwrites_by_force_alone(option: str, cli: Cli, history: Path, place: Path) -> None:
    path = place / "out"
    path.write_text("old", encoding="utf-8")
    commands = [["history"]] if option != "--sets" else []
    commands += [["history", "export"]] if option in ("--csv", "--sets") else []
    for command in commands:
        done = cli(*command, option, path)
        assert (done.code, done.out) == (1, "")
        assert "out is there already" in done.err
        assert contents(place) == {"out": b"old"}
    for command in commands:
        assert cli(*command, option, path, "--force").code == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, "the user's alone, as the history is"


@pytest.mark.parametrize(
    ("there", "arguments"),
    [
        ("o.csv", ["a.mp4", "--signal", "o.csv"]),
        ("o.mp4", ["a.mp4", "--annotate", "o.mp4"]),
        ("o/b.csv", ["a.mp4", "b.mp4", "--signal", "o"]),
        ("o/b.mp4", ["a.mp4", "b.mp4", "--annotate", "o", "--signal", "new"]),
        ("o.json.journal", ["a.mp4", "b.mp4", "--json", "o.json", "--signal", "new"]),
        ("o.json", ["a.mp4", "b.mp4", "--json", "o.json", "--resume"]),
        ("o.csv", ["a.mp4", "b.mp4", "--json", "o.json", "--csv", "o.csv", "--resume"]),
    ],
)
def test_analyze_looks_before_it_counts(
    there: str, arguments: list[str], cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that --resume names is replaced where it holds results, which this one does not. The videos are not
    even opened: there are none."""
    monkeypatch.chdir(place)
    Path(there).parent.mkdir(exist_ok=True)
    Path(there).write_text("old", encoding="utf-8")
    done = cli("analyze", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"repcount: {there} ")
    assert "--force" in done.err
    assert len(done.err.splitlines()) == 1
    assert contents(place) == {there: b"old"}
    assert not Path("new").exists()


@pytest.mark.parametrize("option", [("--record", "o.mp4"), ("--sound-file", "o.wav"), ("--csv", "o.csv")])
def test_live_looks_before_anybody_lies_down(
    option: tuple[str, str], cli: Cli, piece: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    Path(option[1]).write_text("old", encoding="utf-8")
    done = cli("live", "--camera", piece, "--no-window", *option)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"repcount: {option[1]} is there already: give another name, or --force to overwrite it\n"
    assert contents(place) == {option[1]: b"old"}


def test_a_device_is_there_and_may_be_written(cli: Cli, signal: Path) -> None:
    assert cli("recount", signal, "--csv", os.devnull).code == 0


@pytest.mark.slow
def test_resume_replaces_the_files_of_its_own_run(
    cli: Cli, empty_room: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(empty_room, name)
    wanted = ["--json", "o.json", "--csv", "o.csv", "--signal", "signals"]
    assert cli("analyze", "a.mp4", "b.mp4", *wanted).code == 0
    before = contents(place)
    assert cli("analyze", "a.mp4", "b.mp4", *wanted).code == 1
    assert contents(place) == before
    again = cli("analyze", "a.mp4", "b.mp4", *wanted, "--resume")
    assert (again.code, again.err.count("done before")) == (0, 2)
    assert contents(place) == before
    assert cli("analyze", "a.mp4", "b.mp4", *wanted, "--force").code == 0
    assert contents(place) == before


# --- nobody reads any more ----------------------------------------------------------------------------------


def piped(*arguments: str | Path, head: int = 0) -> Result:
    """The program into a pipe whose reader goes after so many lines; with 0 at once. A small pipe, lest all fits in."""
    command = [sys.executable, "-m", "repcount", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pipesize=4096)
    assert process.stdout is not None
    assert process.stderr is not None
    out = "".join(process.stdout.readline() for _ in range(head))
    process.stdout.close()
    with process.stderr:
        err = process.stderr.read()
    return Result(process.wait(300), out, err)


@pytest.mark.slow
def test_recount_into_a_pipe_that_closes_writes_its_files(signal: Path, place: Path) -> None:
    """What others were to read is lost, what was asked for in files is not."""
    for wanted in ([], ["--csv", "-"], ["--report", "-"]):
        done = piped("recount", signal, *wanted, "--json", place / "o.json", "--force")
        assert done.code == 141
        assert "Traceback" not in done.err
        assert "Broken pipe" not in done.err
        assert json.loads((place / "o.json").read_text(encoding="utf-8"))["summary"]["full"] == 2
    assert list(contents(place)) == ["o.json"]


@pytest.mark.slow
def test_a_long_history_into_head(history: Path, place: Path) -> None:
    noon = datetime.now().astimezone().replace(hour=12)  # four hours of reps, all on one day
    with opened(history) as kept:
        kept.begin(noon, "0", "free", Config()).write(update(*map(rep, range(1, 3000))))
    exported = piped("history", "export", head=1)
    assert (exported.code, exported.out[:14], exported.err) == (141, "source,number,", "")
    shown = piped("history", "--days", "36500", "--json", "-", "--csv", place / "days.csv")
    assert shown.code == 141
    assert "Traceback" not in shown.err
    assert len(contents(place)["days.csv"].splitlines()) == 3
    assert piped("history").err == ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
@pytest.mark.parametrize("number", SIGNALS[:2])
def test_a_signal_ends_the_wait_for_a_reader_that_takes_nothing(number: int, signal: Path, place: Path) -> None:
    """`repcount recount signal.csv --csv - | sleep 1000`."""
    reader, writer = os.pipe()
    for descriptor, blocks in ((reader, True), (writer, False)):
        os.set_blocking(descriptor, blocks)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    options = ["recount", str(signal), "--csv", "-", "--json", str(place / "reps.json")]
    command = [sys.executable, "-m", "repcount", *options]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        try:
            assert any("2 full reps" in line for line in program.stderr)
            program.send_signal(number)
            program.wait(55)
        finally:
            program.kill()
    os.close(reader)
    os.close(writer)
    assert program.returncode == 128 + number
    assert [path.name for path in place.iterdir()] == ["reps.json"]


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_signal_of_a_video_into_head_costs_no_reps(
    unbuffered: str, place: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that is longer than what a pipe and its reader's buffer hold; also where Python does not buffer."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = piped("analyze", SAMPLES / "09_partial_and_full.mp4", "--signal", "-", "--csv", place / "reps.csv", head=1)
    assert (done.code, done.out.startswith("time_s,")) == (141, True)
    assert "Traceback" not in done.err
    assert len(contents(place)["reps.csv"].splitlines()) == 10


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such shell")
@pytest.mark.parametrize(("closed", "code"), [("1>&-", 1), ("2>&-", 0), ("0<&- 1>&- 2>&-", 1)])
def test_a_closed_stream_is_not_taken_for_a_file(closed: str, code: int, piece: Path, place: Path) -> None:
    """The next file that is opened gets the number of a stream that is closed, and with it what is meant for that."""
    wanted = ["--signal", str(place / "s.csv"), "--csv", str(place / "r.csv")]
    command = [
        "sh",
        "-c",
        f'exec "$@" {closed}',
        "sh",
        sys.executable,
        "-m",
        "repcount",
        "analyze",
        str(piece),
        *wanted,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    message = "repcount: the output: Bad file descriptor\n" if closed == "1>&-" else ""
    assert (done.returncode, done.stderr) == (code, message)
    reps, angles = (contents(place)[name].splitlines() for name in ("r.csv", "s.csv"))
    assert len(reps) == 3
    assert {line.count(b",") for line in angles} == {angles[0].count(b",")}


# --- disks --------------------------------------------------------------------------------------------------


def program_on_a_disk(folder: Path, options: str, before: str, *arguments: str | Path) -> Result:
    """The program with a disk of its own in `folder`; the last line of output is what is left there."""
    script = f'cd {folder} && {before}; "$@"; code=$?; echo left: $(ls -A {folder}); exit $code'
    done = on_a_disk(folder, options, script, [sys.executable, "-m", "repcount", *arguments])
    return Result(done.returncode, done.stdout, done.stderr)


FULL = ("size=64k", "head -c 1000000 /dev/zero >full 2>&-")


@pytest.mark.slow
def test_a_full_disk_costs_each_file_a_line_and_nothing_else(signal: Path, place: Path, tmp_path: Path) -> None:
    others = [text for option, name in RECOUNT for text in (option, str(place / name))]
    done = program_on_a_disk(place, *FULL, "recount", signal, *others)
    assert done.code == 1
    assert sorted(done.err.splitlines()) == sorted(
        f"repcount: cannot write {place / name}: No space left on device" for _, name in RECOUNT
    )
    assert "2 full reps" in done.out
    assert done.out.splitlines()[-1] == "left: full"


@pytest.mark.slow
@pytest.mark.parametrize(("option", "name"), [RECOUNT[0], RECOUNT[2]])
def test_a_full_disk_costs_the_other_files_nothing(
    option: str, name: str, signal: Path, place: Path, tmp_path: Path
) -> None:
    kept = [text for other, file in RECOUNT if other != option for text in (other, str(tmp_path / file))]
    done = program_on_a_disk(place, *FULL, "recount", signal, option, place / name, *kept)
    assert (done.code, done.err) == (1, f"repcount: cannot write {place / name}: No space left on device\n")
    assert all((tmp_path / file).stat().st_size > 100 for other, file in RECOUNT if other != option)
    assert done.out.splitlines()[-1] == "left: full"


def test_a_full_disk_keeps_what_was_there(signal: Path, place: Path) -> None:
    done = program_on_a_disk(
        place, FULL[0], f"echo old >o.csv; {FULL[1]}", "recount", signal, "--csv", place / "o.csv", "--force"
    )
    assert done.code == 1
    assert done.out.splitlines()[-1] == "left: full o.csv"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_full_disk_behind_standard_output_costs_no_file(signal: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "repcount", "recount", str(signal), "--json", str(tmp_path / "o.json")]
        shown = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert (shown.returncode, shown.stderr) == (1, "repcount: the output: No space left on device\n")
    assert (tmp_path / "o.json").stat().st_size > 100


@pytest.mark.slow
def test_a_full_disk_under_the_journal_costs_no_result(empty_room: Path, place: Path, tmp_path: Path) -> None:
    videos = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for video in videos:
        shutil.copy(empty_room, video)
    done = program_on_a_disk(place, *FULL, "analyze", *videos, "--json", place / "o.json", "--csv", tmp_path / "o.csv")
    assert done.code == 1
    assert sorted(line for line in done.err.splitlines() if not line.startswith("note: ")) == [
        f"repcount: cannot write {place / name}: No space left on device" for name in ("o.json.journal", "o.json")
    ]
    assert done.out.count("0 full reps in") == 2
    assert (tmp_path / "o.csv").exists()
    assert done.out.splitlines()[-1] == "left: full"


@pytest.mark.parametrize(
    ("command", "option"),
    [
        pytest.param("recount", "--csv", marks=pytest.mark.slow),
        pytest.param("recount", "--plot", marks=pytest.mark.slow),
        ("history", "--report"),
    ],
)
def test_a_disk_that_may_only_be_read_is_told_at_once(
    command: str, option: str, history: Path, signal: Path, place: Path, tmp_path: Path
) -> None:
    given: list[str | Path] = [signal, "--json", tmp_path / "o.json"] if command == "recount" else []
    done = program_on_a_disk(place, "ro", "true", command, *given, option, place / "out.svg")
    assert (done.code, done.out) == (1, "left:\n")
    assert done.err == f"repcount: cannot write {place / 'out.svg'}: Read-only file system\n"
    assert not (tmp_path / "o.json").exists(), "it is told before anything is counted"

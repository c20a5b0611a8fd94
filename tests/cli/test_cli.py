"""The commands as people and scripts meet them: several videos, data on stdout, Ctrl-C, closed pipes."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.programs import ROOT, SAMPLES, Cli, Ffmpeg, run_process, start

import repcount
from repcount.app import analyze
from repcount.interrupts import InterruptGuard


@pytest.fixture(scope="module")
def endless(ffmpeg: Ffmpeg, clips: Path, model: Path) -> Path:
    """Nearly six minutes: far more than any test waits for."""
    sample = SAMPLES / "07_fast_reps.mp4"
    return ffmpeg("-stream_loop", "19", "-i", sample, "-c", "copy", clips / "endless.mp4")


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- one video ---------------------------------------------------------------------------------------------


def test_one_command_shows_the_reps_and_the_verdict(cli: Cli, piece: Path) -> None:
    """Results on stdout, nothing on a stderr that is no terminal: no progress bar in a log file."""
    result = cli("analyze", piece)
    assert result.code == 0
    assert result.err == ""
    lines = result.out.splitlines()
    assert lines[0].split() == ["start", "top", "end", "raise", "hold", "lower", "pause", "top"]
    assert lines[1].split() == [*"sssssss", "°"]
    assert [line.split()[0] for line in lines[2:4]] == ["1", "2"]
    assert lines[2].endswith(" full: slower")
    assert lines[4:] == ["hands not at the head in 2 of 2 reps", "2 full reps, 2 fast in 4.0 s"]


@pytest.mark.slow
def test_the_demo_counts_five_reps_and_finds_nothing_wrong_with_them(
    cli: Cli, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no display, one line says so."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    result = cli("demo")
    assert result.code == 0
    assert len(result.err.splitlines()) == 1
    assert "there is no display here" in result.err
    *reps, summary, praise = result.out.splitlines()[2:]
    assert [line.split()[-1] for line in reps] == ["full"] * 5
    assert summary == "5 full reps in 27.0 s"
    assert praise.startswith("Well done")


def test_the_sample_video_is_found_in_a_checkout_and_put_into_the_wheel() -> None:
    path = analyze.sample_video_path()
    assert path == SAMPLES / "21_as_described.mp4"
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    included = build["targets"]["wheel"]["force-include"]
    assert included == {f"sample_videos/{path.name}": f"repcount/sample_videos/{path.name}"}


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--csv", "--json", "--signal"])
def test_a_dash_gives_the_data_alone_on_stdout_and_the_table_on_stderr(option: str, cli: Cli, piece: Path) -> None:
    result = cli("analyze", piece, option, "-")
    assert result.code == 0
    assert "2 full reps, 2 fast in 4.0 s" in result.err
    if option == "--json":
        assert json.loads(result.out)["summary"]["full"] == 2
    else:
        read = table(result.out)
        assert len(read) == (2 if option == "--csv" else 60)
        assert all(None not in row and None not in row.values() for row in read)


def test_the_version_and_the_module_as_a_command() -> None:
    result = run_process("--version")
    assert (result.code, result.out, result.err) == (0, f"repcount {repcount.__version__}\n", "")


# --- several videos ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_bad_video_does_not_stop_the_others(cli: Cli, piece: Path, empty_room: Path, tmp_path: Path) -> None:
    """The reason for the bad one, all that was asked for of the good ones in their order, exit code 1."""
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video", encoding="utf-8")
    files = {name: tmp_path / name for name in ("reps.csv", "reps.json", "signals")}
    wanted = ["--csv", files["reps.csv"], "--json", files["reps.json"], "--signal", files["signals"]]
    result = cli("analyze", empty_room, bad, piece, *wanted)
    assert result.code == 1
    assert [line for line in result.err.splitlines() if line.startswith("repcount: ")] == [
        f"repcount: {bad} cannot be read as a video: it is damaged, cut short, sound only or no video at all. "
        "Try to play it; if it plays, convert it to mp4 (H.264)"
    ]
    width = max(len(str(video)) for video in (empty_room, bad, piece))
    assert result.out.splitlines() == [
        f"{str(empty_room).ljust(width)}  0 full reps in 1.0 s; nobody found",
        f"{str(piece).ljust(width)}  2 full reps, 2 fast in 4.0 s",
        "3 videos, 2 counted: 2 full reps, 2 fast",
    ]
    documents = json.loads(files["reps.json"].read_text(encoding="utf-8"))
    assert [document["source"]["path"] for document in documents] == [str(empty_room), str(piece)]
    assert [document["summary"]["full"] for document in documents] == [0, 2]
    read = table(files["reps.csv"].read_bytes().decode("utf-8"))
    assert [(row["source"], row["number"]) for row in read] == [(str(piece), "1"), (str(piece), "2")]
    assert sorted(path.name for path in files["signals"].iterdir()) == ["empty_room.csv", "piece.csv"]


@pytest.mark.slow
def test_several_videos_of_which_one_is_good_are_still_an_array(cli: Cli, empty_room: Path, tmp_path: Path) -> None:
    result = cli("analyze", empty_room, tmp_path / "nowhere.mp4", "--json", "-")
    assert result.code == 1
    assert [document["source"]["path"] for document in json.loads(result.out)] == [str(empty_room)]


def test_when_no_video_is_good_no_file_appears(cli: Cli, tmp_path: Path) -> None:
    result = cli("analyze", tmp_path / "a.mp4", tmp_path / "b.mp4", "--csv", tmp_path / "reps.csv", "--json", "-")
    assert result.code == 1
    assert result.out == ""
    assert result.err == (
        f"repcount: there is no file {tmp_path / 'a.mp4'}\nrepcount: there is no file {tmp_path / 'b.mp4'}\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_signal_of_one_video_goes_into_a_folder_that_is_there(cli: Cli, empty_room: Path, tmp_path: Path) -> None:
    """`repcount analyze *.mp4 --signal folder` where there is but one video."""
    assert cli("analyze", empty_room, "--signal", tmp_path).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["empty_room.csv"]


# --- Ctrl-C and closed pipes -------------------------------------------------------------------------------


def interrupted_at(text: str, *arguments: str | Path) -> tuple[int, str, str]:
    """Run `repcount` in front of a terminal and press Ctrl-C when `text` is on it: exit code, output, terminal."""
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "repcount", *map(str, arguments)]
    env = {**os.environ, "TERM": "xterm"}
    seen = b""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, encoding="utf-8", env=env) as process:
        os.close(terminal)
        try:
            pressed = False
            while got := _read(screen):
                seen += got
                if not pressed and text.encode() in seen:
                    process.send_signal(signal.SIGINT)
                    pressed = True
            out, _ = process.communicate(timeout=300)
        finally:
            process.kill()
            os.close(screen)
    assert pressed, seen[-2000:]
    return process.returncode, out, seen.decode("utf-8", "replace")


def _read(screen: int) -> bytes:
    """What comes next; nothing when the terminal is closed, which Linux reports as an error."""
    try:
        return os.read(screen, 65536)
    except OSError:
        return b""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="pseudo-terminals are a matter of POSIX")
def test_ctrl_c_keeps_what_was_counted(endless: Path, tmp_path: Path) -> None:
    """The progress bar tells how far it is: Ctrl-C comes some seconds into both of two videos."""
    wanted: list[str | Path] = [
        "--json",
        tmp_path / "reps.json",
        "--csv",
        tmp_path / "reps.csv",
        "--signal",
        tmp_path / "signals",
    ]
    other = tmp_path / "other.mp4"
    other.hardlink_to(endless)
    code, out, err = interrupted_at("5 s", "analyze", endless, other, "--jobs", "2", *wanted)
    hidden = tmp_path / "signals"
    assert code == 130
    assert "Traceback" not in err
    document, of_other = json.loads((tmp_path / "reps.json").read_text(encoding="utf-8"))
    assert document["source"]["path"] == str(endless)
    assert 2 < document["source"]["duration_s"] < 300
    assert document["warnings"][0] == f"stopped by hand at {document['source']['duration_s']:.1f} s"
    assert (document["warning_codes"][0], document["interrupted"]) == ("interrupted", True)
    assert f"note: {document['warnings'][0]}" in err
    assert document["summary"]["full"] > 0
    assert f"{document['summary']['full']} full rep" in out
    assert of_other["warnings"][0].startswith("stopped by hand"), "each video under way is written"
    read = table((tmp_path / "reps.csv").read_bytes().decode("utf-8"))
    assert len(read) == len(document["reps"]) + len(of_other["reps"])
    assert sorted(path.name for path in hidden.iterdir()) == ["endless.csv", "other.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.mp4", "reps.csv", "reps.json", "signals"]
    for path, message in ((hidden / "endless.csv", document), (hidden / "other.csv", of_other)):
        again = repcount.recount(path).reps
        assert [rep["start_s"] for rep in message["reps"]] == [round(rep.start_s, 3) for rep in again]


@pytest.mark.slow
def test_ctrl_c_keeps_the_videos_before(piece: Path, endless: Path, tmp_path: Path) -> None:
    """It comes the moment that the result of the first video is read."""
    process = start("analyze", piece, endless, "--json", tmp_path / "reps.json")
    assert process.stdout is not None
    while (line := process.stdout.readline()) and "full reps" not in line:
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "stopped" in err
    documents = json.loads((tmp_path / "reps.json").read_text(encoding="utf-8"))
    assert documents[0]["source"]["path"] == str(piece)
    assert documents[0]["summary"]["full"] == 2


def test_ctrl_c_waits_for_a_good_moment_once() -> None:
    """Before the first sample it acts at once; later when asked for; pressed again at once."""
    with InterruptGuard() as guard:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        guard.delayed = True
        assert [guard.requested(), guard.requested()] == [True, False], "that nobody was ended by it is not lost"
        signal.raise_signal(signal.SIGINT)
        assert [guard.requested(), guard.requested()] == [True, False]
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_that_a_library_swallows_is_not_lost() -> None:
    """As by a bare `except` while it is loaded."""
    with InterruptGuard() as guard:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert guard.signal == signal.SIGINT
        guard.delayed = True
        assert guard.requested()


def test_a_signal_that_is_swallowed_before_the_command_begins_is_not_lost() -> None:
    """As while the libraries of the command line itself are loaded."""
    code = (
        "import contextlib, signal\nfrom repcount import interrupts\ninterrupts.install_handlers()\n"
        "with contextlib.suppress(KeyboardInterrupt):\n    signal.raise_signal(signal.SIGTERM)\n"
        "with interrupts.InterruptGuard() as guard:\n    print(guard.signal, guard.requested(), guard.requested())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == f"{int(signal.SIGTERM)} True False\n", done.stderr


@pytest.mark.parametrize("library", ["platformdirs", "jinja2"])
def test_a_library_without_its_content_is_told_in_a_line(library: str, tmp_path: Path) -> None:
    """As an installation leaves it that was broken off."""
    (tmp_path / library).mkdir()
    (tmp_path / library / "__init__.py").touch()
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n0,175\n0.1,175\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "repcount", "recount", "signal.csv", "--report", "a.html"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"repcount: {library} ")
    assert f'pip install --force-reinstall "{library}' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("error", "cause"), [("MemoryError()", "MemoryError"), ("MemoryError('x')", "x")])
def test_lack_of_memory_is_told_with_its_cause(error: str, cause: str) -> None:
    code = f"from repcount import cli\ndef run():\n    raise {error}\ncli._run = run\ncli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"repcount: there is not enough memory ({cause}). ")


def test_a_signal_whose_exception_python_drops_is_not_lost() -> None:
    """As in the callback of an import lock, which is one of a weak reference."""
    code = (
        "import signal, weakref\nfrom repcount import interrupts\ninterrupts.install_handlers()\n"
        "interrupts.watch_main_thread()\nclass Lock: pass\nlock = Lock()\n"
        "reference = weakref.ref(lock, lambda _: signal.raise_signal(signal.SIGTERM))\n"
        "try:\n    del lock\n    print('dropped', flush=True)\n    while True: pass\n"
        "except KeyboardInterrupt:\n    print('ended')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.stdout, done.stderr) == ("dropped\nended\n", "")


def test_ctrl_c_in_the_library_is_left_to_its_caller(tmp_path: Path) -> None:
    path = tmp_path / "signal.csv"
    path.write_text("time_s,hip_deg\n0,175\n0.1,175\n", encoding="utf-8")

    def pressed() -> bool:
        signal.raise_signal(signal.SIGINT)
        return False

    with pytest.raises(KeyboardInterrupt):
        repcount.recount(path, should_stop=pressed)


def test_ctrl_c_in_recount_keeps_what_was_counted(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before the 50th sample is looked at."""
    signal_file, asked, requested = tmp_path / "signal.csv", list[int](), InterruptGuard.requested
    rows = "".join(f"{number / 10},175\n" for number in range(100))
    signal_file.write_text(f"time_s,hip_deg\n{rows}", encoding="utf-8")

    def pressed(guard: InterruptGuard) -> bool:
        asked.append(len(asked))
        if len(asked) == 50:
            signal.raise_signal(signal.SIGINT)
        return requested(guard)

    monkeypatch.setattr(InterruptGuard, "requested", pressed)
    result = cli("recount", signal_file, "--json", tmp_path / "reps.json")
    assert result.code == 130
    assert "stopped by hand at 4.8 s" in result.err
    assert json.loads((tmp_path / "reps.json").read_text(encoding="utf-8"))["source"]["analysed"] == 49


@pytest.mark.slow
@pytest.mark.parametrize("option", [[], ["--json", "-"], ["--csv", "-"], ["--signal", "-"]])
def test_a_reader_that_has_gone_is_no_reason_for_a_traceback(option: list[str], empty_room: Path) -> None:
    """`repcount analyze ... | head -c 10`, with a reader that is gone from the beginning."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "repcount", "analyze", str(empty_room), *option]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    os.close(write)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_full_disk_under_stdout_is_told(empty_room: Path) -> None:
    command = [sys.executable, "-m", "repcount", "analyze", str(empty_room), "--json", "-"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "repcount: the output: No space left on device"


@pytest.mark.slow
def test_a_terminal_without_a_degree_sign_gets_an_escape(piece: Path) -> None:
    result = run_process("analyze", piece, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.code == 0
    assert "\\xb0" in result.out

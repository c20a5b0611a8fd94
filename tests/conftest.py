"""What the tests share: ffmpeg, a short piece of a sample video, the pose model, the command line."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from hypothesis import settings

from repcount import cli as command_line
from repcount import weights

# Where the tests are started in the background Ctrl-C may be ignored, and every process they start would ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on what else the machine does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_videos"
FOOTAGE = [
    SAMPLES / "truth.json",
    ROOT.parent / "shared" / "rendered" / "labels.json",
    ROOT.parent / "shared" / "clips" / "labels.json",
]
"""The labels of videos with known truth; only the first come along."""


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


Cli = Callable[..., Result]
Ffmpeg = Callable[..., Path]


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The settings file of whoever runs the tests has no say in them, and the history stays as it is."""
    nobodys = tmp_path_factory.getbasetemp() / "no-history" / "history.sqlite3"
    monkeypatch.setenv("REPCOUNT_HISTORY", str(nobodys))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    monkeypatch.delenv("REPCOUNT_DEBUG", raising=False)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the history of a test is, also for the command line."""
    path = tmp_path / "data" / "history.sqlite3"
    monkeypatch.setenv("REPCOUNT_HISTORY", str(path))
    return path


@pytest.fixture(autouse=True)
def _no_error_was_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    assert [record.getMessage() for record in records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs `repcount` in this process with the arguments given."""

    def run(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["repcount", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capsys.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, out, err)

    return run


def run_process(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    """`repcount` in a process of its own."""
    command = [sys.executable, "-m", "repcount", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=env, timeout=120, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


class Benchmark:
    """A program of `benchmarks` at work; with `idle` it comes last wherever there is `nice`."""

    def __init__(self, name: str, out: Path, *options: str | Path, idle: bool = False) -> None:
        """It writes its figures to `out`, and what it prints to a file beside it."""
        self._out, self._printed = out, out.with_suffix(".txt")
        yields = ["nice", "-n", "19"] if idle and os.name == "posix" else []
        command = [*yields, sys.executable, ROOT / "benchmarks" / name, *options, "--json", out]
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)

    def result(self, timeout_s: float | None = None) -> tuple[Any, str]:
        """What it has written as JSON, and what it has printed. It has to end well."""
        try:
            code = self._process.wait(timeout_s)
        finally:
            self.stop()
        printed = self._printed.read_text(encoding="utf-8")
        assert code == 0, printed
        return json.loads(self._out.read_text(encoding="utf-8")), printed

    def stop(self) -> None:
        """End it, should it still be at work."""
        self._process.kill()
        self._process.wait()


def benchmark(name: str, out: Path, *options: str | Path, timeout_s: float | None = None) -> tuple[Any, str]:
    """What a program of `benchmarks` writes as JSON to `out`, and what it prints."""
    return Benchmark(name, out, *options).result(timeout_s)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The footage comes last: the clips take minutes, and many tests wait for time to pass."""
    items.sort(key=lambda item: item.path.name == "test_footage.py")


@pytest.fixture(scope="session", autouse=True)
def footage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Benchmark]]:
    """The folders of clips at work from the first test on, where they are at hand and asked for."""
    asked = any(item.path.name == "test_footage.py" for item in request.session.items)
    out = tmp_path_factory.mktemp("footage")
    at_work = {
        path.parent.name: Benchmark("accuracy.py", out / f"{path.parent.name}.json", path, "--jobs", "2", idle=True)
        for path in FOOTAGE
        if asked and path.exists()
    }
    yield at_work
    for work in at_work.values():
        work.stop()


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """`repcount` in a process of its own, and no wait for its end."""
    command = [sys.executable, "-m", "repcount", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """Runs ffmpeg; the last argument is the file to make, which is returned."""

    def run(*arguments: str | Path) -> Path:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *map(str, arguments)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60)
        return Path(arguments[-1])

    return run


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the videos that the tests make."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def model() -> Path:
    """The pose model, prepared first if need be."""
    return weights.ensure_model()


@pytest.fixture(scope="session")
def piece(ffmpeg: Ffmpeg, clips: Path, model: Path) -> Path:
    """The first 4 s of a sample video: two full reps. It asks for the model, without which nobody can use it."""
    return ffmpeg("-t", "4", "-i", SAMPLES / "07_fast_reps.mp4", clips / "piece.mp4")


@pytest.fixture(scope="session")
def empty_room(ffmpeg: Ffmpeg, clips: Path, model: Path) -> Path:
    """A video of 1 s with nobody in it."""
    return ffmpeg(*pattern("1"), clips / "empty_room.mp4")


def pattern(seconds: str, rate: str = "30") -> list[str]:
    """Arguments for ffmpeg: a moving test pattern of 160 by 120."""
    return ["-f", "lavfi", "-i", f"testsrc=s=160x120:r={rate}:d={seconds}", "-pix_fmt", "yuv420p"]

"""What the tests share: ffmpeg, a short piece of a sample video, the pose model, the command line."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers
from support.programs import FOOTAGE, SAMPLES, Benchmark, Cli, Ffmpeg, Result, pattern

from repcount import cli as command_line
from repcount import language
from repcount.pose import model as pose_model

# Where the tests are started in the background Ctrl-C may be ignored, and every process they start would ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on what else the machine does. The same examples each time, so that a change fails
# the tests and nothing else does; `--hypothesis-profile new` looks for new ones, and for the simplest that fails, which
# takes minutes.
settings.register_profile("new", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "same", settings.get_profile("new"), derandomize=True, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("same")
# Hypothesis also tries numbers of the modules that are loaded, unless they lie below a folder named "test": which ones
# depends on the tests that ran before, on where the project lies and on every change to it.
pytest.MonkeyPatch().setattr(providers, "is_local_module_file", lambda path: False, raising=False)


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The settings file of whoever runs the tests has no say in them, and the history stays as it is."""
    nobodys = tmp_path_factory.getbasetemp() / "no-history" / "history.sqlite3"
    monkeypatch.setenv("REPCOUNT_HISTORY", str(nobodys))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    monkeypatch.delenv("REPCOUNT_DEBUG", raising=False)
    monkeypatch.setenv(language.VARIABLE, language.ENGLISH)
    monkeypatch.setattr(language, "_current", None)


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The footage comes last: the clips take minutes, and many tests wait for time to pass."""
    items.sort(key=lambda item: item.path.name == "test_footage.py")


@pytest.fixture(scope="session", autouse=True)
def footage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Benchmark]]:
    """The folders of clips at work from the first test on, where they are at hand and asked for.

    The real clips take many minutes. They are counted with `REPCOUNT_CLIPS=1` alone; of those without a leg raise every
    fourth is. The samples are among the rendered ones, and are not counted twice.
    """
    asked = any(item.path.name == "test_footage.py" for item in request.session.items)
    out = tmp_path_factory.mktemp("footage")
    there = {path.parent.name: path for path in FOOTAGE if asked and path.exists()}
    if "rendered" in there:
        del there["sample_videos"]
    if not os.environ.get("REPCOUNT_CLIPS"):
        there.pop("clips", None)
    at_work = {
        name: Benchmark("accuracy.py", out / f"{name}.json", path, "--jobs", "2", "--every", "4", idle=True)
        for name, path in there.items()
    }
    yield at_work
    for work in at_work.values():
        work.stop()


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """Runs ffmpeg; the last argument is the file to make, which is returned."""

    def run(*arguments: str | Path) -> Path:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *map(str, arguments)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=600)
        return Path(arguments[-1])

    return run


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the videos that the tests make."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def model() -> Path:
    """The pose model, prepared first if need be."""
    return pose_model.ensure_model()


@pytest.fixture(scope="session")
def piece(ffmpeg: Ffmpeg, clips: Path, model: Path) -> Path:
    """The first 4 s of a sample video: two full reps. It asks for the model, without which nobody can use it."""
    return ffmpeg("-t", "4", "-i", SAMPLES / "07_fast_reps.mp4", clips / "piece.mp4")


@pytest.fixture(scope="session")
def empty_room(ffmpeg: Ffmpeg, clips: Path, model: Path) -> Path:
    """A video of 1 s with nobody in it."""
    return ffmpeg(*pattern("1"), clips / "empty_room.mp4")


@pytest.fixture(scope="session")
def still_first(ffmpeg: Ffmpeg, clips: Path) -> Path:
    """Three full reps of a rendered man between two seconds and three of lying still."""
    pad = "tpad=start_duration=2:start_mode=clone:stop_duration=3:stop_mode=clone"
    return ffmpeg("-t", "10.8", "-i", SAMPLES / "02_side_man_shorts.mp4", "-vf", pad, clips / "still_first.mp4")


@pytest.fixture(scope="session")
def goes_on(ffmpeg: Ffmpeg, clips: Path, still_first: Path) -> Path:
    """The same with two minutes of lying still behind it: nobody has to be quick to end it before it ends."""
    return ffmpeg("-i", still_first, "-vf", "tpad=stop_duration=120:stop_mode=clone", clips / "goes_on.mp4")

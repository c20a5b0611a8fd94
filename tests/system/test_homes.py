"""A home that may only be read, and none at all: commands work with what is left, and say what is not kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.disks import on_a_disk
from support.programs import Result

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk of its own"),
]

UNKNOWN = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]
"""Runs a command as a user whom the system knows by number only, as containers do."""

COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    "recount": (["recount", "signal.csv", "--json", "reps.json", "--plot", "plot.png"], ["plot.png", "reps.json"]),
    "live": (
        ["live", "--camera", "piece.mp4", "--no-window", "--sound-file", "heard.wav", "--csv", "reps.csv"],
        ["heard.wav", "reps.csv"],
    ),
    "doctor": (["doctor"], []),
}
"""The arguments, and the files that have to be there in the end."""

Runner = Callable[[list[str], dict[str, str], Path], "subprocess.CompletedProcess[str]"]


def with_a_home_that_may_only_be_read(
    command: list[str], env: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    home = folder.parent / "home"
    home.mkdir()
    return on_a_disk(home, "size=64k,ro", '"$@"', command, env={**env, "HOME": str(home)})


def without_a_home(command: list[str], env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    if (
        shutil.which("unshare") is None
        or subprocess.run([*UNKNOWN, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this system does not let a test be somebody unknown")
    return subprocess.run(
        [*UNKNOWN, *command], env=env, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("run", [with_a_home_that_may_only_be_read, without_a_home])
@pytest.mark.parametrize("name", COMMANDS)
def test_commands_work_without_a_home_to_write_to(
    name: str, run: Runner, piece: Path, model: Path, tmp_path: Path
) -> None:
    arguments, wanted = COMMANDS[name]
    folder = tmp_path / "here"
    folder.mkdir()
    shutil.copy(piece, folder / "piece.mp4")
    (folder / "signal.csv").write_text("time_s,hip_deg\n0,180\n0.1,180\n", encoding="utf-8")
    (folder / "labels.csv").write_text("source,start,top,end,kind\na.mp4,1,2,3,full\n", encoding="utf-8")
    inside = f"import os, runpy; os.chdir({str(folder)!r}); runpy.run_module('repcount', run_name='__main__')"
    kept = {"PATH", "LANG", "LD_LIBRARY_PATH", "REPCOUNT_LANGUAGE"}
    env = {key: value for key, value in os.environ.items() if key in kept} | {"REPCOUNT_MODEL": str(model)}
    done = run([sys.executable, "-c", inside, *arguments], env, folder)
    result = Result(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in result.err, result
    assert "matplotlib" not in result.err.lower(), result
    assert result.code == 0 or name == "doctor", result
    assert [file for file in wanted if not (folder / file).stat().st_size] == []
    assert sum("Counting goes on without a history" in line for line in result.err.splitlines()) == (name == "live")
    if name == "doctor":
        assert result.out.splitlines()[-1].startswith("Live counting")


@pytest.mark.parametrize("run", [with_a_home_that_may_only_be_read, without_a_home])
def test_a_model_that_can_be_kept_nowhere_is_told_in_a_line(run: Runner, piece: Path, tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if key in {"PATH", "LANG", "REPCOUNT_LANGUAGE"}}
    (tmp_path / "here").mkdir()
    done = run([sys.executable, "-m", "repcount", "analyze", str(piece)], env, tmp_path / "here")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("repcount: cannot keep the pose model in ")
    assert line.endswith("Or name a model file with --model or $REPCOUNT_MODEL")

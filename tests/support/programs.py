"""repcount, ffmpeg and the benchmarks as programs, and where the samples are."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]


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


def run_process(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    """`repcount` in a process of its own."""
    command = [sys.executable, "-m", "repcount", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=env, timeout=300, check=False)
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


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """`repcount` in a process of its own, and no wait for its end."""
    command = [sys.executable, "-m", "repcount", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def pattern(seconds: str, rate: str = "30") -> list[str]:
    """Arguments for ffmpeg: a moving test pattern of 160 by 120."""
    return ["-f", "lavfi", "-i", f"testsrc=s=160x120:r={rate}:d={seconds}", "-pix_fmt", "yuv420p"]


def load_script(path: Path) -> ModuleType:
    """A script of the checkout, which lies in no package, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module

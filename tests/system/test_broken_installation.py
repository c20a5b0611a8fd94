"""Packages that are missing, broken, old or there twice: one line with the remedy from every command, no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.programs import ROOT, SAMPLES, Result

PACKAGES = Path(sysconfig.get_path("purelib"))

PROGRAM = "import sys; sys.path[:0] = sys.argv.pop(1).split('|'); from repcount.__main__ import main; main()"
"""Runs without the packages of this environment (`python -S`), and with those in a folder instead."""

COMMANDS: dict[str, list[str | Path]] = {
    "doctor": ["doctor"],
    "analyze": ["analyze", SAMPLES / "07_fast_reps.mp4", "--csv", "out.csv"],
    "annotate": ["analyze", SAMPLES / "07_fast_reps.mp4", "--annotate", "out.mp4"],
    "live": ["live", "--camera", SAMPLES / "07_fast_reps.mp4", "--sound-file", "out.wav"],
    "recount": ["recount", "signal.csv", "--plot", "out.png"],
    "report": ["recount", "signal.csv", "--report", "out.html"],
    "history": ["history"],
    "cameras": ["cameras"],
    "model": ["model"],
    "help": ["--help"],
}

Break = Callable[[Path], None]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def without(*patterns: str) -> Break:
    """Packages that were never installed."""

    def broken(folder: Path) -> None:
        found = [path for pattern in patterns for path in folder.glob(pattern)]
        assert found
        for path in found:
            _remove(path)

    return broken


def opened(folder: Path, name: str) -> Path:
    """A package of the folder as a copy of its own, in which files may be changed."""
    if not (folder / name).is_symlink():
        return folder / name
    real = (folder / name).resolve()
    (folder / name).unlink()
    shutil.copytree(real, folder / name, copy_function=_link, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / name


def _link(file: str, name: str) -> None:
    try:
        os.link(file, name)
    except OSError:  # on another disk
        shutil.copy(file, name)


def lost(package: str, *patterns: str) -> Break:
    """A package that has lost files."""

    def broken(folder: Path) -> None:
        place = opened(folder, package)
        found = [path for pattern in patterns for path in place.glob(pattern)]
        assert found
        for path in found:
            _remove(path)

    return broken


def cut(package: str, pattern: str) -> Break:
    """A package with a file of which only the first half was written."""

    def broken(folder: Path) -> None:
        (path, *_) = opened(folder, package).rglob(pattern)
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[: len(content) // 2])

    return broken


def holes(package: str, pattern: str) -> Break:
    """A package with a file whose second half is zeros, as a power cut may leave it."""

    def broken(folder: Path) -> None:
        (path, *_) = opened(folder, package).rglob(pattern)
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))

    return broken


def instead(module: str, code: str) -> Break:
    """Another module in its place."""

    def broken(folder: Path) -> None:
        for path in (folder / module, folder / f"{module}.py"):
            _remove(path)
        (folder / f"{module}.py").write_text(f"{code}\n", encoding="utf-8")

    return broken


def empty(*folders: str) -> Break:
    """Folders with nothing in them, as an `uninstall` leaves them that was broken off."""

    def broken(folder: Path) -> None:
        for name in folders:
            _remove(folder / name)
            (folder / name).mkdir()

    return broken


BROKEN: dict[str, tuple[Break, dict[str, str]]] = {
    "OpenCV was never installed": (
        without("cv2", "opencv_python_headless*"),
        {"doctor": "OpenCV is not installed: pip install ", "analyze": "OpenCV is not installed: pip install "},
    ),
    "OpenCV was removed by hand": (
        without("cv2"),
        dict.fromkeys(("doctor", "analyze", "live"), "OpenCV is not complete: pip uninstall -y opencv-python-headless"),
    ),
    "OpenCV is an empty folder": (empty("cv2"), {"doctor": "OpenCV is not complete", "analyze": "it has no"}),
    "OpenCV lost its library": (lost("cv2", "*.so"), {"doctor": "pip uninstall -y opencv", "live": "pip uninstall"}),
    "OpenCV is half written": (
        cut("cv2", "cv2*.so"),
        dict.fromkeys(("doctor", "analyze", "live", "cameras"), "is missing. Install it again: pip uninstall -y"),
    ),
    "OpenCV is gutted": (
        instead("cv2", "__version__ = '5.0.0'\nVideoCapture = setNumThreads = FontFace = print\nCAP_FFMPEG = 1900"),
        {"doctor": "OpenCV is not complete, it has no error", "analyze": "OpenCV is not complete"},
    ),
    "OpenCV is an old one": (
        instead("cv2", "__version__ = '4.8.1'"),
        {"doctor": "OpenCV 4.8.1 is too old, 5.0 or later", "cameras": "OpenCV 4.8.1 is too old"},
    ),
    "OpenCV hangs on numpy": (
        instead("cv2", "import sys; print('a page', file=sys.stderr); raise ImportError('numpy.core failed')"),
        {"doctor": "OpenCV does not load (numpy.core failed)", "live": "OpenCV does not load (numpy.core failed)"},
    ),
    "MediaPipe was never installed": (
        without("mediapipe*"),
        {"doctor": "mediapipe is not installed: pip install", "analyze": "mediapipe is not installed: pip install"},
    ),
    "MediaPipe lost its tasks": (
        lost("mediapipe", "tasks"),
        {"doctor": "mediapipe does not load", "live": "pip install"},
    ),
    "MediaPipe lost its library": (
        lost("mediapipe", "**/libmediapipe*"),
        {"doctor": "mediapipe", "analyze": "pip install --force-reinstall"},
    ),
    "MediaPipe's library is half written": (
        cut("mediapipe", "libmediapipe*"),
        dict.fromkeys(("doctor", "analyze", "live"), "is missing. Install it again: pip install"),
    ),
    "MediaPipe is damaged text": (
        instead("mediapipe", "def ("),
        {"doctor": "mediapipe does not load", "analyze": "mediapipe does not load", "live": "mediapipe does not load"},
    ),
    "MediaPipe fails as it likes": (
        instead("mediapipe", "raise RuntimeError('no\\nluck')"),
        {"doctor": "mediapipe does not load: no luck", "analyze": "mediapipe does not load: no luck"},
    ),
    "MediaPipe is full of holes": (
        holes("mediapipe", "libmediapipe*"),
        dict.fromkeys(("doctor", "live"), "libmediapipe.so is missing. Install it again: pip install"),
    ),
    "OpenCV is full of holes": (
        holes("cv2", "cv2*.so"),
        dict.fromkeys(("doctor", "live"), "is missing. Install it again: pip uninstall -y"),
    ),
    "numpy is half written": (
        cut("numpy", "_multiarray_umath*.so"),
        dict.fromkeys(("doctor", "analyze", "live"), "is missing. Install it again: pip install"),
    ),
    "av is half written": (
        cut("av", "_core*.so"),
        dict.fromkeys(("live", "analyze", "annotate"), "is missing. Install it again: pip install"),
    ),
    "numpy was never installed": (without("numpy*"), {"doctor": "numpy is not installed", "analyze": "numpy"}),
    "numpy lost its core": (lost("numpy", "_core"), {"doctor": "numpy", "live": "numpy"}),
    "rich is missing": (without("rich*"), {"analyze": "rich is not installed: pip install"}),
    "typer is missing": (
        without("typer*"),
        dict.fromkeys(("doctor", "analyze", "help"), "typer is not installed: pip install"),
    ),
    "typer lost a file": (
        lost("typer", "core.py"),
        dict.fromkeys(("doctor", "analyze", "help"), "typer does not load"),
    ),
    "platformdirs is missing": (without("platformdirs*"), {"analyze": "platformdirs is not installed: pip install"}),
    "packaging is missing": (without("packaging*"), {"doctor": "packaging is not installed: pip install"}),
    "av is missing": (without("av", "av-*"), {"annotate": "av is not installed: pip install"}),
    "av lost a library": (lost("av", "_core*.so"), {"annotate": "av does not load"}),
    "pygame is missing": (without("pygame*"), {"doctor": "pygame-ce is not installed: pip install"}),
    "miniaudio is missing": (
        without("miniaudio*", "_miniaudio*"),
        {"doctor": "miniaudio is not installed: pip install"},
    ),
    "pyttsx3 is missing": (without("pyttsx3*"), {}),
    "the voice is missing": (without("espeakng_loader*"), {}),
    "matplotlib is missing": (without("matplotlib*"), {"recount": "matplotlib is not installed: pip install"}),
    "jinja2 is missing": (without("jinja2*"), {"report": "jinja2 is not installed: pip install"}),
    "flatbuffers is missing": (without("flatbuffers*"), {"doctor": "flatbuffers is not installed: pip install"}),
    "filelock is missing": (without("filelock*"), {}),
    "what describes repcount is missing": (without("repcount*"), {"doctor": "repcount is not installed"}),
    "an uninstall was broken off": (empty("~umpy-1.0.dist-info", "-pencv.dist-info", "opencv_python-1.dist-info"), {}),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The packages of this environment, each a link."""
    made = tmp_path / "packages"
    made.mkdir()
    for path in PACKAGES.iterdir():
        if not path.name.endswith((".pth", "__pycache__")) and not path.name.startswith("_editable"):
            (made / path.name).symlink_to(path)
    opened(made, "cv2")  # which does not load through a link
    return made


def run(folder: Path, name: str) -> Result:
    here = folder.parent / name
    here.mkdir()
    (here / "signal.csv").write_text("time_s,hip_deg\n0,180\n0.1,180\n", encoding="utf-8")
    env = {**os.environ, "REPCOUNT_HISTORY": str(here / "history.sqlite3"), "NO_COLOR": "1"}
    command = [sys.executable, "-S", "-c", PROGRAM, f"{folder}|{ROOT}", *map(str, COMMANDS[name])]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=env, timeout=300, check=False, cwd=here)
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="names of libraries as Linux has them")
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_installation_is_told_in_a_line(case: str, folder: Path, model: Path) -> None:
    """By the commands that meet it; `REPCOUNT_EVERY=1` tries all the others, too."""
    spoil, expected = BROKEN[case]
    spoil(folder)
    tried = list(COMMANDS) if os.environ.get("REPCOUNT_EVERY") else list(expected) or ["doctor"]
    with ThreadPoolExecutor(2) as pool:
        results = dict(zip(tried, pool.map(lambda name: run(folder, name), tried), strict=True))
    for name, result in results.items():
        assert "Traceback" not in result.err, (name, result.err)
        assert result.code in (0, 1), (name, result)
        complaints = [line for line in result.err.splitlines() if line.startswith("repcount: ")]
        if result.code == 1 and name not in ("doctor", "cameras"):
            assert len(complaints) == 1, (name, result)
            assert result.err.splitlines()[-1] == complaints[0], (name, result)
            assert "pip " in complaints[0] or "apt-get " in complaints[0], (name, result)
    for name, text in expected.items():
        assert text in results[name].out + results[name].err, (name, results[name])
    assert "doctor" in expected or "doctor" not in results or results["doctor"].out.count("\n") > 3


@pytest.mark.slow
def test_a_whole_installation_serves_every_command(folder: Path, model: Path) -> None:
    """The proof that the folder of links is one."""
    assert run(folder, "report") == Result(0, "0 full reps in 0.1 s\n", run(folder, "recount").err)

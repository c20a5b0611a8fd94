"""Checks that everything is present that the commands need, and says what to do where it is not."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Final

from repcount import __version__
from repcount.app.executor import HANG_S, TaskError, WorkerError
from repcount.app.jobs import TimingJob, time_model
from repcount.app.workers import LocalExecutor, exit_name
from repcount.config import Config, load, user_file
from repcount.errors import (
    EnvironmentWarning,
    HistoryError,
    LibraryError,
    ModelError,
    RepcountError,
    SettingError,
    VideoError,
)
from repcount.libraries import MORE_MEMORY, OPENCV, import_failure, opencv_conflict, requirement

_MIN_FREE_MB: Final = 100
"""Heuristic: the history of years takes a megabyte, a minute of recorded video about 20."""

_MIN_COLUMNS: Final = 60
"""The status line does not fit into narrower terminals. Heuristic."""

_TELEMETRY_SINCE: Final = "0.10.35"
"""From this release on MediaPipe contains code that reports its use; from 1.0 on it looks up a telemetry host."""


_NATIVE: Final = (
    ("repcount.video.opencv", "OpenCV", OPENCV),
    ("repcount.pose.landmarker", "MediaPipe", "mediapipe"),
)
"""The modules that import native libraries, the name of each library, and its package."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    ok: bool | None
    """None: missing or not as it should be, but live counting works without it."""
    text: str
    """What was found, and what to do about it."""


def checks(source: str | None = None, *, insecure: bool = False) -> Iterator[Check]:
    """Check everything, one after another; with `source`, that camera, stream or file instead of all cameras.

    `insecure`: an encrypted stream is read whatever its certificate.
    """
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Check("repcount", True, f"{__version__}, Python {platform.python_version()}, {system}")
    yield from _survived("packages", lambda: [packages()])
    library_failures = list(libraries())
    yield from library_failures
    yield from _survived("settings", lambda: [settings()])
    if not library_failures:
        yield from _survived("pose model", lambda: [model()])
        yield from _survived("camera", cameras if source is None else lambda: [camera(source, insecure=insecure)])
        yield from _survived("window", lambda: [display()], needed=False)
        yield from _survived("voice", lambda: [voice(), *voices()], needed=False)
    yield from _survived("history", lambda: [history()])
    yield from _terminal()


def _survived(name: str, check: Callable[[], Iterable[Check]], *, needed: bool = True) -> Iterator[Check]:
    """The results of a check, or a failed one if it fails itself: an installation may be broken in any way."""
    try:
        yield from check()
    except Exception as error:
        if os.environ.get("REPCOUNT_DEBUG"):
            raise
        yield Check(name, False if needed else None, _failure(error))


def _failure(error: Exception) -> str:
    if isinstance(error, RepcountError | ImportError):
        return str(error if isinstance(error, RepcountError) else import_failure(error))
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"it could not be checked ({text}). `repcount --debug doctor` shows where that is from"


def packages() -> Check:
    """Whether the required packages are installed in the required versions, and no second OpenCV."""
    installed = {name: version for name, version in map(_name_and_version, metadata.distributions()) if name}
    try:
        lines = metadata.requires("repcount") or []
    except metadata.PackageNotFoundError:  # run from a source folder
        return Check("packages", None, "repcount is not installed, so their versions are not checked: pip install .")
    problems = [text for line in lines if (text := requirement_problem(line, installed))]
    conflict = opencv_conflict()
    if conflict:  # its advice installs the right OpenCV, too
        problems = [text for text in problems if not text.startswith(OPENCV)] + [conflict]
    versions = ", ".join(f"{name} {installed[name]}" for name in ("mediapipe", OPENCV, "numpy") if name in installed)
    return Check("packages", None if problems else True, "; ".join(problems) or versions)


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """Both empty for a folder that a broken installation has left."""
    try:
        return str(distribution.metadata["Name"] or "").lower(), distribution.version
    except Exception:
        return "", ""


def requirement_problem(line: str, installed: dict[str, str]) -> str | None:
    """What is wrong about a requirement such as `mediapipe<0.10.32,>=0.10.30`; None if it is met or not for here.

    `installed` are the versions of the installed packages.
    """
    from packaging.requirements import Requirement
    from packaging.version import Version

    requirement = Requirement(line)
    name = requirement.name.lower()
    if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        return None  # for another system, or for an extra
    advice = f"pip install '{requirement.name}{requirement.specifier}'"
    if name not in installed:
        return f"{name} is not installed: {advice}"
    if requirement.specifier.contains(installed[name], prereleases=True):
        return None
    reports = name == "mediapipe" and Version(installed[name]) >= Version(_TELEMETRY_SINCE)
    why = "reports on its use over the network" if reports else "was never tried with this repcount"
    return f"{name} {installed[name]} {why}: {advice}"


def libraries() -> Iterator[Check]:
    """A failed check for OpenCV and for MediaPipe if it does not load; nothing otherwise."""
    for module, name, package in _NATIVE:
        with warnings.catch_warnings(action="ignore", category=EnvironmentWarning):  # `packages` says it
            try:
                if crash := _crash(module):
                    advice = f"Install it anew: pip install --force-reinstall --no-cache-dir {requirement(package)}"
                    advice = MORE_MEMORY if "memory" in crash.lower() else advice
                    yield Check("libraries", False, f"{name} crashes while it loads ({crash}). {advice}")
                else:
                    importlib.import_module(module)
            except Exception as error:
                yield Check("libraries", False, _failure(error))


_TRIAL: Final = """\
import sys
sys.path[:] = sys.argv[2:]
from repcount.libraries import guard_loading
guard_loading()
try:
    __import__(sys.argv[1])
except Exception:
    pass  # that is told where it is imported for good
"""


def _crash(module: str) -> str:
    """How a process ends that imports a module, if it crashes: a damaged library would take this one with it."""
    command = [sys.executable, "-P", "-c", _TRIAL, module, *sys.path]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=HANG_S
        )
    except subprocess.TimeoutExpired:
        return f"no end of it in {HANG_S:g} s"
    if not done.returncode:
        return ""
    *_, last = ["", *done.stderr.strip().splitlines()]
    return f"{exit_name(done.returncode)}: {last}" if last else exit_name(done.returncode)


def settings() -> Check:
    """Whether the user's settings file is valid."""
    path = user_file()
    try:
        load(None)
    except SettingError as error:
        return Check("settings", False, f"{error}. Correct the file or remove it")
    return Check("settings", True, str(path) if path.is_file() else f"the defaults; a file of your own would be {path}")


def model() -> Check:
    """Whether the pose model is present and runs, and how fast."""
    from repcount.pose import model as pose_model

    path, _, state = pose_model.status()
    if state != "ready":
        return Check("pose model", False, f"{path}: {state}")
    try:
        frame_s = _seconds_per_frame(path)
    except (ModelError, VideoError, LibraryError, WorkerError) as error:
        return Check("pose model", False, str(error))
    except TaskError as error:
        advice = f"Install it anew: pip install --force-reinstall --no-cache-dir {requirement('mediapipe')}"
        return Check("pose model", False, f"MediaPipe with it {error.brief}. {advice}")
    fast_enough = frame_s < 1 / Config().rate_hz
    advice = "" if fast_enough else ": slow, so fewer of them are looked at. Close other programs"
    return Check("pose model", True if fast_enough else None, f"ready, {frame_s * 1000:.0f} ms a picture{advice}")


def _seconds_per_frame(model_path: Path) -> float:
    """Median time of pose estimation for a frame, in seconds; measured in a worker, as a damaged MediaPipe crashes."""
    from repcount.app import analyze

    with LocalExecutor(1) as executor:
        task = executor.submit(time_model, TimingJob(analyze.sample_video_path(), model_path))
        while not task.done:
            executor.wait()
    durations_s: list[float] = task.result()
    return median(durations_s[1:])


def camera(source: str, *, insecure: bool = False) -> Check:
    """Whether this camera, stream or file gives frames."""
    from repcount.video.discovery import measure

    try:
        info = measure(source, insecure=insecure)
    except RepcountError as error:
        return Check("camera", False, str(error))
    return Check("camera", None if info.note else True, str(info))


def cameras() -> Iterator[Check]:
    """A check of each camera of this computer; a failed one if there is none."""
    from repcount.video.discovery import find_cameras

    found = find_cameras()
    if not found:
        yield Check("camera", False, f"none found. {no_camera_advice()}")
    one_works = any(info.works for info in found)
    for info in found:
        ok = (None if info.note else True) if info.works else (None if one_works else False)
        yield Check(f"camera {info.index}", ok, f"{info.name}: {info.text}")


def no_camera_advice(system: str = sys.platform) -> str:
    """What to do if no camera is found."""
    if system == "darwin":
        why = "allow it in System Settings > Privacy & Security > Camera for your terminal, then open that anew"
    elif system == "win32":
        why = "allow it in Settings > Privacy & security > Camera, also for desktop apps"
    elif "microsoft" in platform.release().lower():
        why = "the Linux inside Windows sees none: install repcount in Windows itself"
    else:
        why = "a container or virtual machine has to be given it"
    from repcount.video.diagnostics import PHONE

    return f"Plug one in; {why}. {PHONE}"


def display() -> Check:
    """Whether a window can be shown."""
    from repcount.display.window import display_problem

    problem = display_problem()
    return Check("window", None if problem else True, f"{problem}; live counts without" if problem else "can be shown")


def voice() -> Check:
    """Whether there is a voice, and sound to play it."""
    from repcount.audio import client

    ok, text = client.check()
    return Check("voice", ok or None, text)


def voices() -> Iterator[Check]:
    """The voices that can be chosen, if there are any."""
    from repcount.audio import client

    names = client.voices()
    if names:
        yield Check("voices", True, f"{', '.join(names)}: choose one with live --voice NAME")


def history() -> Check:
    """Whether the history can be written."""
    from repcount.history.file import default_path, find_history

    try:
        path = default_path()
        find_history(path)
    except HistoryError as error:
        return Check("history", False, str(error))
    existing = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not os.access(existing, os.W_OK):
        text = f"{existing} may not be written: change its permissions or name another file in $REPCOUNT_HISTORY"
        return Check("history", False, text)
    free_mb = shutil.disk_usage(existing).free // 1_000_000
    if free_mb < _MIN_FREE_MB:
        return Check("history", None, f"only {free_mb} MB are free for {path}")
    return Check("history", True, str(path))


def _terminal() -> Iterator[Check]:
    columns = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and columns < _MIN_COLUMNS:
        yield Check("terminal", None, f"{columns} columns are few; make it wider")


def summary_line(done: list[Check]) -> str:
    """The result of all checks in one line."""
    missing = dict.fromkeys(check.name for check in done if check.ok is False)
    return f"Live counting cannot work yet: see {', '.join(missing)}" if missing else "Live counting works here"

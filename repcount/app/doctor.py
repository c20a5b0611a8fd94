"""Checks that everything is present that the commands need, and says what to do where it is not."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from repcount import __version__
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
from repcount.libraries import OPENCV, opencv_conflict

_MIN_FREE_MB: Final = 100
"""Heuristic: the history of years takes a megabyte, a minute of recorded video about 20."""

_MIN_COLUMNS: Final = 60
"""The status line does not fit into narrower terminals. Heuristic."""

_TELEMETRY_SINCE: Final = "0.10.35"
"""From this release on MediaPipe contains code that reports its use; from 1.0 on it looks up a telemetry host."""

_TIMED_FRAMES: Final = 10
"""Frames analysed to measure the speed, after a first one, which takes longer. Heuristic: under a second."""


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
    yield packages()
    library_failures = list(libraries())
    yield from library_failures
    yield settings()
    if not library_failures:
        yield model()
        yield from [camera(source, insecure=insecure)] if source is not None else cameras()
        yield display()
        yield voice()
    yield history()
    yield from _terminal()


def packages() -> Check:
    """Whether the required packages are installed in the required versions, and no second OpenCV."""
    installed = {str(item.metadata["Name"]).lower(): item.version for item in metadata.distributions()}
    problems = [text for line in metadata.requires("repcount") or [] if (text := requirement_problem(line, installed))]
    conflict = opencv_conflict()
    if conflict:  # its advice installs the right OpenCV, too
        problems = [text for text in problems if not text.startswith(OPENCV)] + [conflict]
    versions = ", ".join(f"{name} {installed[name]}" for name in ("mediapipe", OPENCV, "numpy") if name in installed)
    return Check("packages", None if problems else True, "; ".join(problems) or versions)


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
    """A failed check if OpenCV or MediaPipe does not load; nothing otherwise."""
    try:
        with warnings.catch_warnings(action="ignore", category=EnvironmentWarning):  # `packages` says it
            importlib.import_module("repcount.video.opencv")
            importlib.import_module("repcount.pose.landmarker")
    except LibraryError as error:
        yield Check("libraries", False, str(error))


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
    except (ModelError, VideoError) as error:
        return Check("pose model", False, str(error))
    fast_enough = frame_s < 1 / Config().rate_hz
    advice = "" if fast_enough else ": slow, so fewer of them are looked at. Close other programs"
    return Check("pose model", True if fast_enough else None, f"ready, {frame_s * 1000:.0f} ms a picture{advice}")


def _seconds_per_frame(model_path: Path) -> float:
    """Median time of pose estimation for a frame, in seconds."""
    from repcount.app import analyze
    from repcount.pose.landmarker import Landmarker
    from repcount.video import reader
    from repcount.video.clock import clock_s

    durations_s: list[float] = []
    with reader.open_video(analyze.sample_video_path()) as video, Landmarker(model_path) as landmarker:
        for frame in islice(video.frames(Config().rate_hz), 1 + _TIMED_FRAMES):
            start_s = clock_s()
            landmarker.detect(frame)
            durations_s.append(clock_s() - start_s)
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
    missing = [check.name for check in done if check.ok is False]
    return f"Live counting cannot work yet: see {', '.join(missing)}" if missing else "Live counting works here"

"""Checks that everything is here that the commands need, and says what to do where it is not."""

from __future__ import annotations

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

_LEAST_FREE_MB: Final = 100
"""The history takes a megabyte for years, a minute of recorded video about 20. A choice."""

_LEAST_COLUMNS: Final = 60
"""Narrower terminals break the status line. A choice."""

_REPORTS_FROM: Final = "0.10.35"
"""From this release on MediaPipe carries code that reports on its use, and from 1.0 on it looks up whom to tell."""

_FRAMES: Final = 10
"""So many pictures are analysed to measure the speed, after a first one that takes longer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool | None
    """None: not as it should be, or not there, but live counting works without."""
    text: str
    """What was found, and what to do."""


def checks(source: str | None = None) -> Iterator[Check]:
    """Look at everything, one after another; at the camera, stream or file `source` instead of the cameras found."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Check("repcount", True, f"{__version__}, Python {platform.python_version()}, {system}")
    yield packages()
    libraries = list(_libraries())
    yield from libraries
    yield settings()
    if not libraries:
        yield model()
        yield from [given(source)] if source is not None else cameras()
        yield display()
        yield voice()
    yield history()
    yield from _terminal()


def packages() -> Check:
    """Whether the packages are installed in the versions that repcount asks for, and OpenCV once."""
    found = {str(item.metadata["Name"]).lower(): item.version for item in metadata.distributions()}
    wrong = [text for line in metadata.requires("repcount") or [] if (text := unfit(line, found))]
    # The command that removes the others installs ours, too.
    second = opencv_conflict()
    if second:
        wrong = [text for text in wrong if not text.startswith(OPENCV)] + [second]
    told = ", ".join(f"{name} {found[name]}" for name in ("mediapipe", OPENCV, "numpy") if name in found)
    return Check("packages", None if wrong else True, "; ".join(wrong) or told)


def unfit(line: str, found: dict[str, str]) -> str | None:
    """What is wrong with a package, given a line such as `mediapipe<0.10.32,>=0.10.30`."""
    from packaging.requirements import Requirement
    from packaging.version import Version

    wanted = Requirement(line)
    name = wanted.name.lower()
    if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
        return None  # on another system, or for an extra
    advice = f"pip install '{wanted.name}{wanted.specifier}'"
    if name not in found:
        return f"{name} is not installed: {advice}"
    if wanted.specifier.contains(found[name], prereleases=True):
        return None
    reports = name == "mediapipe" and Version(found[name]) >= Version(_REPORTS_FROM)
    why = "reports on its use over the network" if reports else "was never tried with this repcount"
    return f"{name} {found[name]} {why}: {advice}"


def load_libraries() -> None:
    """Load OpenCV and MediaPipe. Raises LibraryError."""
    with warnings.catch_warnings(action="ignore", category=EnvironmentWarning):  # said by `packages`
        pass


def _libraries() -> Iterator[Check]:
    try:
        load_libraries()
    except LibraryError as error:
        yield Check("libraries", False, str(error))


def settings() -> Check:
    """Whether the user's settings can be used."""
    path = user_file()
    try:
        load(None)
    except SettingError as error:
        return Check("settings", False, f"{error}. Correct the file or remove it")
    return Check("settings", True, str(path) if path.is_file() else f"the defaults; a file of your own would be {path}")


def model() -> Check:
    """Whether the pose model is there and runs, and how quickly."""
    from repcount.pose import model as pose_model

    path, _, state = pose_model.status()
    if state != "ready":
        return Check("pose model", False, f"{path}: {state}")
    try:
        each_s = _speed_s(path)
    except (ModelError, VideoError) as error:
        return Check("pose model", False, str(error))
    quick = each_s < 1 / Config().rate_hz
    slow = "" if quick else ": slow, so fewer of them are looked at. Close other programs"
    return Check("pose model", True if quick else None, f"ready, {each_s * 1000:.0f} ms a picture{slow}")


def _speed_s(path: Path) -> float:
    """Seconds that one picture takes, the median of some."""
    from repcount.app import analyze
    from repcount.pose.landmarker import Landmarker
    from repcount.video import reader
    from repcount.video.clock import clock_s

    took: list[float] = []
    with reader.open_video(analyze.sample_video_path()) as film, Landmarker(path) as landmarker:
        for frame in islice(film.frames(Config().rate_hz), 1 + _FRAMES):
            begun_s = clock_s()
            landmarker.detect(frame)
            took.append(clock_s() - begun_s)
    return sorted(took[1:])[(len(took) - 1) // 2]


def given(source: str) -> Check:
    """Whether this camera, stream or file can be counted in front of."""
    from repcount.video.discovery import measure

    try:
        seen = measure(source)
    except RepcountError as error:
        return Check("camera", False, str(error))
    return Check("camera", None if seen.note else True, str(seen))


def cameras() -> Iterator[Check]:
    """The cameras of this computer."""
    from repcount.video.discovery import find_cameras

    all_of_them = find_cameras()
    if not all_of_them:
        yield Check("camera", False, f"none found. {no_camera()}")
    one_works = any(camera.works for camera in all_of_them)
    for camera in all_of_them:
        ok = (None if camera.note else True) if camera.works else (None if one_works else False)
        yield Check(f"camera {camera.index}", ok, f"{camera.name}: {camera.text}")


def no_camera(system: str = sys.platform) -> str:
    """What to do where none is found."""
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

    reason = display_problem()
    return Check("window", None if reason else True, f"{reason}; live counts without" if reason else "can be shown")


def voice() -> Check:
    """Whether the count can be heard."""
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
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not os.access(there, os.W_OK):
        text = f"{there} may not be written: change its permissions or name another file in $REPCOUNT_HISTORY"
        return Check("history", False, text)
    free_mb = shutil.disk_usage(there).free // 1_000_000
    if free_mb < _LEAST_FREE_MB:
        return Check("history", None, f"only {free_mb} MB are free for {path}")
    return Check("history", True, str(path))


def _terminal() -> Iterator[Check]:
    columns = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and columns < _LEAST_COLUMNS:
        yield Check("terminal", None, f"{columns} columns are few; make it wider")


def verdict(done: list[Check]) -> str:
    """What it comes to, in a line."""
    missing = [check.name for check in done if check.ok is False]
    return f"Live counting cannot work yet: see {', '.join(missing)}" if missing else "Live counting works here"

"""Import of OpenCV, quiet and checked. The only module that imports cv2; importing it may raise LibraryError."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from operator import attrgetter
from pathlib import Path

from repcount.errors import EnvironmentWarning, LibraryError, lacks_memory
from repcount.libraries import (
    OPENCV,
    import_failure,
    installed_opencvs,
    library_error,
    missing_library,
    missing_library_text,
    opencv_conflict,
    opencv_fix,
)

__all__ = ["cv2", "native_path", "prepare"]

_REQUIRED = (
    *("VideoCapture", "CAP_FFMPEG", "setNumThreads", "error", "utils.logging.setLogLevel"),
    *("videoio_registry.getBackends", "cvtColor", "resize", "line", "putText", "getTextSize", "imencode", "FontFace"),
)
"""A package that lost its files has none of these, one that lost some of them lacks some."""


def _import_failure(error: Exception) -> LibraryError:
    if isinstance(error, LibraryError):
        return error
    if "Original error was:" in str(error):  # the page that numpy writes about itself
        return library_error("numpy", error)
    if lacks_memory(error):
        return library_error(OPENCV, error)
    library = missing_library(error)
    others = [name for name in installed_opencvs() if name != OPENCV]
    if library is not None and others:
        return LibraryError(f"{missing_library_text(others[0], library)}. {OPENCV} needs none: {opencv_fix()}")
    if library is not None:
        return library_error(OPENCV, error)
    if isinstance(error, ModuleNotFoundError) and error.name == "cv2":
        return LibraryError(f"OpenCV is {'not complete' if installed_opencvs() else 'not installed'}: {opencv_fix()}")
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("cv2"):  # numpy, which it needs
        return import_failure(error)
    return LibraryError(f"OpenCV does not load ({' '.join(str(error).split())}): {opencv_fix()}")


try:
    # An OpenCV built for another numpy writes a page to stderr, one that lost its library a line to stdout.
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        import cv2
except Exception as error:  # what an incomplete OpenCV raises depends on the files that are missing
    raise _import_failure(error) from error


def _has(name: str) -> bool:
    try:
        attrgetter(name)(cv2)
    except AttributeError:
        return False
    return True


_version = str(getattr(cv2, "__version__", ""))
if _version and _version < "5":
    raise LibraryError(f"OpenCV {_version} is too old, 5.0 or later is needed: {opencv_fix()}")
if missing := [name for name in _REQUIRED if not _has(name)]:
    raise LibraryError(f"OpenCV is not complete, it has no {missing[0]}: {opencv_fix()}")
if cv2.CAP_FFMPEG not in cv2.videoio_registry.getBackends():
    raise LibraryError(f"OpenCV {_version} was built without FFmpeg, which reads videos: {opencv_fix()}")
if (_told := opencv_conflict()) is not None:
    warnings.warn(_told, EnvironmentWarning, stacklevel=2)


def native_path(path: Path) -> str | None:
    """The absolute path of a file as OpenCV wants it, which is in UTF-8 whatever the locale says.

    None for a name that is not UTF-8, as on a disk of an older system: OpenCV 5.0.0 aborts the process on it (tried).
    """
    try:
        return os.fsencode(path.absolute()).decode("utf-8")
    except UnicodeDecodeError:
        return None


def prepare() -> None:
    """Set OpenCV up for reading: silent, single-threaded, with a short timeout for cameras.

    To be called before a file, camera or stream is opened, and never on import: a program that merely imports repcount
    keeps its own settings.
    """
    # FFmpeg and OpenCV write their own messages to stderr, past Python; ours say it better.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # OpenCV waits 10 s for a camera that has stopped, and on Linux this variable is the only way to shorten it.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")
    # Frames are small and all cores are busy anyway: with several threads OpenCV mostly waits.
    cv2.setNumThreads(1)

"""Import of OpenCV, quiet and checked. The only module that imports cv2; importing it may raise LibraryError."""

from __future__ import annotations

import contextlib
import io
import os
import warnings

from repcount.errors import EnvironmentWarning, LibraryError
from repcount.libraries import (
    OPENCV,
    installed_opencvs,
    library_error,
    missing_library,
    missing_library_text,
    opencv_conflict,
    opencv_fix,
)

__all__ = ["cv2", "prepare"]

_REQUIRED = ("VideoCapture", "setNumThreads", "FontFace")
"""A package that lost its files has none of these; OpenCV before 5.0 lacks the last."""


def _import_failure(error: Exception) -> LibraryError:
    library = missing_library(error)
    others = [name for name in installed_opencvs() if name != OPENCV]
    if library is not None and others:
        return LibraryError(f"{missing_library_text(others[0], library)}. {OPENCV} needs none: {opencv_fix()}")
    if library is not None:
        return library_error(OPENCV, error)
    if isinstance(error, ModuleNotFoundError) and error.name == "cv2":
        return LibraryError(f"OpenCV is {'not complete' if installed_opencvs() else 'not installed'}: {opencv_fix()}")
    return LibraryError(f"OpenCV does not load ({' '.join(str(error).split())}): {opencv_fix()}")


try:
    # An OpenCV built for another numpy writes a page to stderr.
    with contextlib.redirect_stderr(io.StringIO()):
        import cv2
except Exception as error:  # what an incomplete OpenCV raises depends on the files that are missing
    raise _import_failure(error) from error

_version = getattr(cv2, "__version__", None)
if missing := [name for name in _REQUIRED if not hasattr(cv2, name)]:
    if _version is not None and missing == ["FontFace"]:
        raise LibraryError(f"OpenCV {_version} is too old, 5.0 or later is needed: {opencv_fix()}")
    raise LibraryError(f"OpenCV is not complete, it has no {missing[0]}: {opencv_fix()}")
if (_told := opencv_conflict()) is not None:
    warnings.warn(_told, EnvironmentWarning, stacklevel=2)


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

"""OpenCV, loaded quietly and checked: the only module that imports it at run time. Raises LibraryError."""

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

_USED = ("VideoCapture", "setNumThreads", "FontFace")
"""A folder that lost its files has none of the first, OpenCV before 5.0 lacks the last."""


def _failure(error: Exception) -> LibraryError:
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
    # An OpenCV made for another numpy writes a page to stderr.
    with contextlib.redirect_stderr(io.StringIO()):
        import cv2
except Exception as error:  # what an OpenCV of which files are missing raises depends on the files
    raise _failure(error) from error

_version = getattr(cv2, "__version__", None)
if missing := [name for name in _USED if not hasattr(cv2, name)]:
    if _version is not None and missing == ["FontFace"]:
        raise LibraryError(f"OpenCV {_version} is too old, 5.0 or later is needed: {opencv_fix()}")
    raise LibraryError(f"OpenCV is not complete, it has no {missing[0]}: {opencv_fix()}")
if (_told := opencv_conflict()) is not None:
    warnings.warn(_told, EnvironmentWarning, stacklevel=2)


def prepare() -> None:
    """Set OpenCV up for reading: silent, one thread, short waits for cameras.

    Called before a file, a camera or a stream is opened, never on import: a program that merely imports repcount
    keeps its own settings.
    """
    # FFmpeg and OpenCV write complaints of their own to stderr, past Python; our messages say it better.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # OpenCV waits 10 s for a camera that stopped and takes no other limit for cameras on Linux.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")
    # Frames are small and all cores are busy anyway: with threads of its own OpenCV mostly waits.
    cv2.setNumThreads(1)

"""Errors for users: each message says what happened, to what, and what to try."""

from __future__ import annotations

import errno
import unicodedata


class RepcountError(Exception):
    """Base class of all errors that repcount reports; the command line prints one as a line and exits with 1."""


class SettingError(RepcountError):
    """A setting or option that does not exist or has a value that is not allowed; the command line exits with 2."""


class VideoError(RepcountError):
    """A video that cannot be opened or has no frames."""


class CameraError(RepcountError):
    """A camera or stream that cannot be opened or delivers no frames; the message says what to check."""


class ModelError(RepcountError):
    """The pose model is missing, damaged or cannot be prepared."""


class SignalError(RepcountError):
    """A signal CSV that cannot be read; the message names the line."""


class LabelError(RepcountError):
    """A file of labels that cannot be read or compared; the message names the line or mark."""


class OutputError(RepcountError):
    """A file that cannot be written."""


class HistoryError(RepcountError):
    """The history of sessions cannot be read or written."""


class LibraryError(RepcountError):
    """A native library that does not load on this system."""


class EnvironmentWarning(UserWarning):
    """An installation that works now but may break, such as two versions of OpenCV."""


_NO_MEMORY = ("failed to map segment", "cannot allocate memory")
"""What the Linux loader says when a library does not fit into memory."""

_NO_EXCEPTION = ("without exception set", "without setting an exception")
"""What Python says in a SystemError where not even a MemoryError could be made."""


def lacks_memory(error: BaseException | None) -> bool:
    """Whether memory was lacking: for an object, a thread, a process or a library."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    text = str(error).lower()
    if isinstance(error, SystemError):
        return any(cause in text for cause in _NO_EXCEPTION)
    if isinstance(error, ImportError | OSError):
        return any(cause in text for cause in _NO_MEMORY)
    return isinstance(error, RuntimeError) and "can't start new thread" in text


_MAX_CHARS = 80
"""Length limit of a quoted value. Heuristic: the message has to stay a readable line."""


def brief(value: object) -> str:
    """The repr of `value`, truncated if it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python does not format integers of thousands of digits
        return f"{type(value).__name__} of thousands of digits"
    return text if len(text) <= _MAX_CHARS else f"{text[:_MAX_CHARS]}..."


def printable(text: str) -> str:
    """Text that somebody else chose, for a terminal: one line in which nothing acts and nothing is invisible.

    File names, camera names, addresses and the contents of files may hold anything. Control characters and line breaks,
    characters without a shape or that change the order of others (Unicode's format characters, such as U+202E), lone
    surrogates and unassigned characters are shown as Python escapes. Spaces of all widths stay: macOS and Japanese
    keyboards put them into names.
    """
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()

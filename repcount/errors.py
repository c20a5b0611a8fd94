"""Errors meant for people: each message says what happened, to what, and what to try."""

from __future__ import annotations


class RepcountError(Exception):
    """Anything that repcount itself reports; the command line prints it as one line and exits with 1."""


class SettingError(RepcountError):
    """A setting or option that does not exist or has a value that is not allowed; the command line exits with 2."""


class VideoError(RepcountError):
    """A video that cannot be opened or holds nothing to see."""


class CameraError(RepcountError):
    """A camera or stream that cannot be opened or gives no picture; the message says where to look."""


class ModelError(RepcountError):
    """The pose model is missing, damaged or could not be prepared."""


class SignalError(RepcountError):
    """A signal CSV that cannot be read; the message names the line."""


class OutputError(RepcountError):
    """A file that cannot be written."""


class HistoryError(RepcountError):
    """The history of sessions cannot be read or written."""


class LibraryError(RepcountError):
    """A native library does not load on this system."""


class EnvironmentWarning(UserWarning):
    """What is installed works, but may not do so for long."""


_LONGEST = 80
"""Letters of somebody's value in a message. A choice: the message has to stay a line that can be read."""


def brief(value: object) -> str:
    """`value` as it would be written in Python, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no number of thousands of digits
        return f"{type(value).__name__} of thousands of digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def printable(text: str) -> str:
    """`text` with what cannot be shown told as escapes: names of files may hold anything."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

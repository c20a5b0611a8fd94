"""Import of PyAV, checked, and containers opened with it: the one way in which repcount reads through FFmpeg directly.

Importing it may raise LibraryError.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from repcount.libraries import library_error

__all__ = ["STRANGE_COLOURS", "av", "open_container"]

try:
    import av
except Exception as error:  # what an incomplete PyAV raises depends on the files that are missing
    raise library_error("av", error) from error

_METADATA: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""How to open a file whose metadata may be no UTF-8; PyAV has the option up to version 18."""

_OPTIONS = {
    # A playlist or a reference inside a file leads nowhere else.
    "protocol_whitelist": "file",
    # A transport stream may hold sound alone for a while before the first picture. FFmpeg stops looking as soon as it
    # knows all streams.
    "analyzeduration": "60000000",
    "probesize": "50000000",
    # Transport streams are cut and joined, and what was recorded later may have other numbers for the same streams.
    "merge_pmt_versions": "1",
}


STRANGE_COLOURS = frozenset([8, *range(10, 18)])
"""Colour matrices that FFmpeg does not convert, such as YCgCo, ICtCp and BT.2020 with constant luminance, by their
numbers in ITU-T H.273, table 4. OpenCV gives what was in the memory before."""


def open_container(path: Path, *, as_edited: bool = True) -> Any:
    """Open a recorded file, with or without what its edit list asks for. Raises av.error.FFmpegError and OSError."""
    options = _OPTIONS if as_edited else {**_OPTIONS, "ignore_editlist": "1"}
    # The absolute path keeps a name such as "concat:a" or "-" from being taken for something else.
    return av.open(str(path.absolute()), options=options, **_METADATA)

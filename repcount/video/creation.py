"""When a video was recorded, by what its container says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from repcount.errors import VideoError
from repcount.video.pyav import av, open_container

_FIRST_YEAR, _LAST_YEAR = 1995, 2199
"""Cameras without a clock write 1904 (the origin of QuickTime's times), 1970 or 1980. Heuristic: nobody has a digital
video of leg raises from before 1995."""


def creation_time(path: Path) -> datetime | None:
    """The time of recording, aware; None if the container does not say, or says what no clock said.

    Phones with iOS write the local time with its zone, everybody else UTC. Raises VideoError for a file that cannot be
    opened.
    """
    try:
        with open_container(path) as container:
            tags = {name.lower(): text for name, text in container.metadata.items()}
            for stream in container.streams:
                tags |= {name.lower(): text for name, text in stream.metadata.items() if name.lower() not in tags}
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"{path} cannot be opened: {error}") from error
    for name in ("com.apple.quicktime.creationdate", "creation_time", "date"):
        when = _parse(tags.get(name, ""))
        if when is not None:
            return when
    return None


def _parse(text: str) -> datetime | None:
    """A full date and time, taken for UTC where it names no zone; None for anything else."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) <= len("2026-11-22") or not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        return None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)

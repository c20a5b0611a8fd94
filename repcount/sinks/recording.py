"""The pictures of a live session, kept because somebody asked for it."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from repcount.errors import OutputError
from repcount.film import VideoWriter
from repcount.moment import LiveUpdate
from repcount.records import Frame

_WAITING = 30
"""Frames that may wait to be encoded, two seconds of them; what comes on top is left out. A choice."""


class BackgroundVideoWriter:
    """Encodes on a thread of its own, so that counting never waits for it. A context manager."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        """A file that is there already is replaced by `force` alone.

        Somebody is to be seen in it at home, so it is the user's only. Raises OutputError where `path` may not be
        written.
        """
        self._film = VideoWriter(path, force=force, private=True)
        self._frames: queue.Queue[Frame | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._encode, name="recording", daemon=True)
        self._end_s = 0.0
        self.left_out = 0
        """Frames for which the machine was too slow."""
        self.trouble: str | None = None
        """What went wrong, for people."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.put(None)
        self._thread.join()

    def show(self, moment: LiveUpdate) -> None:
        """Keep the picture of one moment."""
        self._end_s = moment.time_s
        if moment.frame is None or self.trouble:
            return
        try:
            self._frames.put_nowait(moment.frame)
        except queue.Full:
            self.left_out += 1

    def _encode(self) -> None:
        try:
            with self._film as film:
                for frame in iter(self._frames.get, None):
                    self._add(film, frame)
        except OutputError as error:
            self.trouble = str(error)

    def _add(self, film: VideoWriter, frame: Frame) -> None:
        """After trouble the frames that still wait are only taken out of the way."""
        if self.trouble is None:
            try:
                film.write(frame.time_s, frame.image)
            except OutputError as error:
                self.trouble = str(error)
                film.discard()

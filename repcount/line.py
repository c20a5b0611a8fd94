"""The line between a process at work and the one that outlives it."""

from __future__ import annotations

import contextlib
import pickle
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from repcount.known import Fact, Known, Message, Work


class Line:
    """What the process at work tells the one that outlives it, and what it knows from those before it.

    Without such a process nobody listens and nothing is known. For any number of threads.
    """

    def __init__(self, known: Known | None = None, to: BinaryIO | None = None) -> None:
        self.known = known or Known()
        self._to = to
        self._lock = threading.Lock()

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return self._to is not None

    @property
    def again(self) -> bool:
        """Whether a process before this one died."""
        return self.known.deaths > 0

    @contextlib.contextmanager
    def at(self, work: Work) -> Iterator[None]:
        """Should the process die in here, then perhaps of this."""
        self._tell("begin", work)
        try:
            yield
        finally:
            self._tell("end", work)

    def keep(self, fact: Fact, number: int, value: object = None) -> None:
        """Have something about a video known to the processes after this one; `value` is pickled."""
        if self._to is not None:
            self._tell("keep", fact, number, pickle.dumps(value))

    def kept(self, fact: Fact, number: int) -> Any:
        """What a process before this one kept; None where there is nothing."""
        return pickle.loads(self.known.facts[fact, number]) if self.has(fact, number) else None

    def has(self, fact: Fact, number: int) -> bool:
        """Whether a process before this one kept it."""
        return (fact, number) in self.known.facts

    def failed(self, path: Path) -> None:
        """The failure of a file has been told."""
        self._tell("fail", str(path))

    def end_with(self, code: int) -> None:
        """Everything is written: should the process die now, nothing is lost."""
        if self._to is not None:
            sys.stdout.flush()
            self._tell("end_with", code)

    def _tell(self, name: str, *values: object) -> None:
        if self._to is not None:
            message: Message = (name, values)
            with self._lock:
                self._to.write(pickle.dumps(message))
                self._to.flush()


def heard(messages: BinaryIO) -> Iterator[Message]:
    """What comes over the line until its other end is gone, which may be in the middle of a message."""
    while True:
        try:
            message: Message = pickle.load(messages)
        except Exception:  # cut off, which has many names
            messages.read()  # whoever writes must not wait
            return
        yield message

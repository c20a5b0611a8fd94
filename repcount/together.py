"""Threads that work together: one lock, they stop together, and the first error of any is the error of all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

NAME = "repcount at work"
"""The name of all threads."""

HANDFUL = 8
"""How many things are handed on at a time: a thread that is woken for each takes time from those who work. A choice."""

_LOOK_S = 0.25
"""How often somebody who waits looks up: on Windows, Ctrl-C is not heard while a thread waits without an end."""


class StoppedError(Exception):
    """Unwinds whoever waits when the work is not wanted any more, or has failed."""


class Together:
    """Some threads and what they wait for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.error: BaseException | None = None
        self._stopped = False
        self._conditions: list[threading.Condition] = []
        self._threads: list[threading.Thread] = []

    def condition(self) -> threading.Condition:
        """Something to wait for. Who changes it wakes those who wait; every needless waking takes time from all."""
        self._conditions.append(threading.Condition(self.lock))
        return self._conditions[-1]

    def start(self, works: Iterable[Callable[[], None]]) -> None:
        """Begin each in a thread of its own."""
        for work in works:
            self._threads.append(threading.Thread(target=self._do, args=[work], name=NAME, daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """End all of them and wait for that."""
        with self.lock:
            self._stopped = True
            self._wake_all()
        for thread in self._threads:
            thread.join()

    def wait(self, condition: threading.Condition, ready: Callable[[], object]) -> None:
        """Wait until something is so; the lock has to be held. Raises StoppedError."""
        while not (self._stopped or self.error or ready()):
            condition.wait(_LOOK_S)
        if self._stopped or self.error:
            raise StoppedError

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoppedError:
            pass
        except BaseException as error:
            with self.lock:
                self.error = self.error or error
                self._wake_all()

    def _wake_all(self) -> None:
        for condition in self._conditions:
            condition.notify_all()

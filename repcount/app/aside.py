"""Native calls on a thread of their own, so that whoever waits for one still hears Ctrl-C and can leave it behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

_T = TypeVar("_T")


class Aside:
    """A thread that makes calls in the order in which they are handed over.

    Unlike the threads of an executor, the program's end does not wait for this one: it may be in a native call that
    never returns. Python handles signals in the main thread alone, and only between native calls.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        threading.Thread(target=self._run, name="aside", daemon=True).start()

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        """Have a call made; its result or exception is in the future."""
        future: Future[_T] = Future()
        self._calls.put((future, call))
        return future

    def _run(self) -> None:
        while True:
            future, call = self._calls.get()
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
            del future, call  # or the last picture would stay in memory

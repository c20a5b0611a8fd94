"""`repcount` as a program, also `python -m repcount`."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from repcount import interrupts
from repcount.errors import lacks_memory

_failed: deque[threading.ExceptHookArgs] = deque(maxlen=16)
"""Why threads ended, told of at the end: where memory is lacking there may be none for a hook in Python either, and the
interpreter says so in lines of its own."""


def main() -> NoReturn:
    """Run the command line; whatever signal ends it, from the first line on, leaves no traceback."""
    status: int | str | None = None
    stopped = False
    try:
        interrupts.install_handlers()
        threading.excepthook = _failed.append
        _command()()
    except KeyboardInterrupt:  # before or after the command line, which would have said so
        stopped = True
    except SystemExit as ended:
        status = ended.code
    except (MemoryError, SystemError) as error:  # so little that the command line could not say it
        if not lacks_memory(error):
            raise
        status = "repcount: there is not enough memory"
    interrupts.restore_handlers()
    with contextlib.suppress(MemoryError):
        interrupts.leave_unfinished([])
        _tell_of_threads()
    if stopped:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write("repcount: stopped\n")
    status = interrupts.exit_code() or status
    if isinstance(status, str):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"{status}\n")
        status = 1
    _exit_now(status or 0)


def _command() -> Callable[[], NoReturn]:
    """The command line. Exits with a message where the libraries that it is made of do not load."""
    try:
        from repcount.cli import main as command
    except Exception as error:
        if os.environ.get("REPCOUNT_DEBUG") or "--debug" in sys.argv:
            raise
        from repcount.errors import printable
        from repcount.libraries import import_failure

        sys.exit(printable(f"repcount: {import_failure(error)}"))
    return command


def _tell_of_threads() -> None:
    """Show why threads ended, unless memory was lacking: the main thread lacks it as well, and says so in a line."""
    for failure in _failed:
        if not lacks_memory(failure.exc_value):
            threading.__excepthook__(failure)


def _exit_now(code: int) -> NoReturn:
    """Exit without waiting for threads, and without the cleanup of C++ libraries.

    A thread may still be inside FFmpeg or MediaPipe, waiting for a camera that stalls, say, or for good. Destroying
    their objects under it aborts the process, and the exit code would be that of the abort.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

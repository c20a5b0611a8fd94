"""The command line: turns options into settings, sources and outputs; everything else is in `app`."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from typing import Annotated, Any, NoReturn, TextIO

import typer

from repcount import __version__, interrupts
from repcount.addresses import hide
from repcount.cli import analyze, compare, history, live, setup
from repcount.cli.help import START, new_group
from repcount.cli.options import note
from repcount.errors import EnvironmentWarning, RepcountError, SettingError, lacks_memory
from repcount.libraries import (
    MORE_MEMORY,
    damaged_library,
    guard_loading,
    import_failure,
    missing_library,
)
from repcount.pipes import open_standard

_STDOUT, _STDERR = 1, 2

_WRONG_USAGE = 2

_BROKEN_PIPE = 141
"""Exit code if the reader of standard output exited: what shells report for SIGPIPE (128 + 13), from which most
programs end then."""

app = new_group(
    {
        "repcount demo": "watch a sample set being counted",
        "repcount live --plan 3x30": "count three sets of 30 in front of the camera",
        "repcount analyze set.mp4 --report report.html": "count in a recorded video and write a report",
    },
    help="Count supine leg raises: every full raise-and-lower, timed and judged. Nothing leaves this machine.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"repcount {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    if debug:
        os.environ["REPCOUNT_DEBUG"] = "1"
    if context.invoked_subcommand is None:
        print(START)


for commands in (analyze, compare, live, history, setup):
    commands.add_to(app)


def main() -> NoReturn:
    """Run the command line and exit. Our own errors are one line on stderr, with exit code 1, or 2 for settings."""
    _fill_closed_streams()
    interrupts.watch_main_thread()
    _separate_stderr()
    _buffer_stdout()
    warnings.showwarning = _show_warning
    guard_loading()
    _settle_home()
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")  # for terminals without a degree sign
    try:
        status = _run()
        stdout.flush()
    except BrokenPipeError:
        status = _BROKEN_PIPE
        _abandon_unwritable(stdout)
    except (RepcountError, OSError, ImportError) as error:
        if os.environ.get("REPCOUNT_DEBUG"):
            raise
        note(f"repcount: {hide(_message(error), sys.argv[1:])}")
        status = _WRONG_USAGE if isinstance(error, SettingError) else 1
        _abandon_unwritable(stdout)
    except KeyboardInterrupt:
        note("repcount: stopped")
        status = 130
    except Exception as error:
        damaged = damaged_library(error)
        if os.environ.get("REPCOUNT_DEBUG") or not (damaged or lacks_memory(error)):
            raise
        lacking = f"there is not enough memory ({str(error) or 'MemoryError'}). {MORE_MEMORY}"
        note(f"repcount: {damaged or lacking}")
        status = 1
    sys.exit(status)


_default_showwarning = warnings.showwarning


def _show_warning(message: Warning | str, category: type[Warning], *location: Any, **options: Any) -> None:
    """Show our own warnings as a note, without the place in the code."""
    if issubclass(category, EnvironmentWarning):
        note(f"note: {message}")
    else:
        _default_showwarning(message, category, *location, **options)


class _NoteStream(io.TextIOWrapper):
    """A stderr that ignores write errors, such as those of a terminal that was closed."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def _fill_closed_streams() -> None:
    """Open a null device in place of each standard stream that is closed (`>&-`).

    Otherwise the next file opened would get its number, and MediaPipe's log lines would go into a file of results.
    Notes are lost then; stdin and stdout are read-only, so that writing results fails with an error.
    """
    for number in range(_STDERR + 1):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == _STDERR else os.O_RDONLY)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w", encoding="utf-8", closefd=False)


def _settle_home() -> None:
    """Where nobody knows the user's home, as in a container that runs as a number, let it be one that cannot be.

    What would be kept in it is then refused or left out in a line, as in any home that may not be written. Otherwise
    every library that asks for it would fail in its own way.
    """
    if not os.path.isabs(os.path.expanduser("~")):
        os.environ.pop("HOME", None)  # empty or relative; the system may know better
        if not os.path.isabs(os.path.expanduser("~")):
            os.environ["HOME"] = os.devnull


def _separate_stderr() -> None:
    """Give `sys.stderr` a descriptor of its own: descriptor 2 is silenced while MediaPipe logs to it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.fileno() == _STDERR:
            binary = open_standard(_STDERR) or os.fdopen(os.dup(_STDERR), "wb")
            sys.stderr = _NoteStream(binary, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def _buffer_stdout() -> None:
    """Give `sys.stdout` a buffer of its own where it is a pipe, so that a signal ends the wait for its reader.

    The same where Python runs without any buffer (`PYTHONUNBUFFERED`, as in many containers): a long text might be cut
    without an error, as the text layer does not look at how much a device has taken.
    """
    stream = sys.stdout
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if stream.fileno() == _STDOUT:
            unbuffered = isinstance(stream.buffer, io.RawIOBase)
            binary = open_standard(_STDOUT) or (open(_STDOUT, "wb", closefd=False) if unbuffered else None)  # noqa: SIM115
            if binary is not None:
                sys.stdout = io.TextIOWrapper(binary, stream.encoding, stream.errors, line_buffering=unbuffered)


def _run() -> int | str | None:
    """Run the command; returns its exit code, which Typer raises as SystemExit before stdout is flushed."""
    try:
        app()
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # Typer exits with 1 for it
            raise ended.__context__ from None
        if _caused_by_interrupt(ended):  # Typer exits without a message for it
            raise KeyboardInterrupt from None
        return ended.code
    return 0


def _caused_by_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C led to `error`."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _message(error: RepcountError | OSError | ImportError) -> str:
    """The error in one line. Native libraries that do not load raise ImportError or OSError."""
    if isinstance(error, ImportError) or (isinstance(error, OSError) and missing_library(error)):
        return str(import_failure(error))
    if isinstance(error, BlockingIOError):  # of `fork`, where no more processes are allowed
        return "no more programs can be started: close others, or allow more (`ulimit -u`)"
    if isinstance(error, FileNotFoundError) and error.filename is None:  # only what asks for it raises that
        return "the current folder was removed: change to another one"
    return f"{error.filename or 'the output'}: {error.strerror}" if isinstance(error, OSError) else str(error)


def _abandon_unwritable(output: TextIO) -> None:
    """Discard what `output` cannot write (its reader exited), or the interpreter would complain at exit."""
    try:
        output.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())

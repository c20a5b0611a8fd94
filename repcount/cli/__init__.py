"""The command line: options become settings, sources and outputs. No logic."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from typing import Annotated, Any, NoReturn, TextIO

import typer

from repcount import __version__
from repcount.cli import analyze, history, live, setup
from repcount.cli.options import note
from repcount.errors import EnvironmentWarning, RepcountError
from repcount.libraries import library_error, missing_library

_STDERR = 2

_UNREAD = 141
"""Exit code where whoever read standard output has gone: what shells tell of the signal PIPE (128 + 13), of which
most programs end then."""

app = typer.Typer(
    help="Count supine leg raises: every full raise-and-lower, timed and judged. Nothing leaves this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"repcount {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    if debug:
        os.environ["REPCOUNT_DEBUG"] = "1"


for commands in (analyze, live, history, setup):
    commands.add_to(app)


def main() -> NoReturn:
    """Run the command line; every error of ours is one line and exit code 1."""
    _fill_gaps()
    _keep_notes()
    warnings.showwarning = _show_warning
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")  # a terminal that has no degree sign
    try:
        status = _status()
        stdout.flush()
    except BrokenPipeError:
        status = _UNREAD
        _let_go(stdout)
    except (RepcountError, OSError, ImportError) as error:
        if os.environ.get("REPCOUNT_DEBUG"):
            raise
        note(f"repcount: {_told(error)}")
        status = 1
        _let_go(stdout)
    except KeyboardInterrupt:
        note("repcount: stopped")
        status = 130
    sys.exit(status)


_usual_warning = warnings.showwarning


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Ours are a line for people, without the place in the code."""
    if issubclass(category, EnvironmentWarning):
        note(f"note: {message}")
    else:
        _usual_warning(message, category, *place, **more)


class _Notes(io.TextIOWrapper):
    """Where notes cannot be written any more, as on a terminal that was closed, all else goes on."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def _fill_gaps() -> None:
    """Where one of the standard streams is closed (`>&-`), the next file to be opened would get its number.

    MediaPipe's own lines would go into a file of results. Nothing is heard of notes then; results tell that they
    cannot be written.
    """
    for number in range(_STDERR + 1):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == _STDERR else os.O_RDONLY)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w", encoding="utf-8", closefd=False)


def _keep_notes() -> None:
    """Write notes through a descriptor of their own: MediaPipe's own lines are kept off the usual one."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.fileno() == _STDERR:
            own = os.dup(_STDERR)
            sys.stderr = _Notes(os.fdopen(own, "wb"), sys.stderr.encoding, "backslashreplace", line_buffering=True)


def _status() -> int | str | None:
    """The exit code of the command; typer leaves by SystemExit, too, before the output is flushed."""
    try:
        app()
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # which typer takes for an end like any other
            raise ended.__context__ from None
        if _interrupted(ended):  # which typer makes an exit code of, without a word
            raise KeyboardInterrupt from None
        return ended.code
    return 0


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is what led to `error`."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _told(error: RepcountError | OSError | ImportError) -> str:
    """In a line. Native libraries that do not load raise OSError, too, but without a number."""
    if isinstance(error, ImportError) or (isinstance(error, OSError) and missing_library(error)):
        return str(library_error((getattr(error, "name", None) or "a library").partition(".")[0], error))
    return f"{error.filename or 'the output'}: {error.strerror}" if isinstance(error, OSError) else str(error)


def _let_go(output: TextIO) -> None:
    """Give up what cannot be written (`| head` has gone), or the interpreter complains about it at exit."""
    try:
        output.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())

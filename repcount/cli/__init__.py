"""The command line: options become settings, sources and outputs. No logic."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Annotated, NoReturn, TextIO

import typer

from repcount import __version__
from repcount.cli import files, history, live, setup
from repcount.cli.options import note
from repcount.errors import RepcountError

_STDERR = 2

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


for commands in (files, live, history, setup):
    commands.add_to(app)


def main() -> NoReturn:
    """Run the command line; every error of ours is one line and exit code 1."""
    _keep_notes()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no degree sign
    try:
        status = _status()
        sys.stdout.flush()
    except (RepcountError, OSError) as error:
        if os.environ.get("REPCOUNT_DEBUG"):
            raise
        if not isinstance(error, BrokenPipeError):
            note(f"repcount: {_told(error)}")
        status = 1
        _let_go(sys.stdout)
    except KeyboardInterrupt:
        note("repcount: stopped")
        status = 130
    sys.exit(status)


def _keep_notes() -> None:
    """Write notes through a descriptor of their own: MediaPipe's own lines are kept off the usual one."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.fileno() == _STDERR:
            own = os.dup(_STDERR)
            sys.stderr = os.fdopen(own, "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)


def _status() -> int | str | None:
    """The exit code of the command; typer leaves by SystemExit, too, before the output is flushed."""
    try:
        app()
    except SystemExit as ended:
        return ended.code
    return 0


def _told(error: RepcountError | OSError) -> str:
    return f"{error.filename or 'the output'}: {error.strerror}" if isinstance(error, OSError) else str(error)


def _let_go(output: TextIO) -> None:
    """Give up what cannot be written (`| head` has gone), or the interpreter complains about it at exit."""
    try:
        output.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())

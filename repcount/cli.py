"""The command line: options become settings, sources and outputs. No logic."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from repcount import __version__
from repcount.config import Config, load
from repcount.errors import RepcountError, SettingError

if TYPE_CHECKING:
    from repcount.batch import Report

app = typer.Typer(
    help="Count supine leg raises: every full raise-and-lower, timed and judged. Nothing leaves this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Videos = Annotated[list[Path], typer.Argument(help="Recorded videos.", show_default=False)]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write one row per rep to this CSV file; - is stdout.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write everything about the reps as JSON; - is stdout.")]
Signal = Annotated[
    Path | None,
    typer.Option("--signal", help="Write the angles of every analysed frame as CSV, for `recount`; - is stdout. "
                 "With several videos: a folder."),
]  # fmt: skip
Model = Annotated[Path | None, typer.Option(help="Use this pose model (.task) instead of the prepared one.")]
Tempo = Annotated[
    str | None, typer.Option(help="Seconds asked for raise/hold/lower/pause; quicker ones are flagged [2/0/2/0].")
]
Strictness = Annotated[str | None, typer.Option(help="lenient, normal or strict [normal].")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings as TOML; without it the ones in your config folder.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Any setting by name, such as --set full_deg=75. May be repeated.")
]
Explain = Annotated[bool, typer.Option("--explain", help="List the movements that were not counted, and why.")]


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


@app.command()
def analyze(
    videos: Videos,
    csv: Csv = None,
    json: Json = None,
    signal: Signal = None,
    tempo: Tempo = None,
    strictness: Strictness = None,
    set_: Set = None,
    config: ConfigFile = None,
    model: Model = None,
    explain: Explain = False,
) -> None:
    """Count in recorded files."""
    from repcount import batch

    settings = _settings(config, strictness, tempo, set_)
    wanted = batch.Wanted(csv, json, signal)
    told = batch.report(wanted, explain=explain)
    batch.analyze(videos, settings, model, wanted, told)
    _leave(told)


@app.command()
def recount(
    signal: Annotated[Path, typer.Argument(help="A signal CSV that `analyze --signal` wrote.", show_default=False)],
    csv: Csv = None,
    json: Json = None,
    tempo: Tempo = None,
    strictness: Strictness = None,
    set_: Set = None,
    config: ConfigFile = None,
    explain: Explain = False,
) -> None:
    """Count again from a saved signal with other settings; no video needed."""
    from repcount import batch

    wanted = batch.Wanted(csv, json)
    told = batch.report(wanted, explain=explain)
    batch.recount(signal, _settings(config, strictness, tempo, set_), wanted, told)
    _leave(told)


@app.command()
def demo(model: Model = None) -> None:
    """Count a sample video that comes with repcount."""
    from repcount import batch, demo

    wanted = batch.Wanted()
    told = batch.report(wanted, explain=False)
    batch.analyze([demo.video()], load(None), model, wanted, told)
    _leave(told)


@app.command()
def model(
    install: Annotated[
        bool, typer.Option("--install", help="Prepare the model now, so that later runs need no network.")
    ] = False,
) -> None:
    """Show where the pose model is, or prepare it ahead."""
    from repcount import weights

    if install:
        print(weights.install(_note))
        return
    path, chosen_by, state = weights.status()
    print(f"{path} ({chosen_by})")
    print(state)


def _leave(told: Report) -> None:
    if told.interrupted:
        raise typer.Exit(130)
    if told.failed:
        raise typer.Exit(1)


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _settings(config: Path | None, strictness: str | None, tempo: str | None, set_: list[str] | None) -> Config:
    named = {"strictness": strictness, "tempo": tempo}
    return load(config, {**dict(_pair(item) for item in set_ or []), **_given(named)})


def _given(options: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


def _pair(item: str) -> tuple[str, Any]:
    name, equals, text = item.partition("=")
    if not equals:
        raise SettingError(f"--set {item}: write it as name=value, such as full_deg=75")
    try:
        return name.strip(), float(text)
    except ValueError:
        return name.strip(), text.strip()


def main() -> NoReturn:
    """Run the command line; every error of ours is one line and exit code 1."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no degree sign
    try:
        status = _status()
        sys.stdout.flush()
    except (RepcountError, OSError) as error:
        if os.environ.get("REPCOUNT_DEBUG"):
            raise
        if not isinstance(error, BrokenPipeError):
            _note(f"repcount: {_told(error)}")
        status = 1
        _let_go(sys.stdout)
    except KeyboardInterrupt:
        _note("repcount: stopped")
        status = 130
    sys.exit(status)


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

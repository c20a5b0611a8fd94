"""Options that several commands share, and their conversion to settings."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from repcount.config import MAX_RATE_HZ, MIN_TARGET_DEG, Config, load
from repcount.errors import SettingError, printable
from repcount.language import choose
from repcount.types import Span, Subject

if TYPE_CHECKING:
    from repcount.app.console import ConsoleReporter


def _choose_language(code: str | None) -> str | None:
    choose(code)
    return code


Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write one row per rep to this CSV file; - is stdout.")
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write everything about the reps as JSON; - is stdout.")
]
Model = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Use this pose model (.task) instead of the prepared one.")
]
Tempo = Annotated[
    str | None,
    typer.Option(metavar="TEMPO", help="Seconds asked for raise/hold/lower/pause; quicker ones are flagged [2/0/2/0]."),
]
Strictness = Annotated[
    Literal["lenient", "normal", "strict"] | None, typer.Option(help="How strictly a rep is judged [normal].")
]
Target = Annotated[
    float | None,
    typer.Option(
        min=MIN_TARGET_DEG, max=90, metavar="DEG",
        help="Elevation from which a rep is full, for legs that stop earlier than upright, in degrees [67].",
    ),
]  # fmt: skip
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings as TOML; without it the ones in your config folder."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any setting by name, such as --set full_deg=75. May be repeated."
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(metavar="HZ", help="Frames analysed per second: a number, all, or auto, which is enough [auto]."),
]
Person = Annotated[str | None, typer.Option("--person", metavar="NAME", help="Whose session it is.")]
BlurFaces = Annotated[
    bool,
    typer.Option("--blur-faces", help="Make the face of the person who is counted unrecognisable in all pictures."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there already.")]
Language = Annotated[
    Literal["en", "de", "fr", "es", "pt", "it", "zh", "ja", "ko", "hi"] | None,
    typer.Option(
        callback=_choose_language, is_eager=True,
        help="Language of voice, window, table and report [that of the system, else English].",
    ),
]  # fmt: skip
Explain = Annotated[
    bool,
    typer.Option("--explain", help="List the movements that were not counted, and why; name the reader of the video."),
]


def note(text: str) -> None:
    """Print a note on standard error; names in it may hold anything."""
    print(printable(text), file=sys.stderr)


def exit_with(reporter: ConsoleReporter) -> None:
    """Exit with the code of the run unless that is 0. Raises OSError if standard output could not be written."""
    code = reporter.exit_code()
    if code:
        raise typer.Exit(code)


def settings(
    config: Path | None,
    strictness: str | None,
    tempo: str | None,
    target: float | None,
    set_: list[str] | None,
    rate: str | None = None,
) -> Config:
    """The settings of these options, over the settings file. Raises SettingError."""
    options = {"strictness": strictness, "tempo": tempo, "full_deg": target, "rate_hz": _rate_hz(rate)}
    return load(config, {**dict(_parse_set(item) for item in set_ or []), **_given(options)})


def sets_target(set_: list[str] | None) -> bool:
    """Whether a `--set` gives the target."""
    return any(item.partition("=")[0].strip() == "full_deg" for item in set_ or [])


def _rate_hz(rate: str | None) -> float | None:
    """Frames a second to analyse; None for the rate in the settings. `all` is the rate of the fastest cameras."""
    if rate in (None, "auto"):
        return None
    if rate == "all":
        return MAX_RATE_HZ
    try:
        return float(rate)
    except ValueError:
        raise SettingError(f"--rate {rate}: it must be a number of frames a second, all or auto") from None


def parse_span(from_: str | None, to: str | None) -> Span:
    """The part of a video between two times. Raises SettingError."""
    span = Span(_seconds("--from", from_, 0.0), _seconds("--to", to, math.inf))
    if not span.from_s < span.to_s:
        raise SettingError(f"--to {to} is not later than --from {from_ or 0}")
    return span


def parse_subject(text: str | None) -> Subject | None:
    """A number of a person, or a point as two shares. Raises SettingError."""
    if text is None:
        return None
    if re.fullmatch(r"[1-9]", text.strip()):
        return Subject(int(text))
    shares = re.fullmatch(r"(\d*\.?\d+),(\d*\.?\d+)", text.replace(" ", ""))
    point = tuple(map(float, shares.groups())) if shares else ()
    if len(point) != 2 or max(point) > 1:
        raise SettingError(
            f"--subject {text}: write it as a number, 1 for the person on the left, or as a point on the person, such "
            "as 0.3,0.7: shares of the picture's width and height, from its upper left corner"
        )
    return Subject(point=point)


def _seconds(option: str, text: str | None, default: float) -> float:
    """Seconds, from `90`, `1:30` or `0:01:30.5`."""
    if text is None:
        return default
    match = re.fullmatch(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d+)?)", text.strip())
    if match is None:
        raise SettingError(f"{option} {text}: write it as seconds, minutes:seconds or hours:minutes:seconds")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _parse_set(item: str) -> tuple[str, Any]:
    """Name and value of a `--set`; a number where it is one."""
    name, equals, text = item.partition("=")
    if not equals:
        raise SettingError(f"--set {item}: write it as name=value, such as full_deg=75")
    try:
        return name.strip(), float(text)
    except ValueError:
        return name.strip(), text.strip()

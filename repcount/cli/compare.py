"""The command that compares labels and results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from repcount.cli import help
from repcount.cli.options import Force
from repcount.errors import SettingError

_KINDS = ("full", "partial", "ignore")


def add_to(app: typer.Typer) -> None:
    """Add the command of this module to `app`."""
    help.add(app, compare, {
        "repcount compare labels.csv results.json": "how well repcount agrees with a person",
        "repcount compare anna.eaf ben.eaf --kind rep=full": "two people, marked in ELAN",
        "repcount compare events.csv results.json --plot agreement.png": "events of BORIS, with a Bland-Altman plot",
    })  # fmt: skip


def compare(
    labels: Annotated[
        Path,
        typer.Argument(metavar="LABELS", help="What somebody has marked: CSV with the columns source, start, top, end, "
                       "kind; ELAN; BORIS.", show_default=False),
    ],
    results: Annotated[
        Path,
        typer.Argument(metavar="RESULTS", help="The --json or --csv of `analyze`, or other labels.",
                       show_default=False),
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD=KIND", help="What a word in the labels means: full, partial or ignore. "
                     "May be repeated."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every rep, paired, as CSV; - is stdout.")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON; - is stdout.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw a Bland-Altman plot: a .png, .svg or .pdf file.")
    ] = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Compare the reps that two raters have marked in the same videos."""
    from repcount.app import compare as app_compare

    kinds = dict(_parse_kind(item) for item in kind or [])
    code = app_compare.run(labels, results, kinds, app_compare.CompareOptions(csv, json, plot, force))
    if code:
        raise typer.Exit(code)


def _parse_kind(item: str) -> tuple[str, str]:
    word, equals, meaning = item.rpartition("=")
    if not equals or meaning not in _KINDS:
        raise SettingError(f"--kind {item}: write it as word=full, word=partial or word=ignore")
    return word, meaning

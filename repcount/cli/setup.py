"""Commands about what repcount needs: model, cameras, doctor."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from repcount.cli import help
from repcount.cli.options import note
from repcount.errors import printable

if TYPE_CHECKING:
    from repcount.app.doctor import Check

_MARKS = {True: ("OK", "green"), None: ("--", "yellow"), False: ("!!", "red")}
_INDENT = 18
"""Columns before the text of a check."""

Source = Annotated[
    str | None,
    typer.Option(
        "--camera",
        metavar="CAMERA",
        help="Check this one: number, address (http, https, rtsp, udp, tcp) or file.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    help.add(app, model, {
        "repcount model": "where the pose model is",
        "repcount model --install": "prepare it now, for a computer that will have no network",
    })  # fmt: skip
    help.add(app, cameras, {"repcount cameras": "their numbers, for `repcount live --camera NUMBER`"})
    help.add(app, doctor, {
        "repcount doctor": "the first camera",
        "repcount doctor --camera rtsp://192.168.1.20/stream": "a stream",
    })  # fmt: skip


def model(
    install: Annotated[
        bool, typer.Option("--install", help="Prepare the model now, so that later runs need no network.")
    ] = False,
) -> None:
    """Show where the pose model is, or prepare it ahead."""
    from repcount.pose import model as pose_model

    if install:
        print(printable(str(pose_model.install(note))))
        return
    path, chosen_by, state = pose_model.status()
    print(printable(f"{path} ({chosen_by})"))
    print(printable(state))


def cameras() -> None:
    """List the cameras, with the size and rate of their pictures."""
    from repcount.app import doctor
    from repcount.video.discovery import find_cameras

    found = find_cameras()
    for camera in found:
        print(printable(f"{camera.index:>2}  {camera.name}: {camera.text}"))
    if not found:
        note(f"no camera found. {doctor.no_camera_advice()}")
    if not any(camera.works for camera in found):
        raise typer.Exit(1)


def doctor(
    camera: Source = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Check it even if nobody vouches for its certificate (https, rtsps).")
    ] = False,
) -> None:
    """Check whether live counting works here, and say what to do where not."""
    from repcount.app import doctor

    checks = []
    for check in doctor.checks(camera, insecure=insecure):
        checks.append(check)
        _show(check)
    print(doctor.summary_line(checks))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)


def _show(check: Check) -> None:
    """Print a check, wrapped to the width of the terminal."""
    mark, colour = _MARKS[check.ok]
    styled_mark = typer.style(mark, fg=colour, bold=True) if _use_colour() else mark
    text = printable(check.text)
    lines = [text]
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns - _INDENT, _INDENT)
        # URLs and paths are not broken, so that they can be copied.
        lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    typer.echo(f"{styled_mark}  {check.name:{_INDENT - 4}}{lines[0]}")
    for line in lines[1:]:
        typer.echo(" " * _INDENT + line)


def _use_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")

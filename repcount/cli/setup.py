"""Commands about what repcount needs to work: model."""

from __future__ import annotations

from typing import Annotated

import typer

from repcount.cli.options import note


def add_to(app: typer.Typer) -> None:
    """Make the commands of this module commands of `app`."""
    app.command()(model)


def model(
    install: Annotated[
        bool, typer.Option("--install", help="Prepare the model now, so that later runs need no network.")
    ] = False,
) -> None:
    """Show where the pose model is, or prepare it ahead."""
    from repcount import weights

    if install:
        print(weights.install(note))
        return
    path, chosen_by, state = weights.status()
    print(f"{path} ({chosen_by})")
    print(state)

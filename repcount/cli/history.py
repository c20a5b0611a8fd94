"""The commands about the history: history, history export, history delete."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from repcount.cli import help
from repcount.cli.options import Force, exit_with
from repcount.coaching.session import DAY_LIMIT

_MAX_DAYS = 36500
"""A hundred years. Python's calendar begins in the year 1, so an unlimited number of days would overflow."""

_DATE = ["%Y-%m-%d"]

Days = Annotated[int, typer.Option(min=1, max=_MAX_DAYS, metavar="DAYS", help="How many days back, today included.")]
AnyDays = Annotated[
    int | None, typer.Option(min=1, max=_MAX_DAYS, metavar="DAYS", help="How many days back, today included [all].")
]
Limit = Annotated[int, typer.Option(min=1, metavar="REPS", help="Full reps of a day to measure it against.")]
Sessions = Annotated[bool, typer.Option("--sessions", help="List every session, not only those of the newest day.")]
Csv = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write one row per day as CSV, with --sessions one per session; - is stdout."),
]
Json = Annotated[Path | None, typer.Option(metavar="FILE", help="Write days and sessions as JSON; - is stdout.")]
Report = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write an HTML report of days, weeks, tempo and quality; - is stdout."),
]
Reps = Annotated[Path, typer.Option("--csv", metavar="FILE", help="The file to write; - is stdout.")]
Day = Annotated[datetime | None, typer.Option(formats=_DATE, metavar="YYYY-MM-DD", help="What was done on this day.")]
Before = Annotated[
    datetime | None, typer.Option(formats=_DATE, metavar="YYYY-MM-DD", help="What was done before this day.")
]
Session = Annotated[int | None, typer.Option(metavar="NUMBER", help="The session with this number.")]
All = Annotated[bool, typer.Option("--all", help="Everything.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    group = help.new_group({
        "repcount history": "the last two weeks",
        "repcount history --days 90 --report history.html": "three months, as a page",
        "repcount history --sessions --csv sessions.csv": "one row per session",
    })  # fmt: skip
    group.callback(invoke_without_command=True)(history)
    help.add(group, export, {"repcount history export --csv reps.csv": "all reps that were ever counted live"})
    help.add(group, delete, {
        "repcount history delete --session 12": "one session",
        "repcount history delete --before 2026-01-01": "what was done before this year",
    })  # fmt: skip
    app.add_typer(group, name="history")


def history(
    context: typer.Context,
    days: Days = 14,
    sessions: Sessions = False,
    limit: Limit = DAY_LIMIT,
    csv: Csv = None,
    json: Json = None,
    report: Report = None,
    force: Force = False,
) -> None:
    """Show what was done on which day, against the daily limit."""
    if context.invoked_subcommand is not None:
        _reject_options_before(context)
        return
    from repcount.app import history as app_history

    query = app_history.HistoryQuery(
        today=date.today(),
        days=days,
        every_session=sessions,
        limit=limit,
        csv=csv,
        json=json,
        report=report,
        force=force,
    )
    exit_with(app_history.show(query))


def _reject_options_before(context: typer.Context) -> None:
    """Raise BadParameter for options before the subcommand: `history --days 3 export` would export everything."""
    given = [name for name in context.params if str(context.get_parameter_source(name)).endswith("COMMANDLINE")]
    if given:
        raise typer.BadParameter(f"give the options after {context.invoked_subcommand}")


def export(csv: Reps = Path("-"), days: AnyDays = None, force: Force = False) -> None:
    """Write all reps in the form in which `analyze --csv` writes them."""
    from repcount.app import history as app_history

    exit_with(app_history.export(csv, date.today() - timedelta(days=days - 1) if days else None, force=force))


def delete(
    day: Day = None, before: Before = None, session: Session = None, all_: All = False, yes: Yes = False
) -> None:
    """Delete reps for good.

    Those of a day, of all days before one, of a session, or all of them.
    """
    if sum([day is not None, before is not None, session is not None, all_]) != 1:
        raise typer.BadParameter("say what to delete: one of --day, --before, --session and --all")
    from repcount.app import history as app_history
    from repcount.history.store import DeleteFilter

    selection = DeleteFilter(
        day=day.date() if day else None, before=before.date() if before else None, session=session, everything=all_
    )
    app_history.delete(selection, lambda question: yes or typer.confirm(question, abort=True))

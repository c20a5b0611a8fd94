"""The commands about the history: history, and its export, people, rename, merge, assign and delete."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from repcount.cli import help
from repcount.cli.options import Force, Person, exit_with
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
    typer.Option(
        metavar="FILE",
        help="Write an HTML report of weeks, days, tempo and quality; - is stdout. "
             "In a folder that is there: one per person.",
    ),
]  # fmt: skip
Whose = Annotated[str | None, typer.Option("--person", metavar="NAME", help="Their sessions alone.")]
Compare = Annotated[
    tuple[str, str] | None, typer.Option("--compare", metavar="NAME NAME", help="Show two people side by side.")
]
Reps = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write one row per rep, as `analyze --csv` does; - is stdout."),
]
Sets = Annotated[Path | None, typer.Option(metavar="FILE", help="Write one row per set as CSV; - is stdout.")]
Fit = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Write a FIT file per session, for Garmin Connect and others, into this folder."
    ),
]
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
        "repcount history --person Anna": "hers alone",
        "repcount history --compare Anna Bo": "two people side by side",
        "repcount history --sessions --csv sessions.csv": "one row per session",
    })  # fmt: skip
    group.callback(invoke_without_command=True)(history)
    help.add(group, export, {
        "repcount history export --csv reps.csv": "all reps in the history",
        "repcount history export --sets sets.csv --person Anna": "a row for each of her sets",
        "repcount history export --fit workouts": "a file per session for Garmin Connect and others",
    })  # fmt: skip
    help.add(group, people, {"repcount history people": "everybody, with reps, sessions and target"})
    help.add(group, rename, {"repcount history rename Ana Anna": "the same person, spelled right"})
    help.add(group, merge, {"repcount history merge Ana Anna": "Ana's sessions are Anna's now"})
    help.add(group, assign, {
        "repcount history assign 12 Anna": "session 12 is Anna's",
        "repcount history assign 12": "session 12 is nobody's",
    })  # fmt: skip
    help.add(group, delete, {
        "repcount history delete --session 12": "one session",
        "repcount history delete --before 2026-01-01": "what was done before this year",
        "repcount history delete --person Anna": "all of Anna's sessions, and her name",
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
    person: Whose = None,
    compare: Compare = None,
) -> None:
    """Show how you are doing: weeks, days, sets, and the daily limit."""
    if context.invoked_subcommand is not None:
        _reject_options_before(context)
        return
    if person is not None and compare is not None:
        raise typer.BadParameter("give one of --person and --compare")
    if compare is not None and compare[0].casefold() == compare[1].casefold():
        raise typer.BadParameter("--compare needs two people")
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
        people=compare or ((person,) if person is not None else ()),
    )
    exit_with(app_history.show(query))


def _reject_options_before(context: typer.Context) -> None:
    """Raise BadParameter for options before the subcommand: `history --days 3 export` would export everything."""
    given = [name for name in context.params if str(context.get_parameter_source(name)).endswith("COMMANDLINE")]
    if given:
        raise typer.BadParameter(f"give the options after {context.invoked_subcommand}")


def export(
    csv: Reps = None,
    sets: Sets = None,
    fit: Fit = None,
    days: AnyDays = None,
    person: Whose = None,
    force: Force = False,
) -> None:
    """Write reps, sets or workouts for other programs.

    Without an option: all reps, to standard output, in the form of `analyze --csv`.
    """
    from repcount.app import history as app_history

    if csv is None and sets is None and fit is None:
        csv = Path("-")
    first = date.today() - timedelta(days=days - 1) if days else None
    exit_with(
        app_history.export(
            app_history.ExportQuery(first=first, person=person, csv=csv, sets=sets, fit=fit, force=force)
        )
    )


Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]
Other = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


def people() -> None:
    """List the people in the history."""
    from repcount.app import history_people

    history_people.show()


def rename(old: Name, new: Other) -> None:
    """Give a person another name."""
    from repcount.app import history_people

    history_people.rename(old, new)


def merge(name: Name, into: Other, yes: Yes = False) -> None:
    """Make one person of two: the first one's sessions go to the second, whose target stays."""
    from repcount.app import history_people

    history_people.merge(name, into, lambda question: yes or typer.confirm(question, abort=True))


def assign(
    session: Annotated[int, typer.Argument(metavar="SESSION", help="Its number.", show_default=False)],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Without one: nobody's.")] = None,
) -> None:
    """Say whose a session is."""
    from repcount.app import history_people

    history_people.assign(session, name)


def delete(
    day: Day = None,
    before: Before = None,
    session: Session = None,
    person: Person = None,
    all_: All = False,
    yes: Yes = False,
) -> None:
    """Delete reps for good.

    Those of a day, of all days before one, of a session, of a person, or all of them.
    """
    if sum([day is not None, before is not None, session is not None, person is not None, all_]) != 1:
        raise typer.BadParameter("say what to delete: one of --day, --before, --session, --person and --all")
    from repcount.app import history as app_history
    from repcount.history.store import DeleteFilter

    selection = DeleteFilter(
        day=day.date() if day else None,
        before=before.date() if before else None,
        session=session,
        person=person,
        everything=all_,
    )
    app_history.delete(selection, lambda question: yes or typer.confirm(question, abort=True))

"""`repcount history people`, `rename`, `merge` and `assign`: whose the sessions are."""

from __future__ import annotations

import sys
from collections.abc import Callable

from repcount.errors import HistoryError, printable
from repcount.history.file import default_path, find_history
from repcount.history.people import Person
from repcount.history.store import HistoryStore


def show() -> None:
    """Print the people, a line each; changes nothing on the disk. Raises HistoryError."""
    everybody: tuple[Person, ...] = ()
    if find_history(default_path()) is not None:
        with HistoryStore(default_path()) as history:
            everybody = history.people.all()
    if not everybody:
        print("There is nobody yet. `repcount live --person NAME` and `analyze --keep --person NAME` name one")
    for person in everybody:
        parts = [f"{person.full} full {'rep' if person.full == 1 else 'reps'}"]
        parts.append(f"{person.sessions} {'session' if person.sessions == 1 else 'sessions'}")
        parts += [f"last on {person.last_day}"] if person.last_day else []
        parts += [f"target {person.target_deg:g}°"] if person.target_deg is not None else []
        print(f"{printable(person.name)}: {', '.join(parts)}")


def rename(old: str, new: str) -> None:
    """Give a person another name. Raises RepcountError."""
    with _open() as history:
        before = history.people.name(old)
        history.people.rename(old, new)
        print(f"{printable(before)} is called {printable(history.people.name(new))} now")


def merge(name: str, into: str, confirm: Callable[[str], bool]) -> None:
    """Make one person of two if `confirm`, called with a question, returns True. Raises RepcountError."""
    with _open() as history:
        one, other = (printable(history.people.name(each)) for each in (name, into))
        if confirm(f"Give all sessions of {one} to {other} and forget {one}?"):
            history.people.merge(name, into)
            print(f"All sessions of {one} are {other}'s now")


def assign(session: int, name: str | None) -> None:
    """Give a session to a person, or to nobody. Raises RepcountError."""
    with _open() as history:
        history.people.assign(session, name)
        whose = "nobody's" if name is None else f"{printable(history.people.name(name))}'s"
        print(f"Session {session} is {whose} now")


def _open() -> HistoryStore:
    """The history, to be changed. Raises HistoryError."""
    if find_history(default_path()) is None:
        raise HistoryError("there is no history yet; `repcount live` begins one")
    return HistoryStore(default_path(), _note)


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)

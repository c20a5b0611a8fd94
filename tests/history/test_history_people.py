"""The people in the history: named, renamed, merged, deleted, each with a target and a count of their own."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.histories import DAY, START, asked, filled, opened, rep, silent, update

from repcount.config import Config
from repcount.errors import HistoryError, SettingError
from repcount.history.database import Database
from repcount.history.file import waiting_path
from repcount.history.people import People, name_key, parse_name
from repcount.history.store import DeleteFilter


@pytest.fixture
def path(history: Path) -> Path:
    return history


def session_of(path: Path, person: str | None, *numbers: int, back: int = 0) -> int:
    """A session of somebody with reps of these numbers, so many days before the others."""
    with opened(path) as history:
        recorder = history.begin(START - timedelta(days=back), "0", "free", Config(), person)
        recorder.write(update(*map(rep, numbers)))
        recorder.end(60)
        return recorder.id


def names(path: Path) -> list[object]:
    return [row[0] for row in asked(path, "SELECT name FROM person ORDER BY key")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Anna", "Anna"),
        ("  Anna \t Lena ", "Anna Lena"),
        ("Zoe\u0308", "Zoë"),
        ("李小龙", "李小龙"),
        ("O'Brien; DROP TABLE person", "O'Brien; DROP TABLE person"),
        ("x" * 40, "x" * 40),
    ],
)
def test_a_name_is_kept_in_one_form(text: str, name: str) -> None:
    assert parse_name(text) == name
    assert parse_name(name) == name


@pytest.mark.parametrize("text", ["", "   ", "x" * 41, "a\x1b[31mb", "a\u202eb", "a\x00b"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="must have 1 to 40 printable characters"):
        parse_name(text)


@pytest.mark.parametrize(("one", "other"), [("Anna", "ANNA"), ("Straße", "STRASSE"), ("Ａnna", "anna"), ("Zoë", "ZOË")])
def test_spellings_of_a_name_are_one_person(one: str, other: str, path: Path) -> None:
    assert name_key(one) == name_key(other)
    session_of(path, one, 1)
    session_of(path, other, 1, 2)
    with opened(path) as history:
        (person,) = history.people.all()
        assert (person.name, person.sessions, person.full, person.last_day) == (one, 2, 3, DAY)
        assert {session.person for session in history.sessions()} == {one}


def test_without_a_name_nobody_is_added(path: Path) -> None:
    filled(path, rep(1))
    with opened(path) as history:
        assert history.people.all() == ()
        assert history.sessions()[0].person == ""


def test_somebody_without_a_rep_leaves_no_trace(path: Path) -> None:
    session_of(path, "Anna")
    assert (names(path), asked(path, "SELECT * FROM session")) == ([], [])


def test_everybody_has_a_day_and_a_best_set_of_their_own(path: Path) -> None:
    session_of(path, "Anna", *range(1, 6))
    session_of(path, "Bo", *range(1, 9), back=1)
    filled(path, rep(1), rep(2))
    with opened(path) as history:
        for person, others in (("anna", 5), ("Bo", 0), (None, 2), ("Cleo", 0)):
            recorder = history.begin(START + timedelta(hours=1), "0", "free", Config(), person)
            assert recorder.others_on(DAY) == others
        assert [history.days(person) for person in ("Anna", "Bo", None, "Nobody")] == [
            (DAY,),
            (DAY - timedelta(days=1),),
            (DAY,),
            (),
        ]
        best = [history.best_set(person) for person in ("Anna", "Bo", None)]
        assert [each.full for each in best if each] == [5, 8, 2]
        assert history.best_set("Anna", before=DAY) is None


def test_renaming(path: Path) -> None:
    session_of(path, "Ana", 1)
    session_of(path, "Bo", 1)
    with opened(path) as history:
        history.people.rename("ANA", "Anna")
        history.people.rename("anna", "ANNA")  # another spelling of the same
        assert [person.name for person in history.people.all()] == ["ANNA", "Bo"]
        with pytest.raises(HistoryError, match="there is a Bo already; to make one of the two: history merge"):
            history.people.rename("Anna", "bo")
        with pytest.raises(HistoryError, match="there is nobody called 'Cleo' in the history"):
            history.people.rename("Cleo", "Dora")
        assert [session.person for session in history.sessions()] == ["ANNA", "Bo"]


def test_merging_gives_all_sessions_to_one_who_keeps_the_target(path: Path) -> None:
    session_of(path, "Ana", 1, back=1)
    session_of(path, "Anna", 1, 2)
    with opened(path) as history:
        history.people.set_target("Anna", 60.0)
        history.people.set_target("Ana", 50.0)
        history.people.merge("Ana", "Anna")
        (person,) = history.people.all()
        assert (person.name, person.target_deg, person.sessions, person.full) == ("Anna", 60.0, 2, 3)
        with pytest.raises(HistoryError, match="one person already"):
            history.people.merge("anna", "ANNA")


def test_a_person_who_is_merged_or_deleted_while_counting(path: Path) -> None:
    with opened(path) as live, opened(path) as other:
        recorder = live.begin(START, "0", "free", Config(), "Ana")
        recorder.write(update(rep(1)))
        other.begin(START - timedelta(days=1), "0", "free", Config(), "Anna").write(update(rep(1)))
        other.people.merge("Ana", "Anna")
        recorder.write(update(rep(2)))
        assert [session.person for session in other.sessions()] == ["Anna", "Anna"]
        other.delete(DeleteFilter(person="anna"))
        assert names(path) == []
        recorder.write(update(rep(3)))
        (session,) = other.sessions()
        assert (session.person, [each.number for each in session.reps]) == ("Ana", [3])


def test_deleting_a_person_takes_the_name_and_the_sessions_off_the_disk(path: Path) -> None:
    session_of(path, "Kunigunde", 1, 2)
    kept = session_of(path, "Bo", 1)
    with opened(path) as history:
        history.people.set_target("Kunigunde", 55.0)
        history.delete(DeleteFilter(person="KUNIGUNDE"))
        assert [session.id for session in history.sessions()] == [kept]
    assert names(path) == ["Bo"]
    for file in path.parent.iterdir():
        assert b"unigunde" not in file.read_bytes()


def test_deleting_the_last_session_of_a_person_forgets_the_name_but_not_a_target(path: Path) -> None:
    session_of(path, "Anna", 1)
    session_of(path, "Bo", 1)
    with opened(path) as history:
        history.people.set_target("Bo", 60.0)
        history.delete(DeleteFilter(day=DAY))
        assert names(path) == ["Bo"]
        history.delete(DeleteFilter(everything=True))
    assert names(path) == []


def test_a_session_is_given_to_somebody_and_to_nobody(path: Path) -> None:
    number = session_of(path, None, 1)
    with opened(path) as history:
        history.people.assign(number, "Anna")
        assert history.sessions()[0].person == "Anna"
        history.people.assign(number, None)
        assert (history.sessions()[0].person, history.people.all()) == ("", ())
        with pytest.raises(HistoryError, match="there is no session 99"):
            history.people.assign(99, "Anna")
    assert names(path) == []


def test_a_target_is_kept_for_each(path: Path) -> None:
    with opened(path) as history:
        assert history.people.target_deg("Anna") is None
        history.people.set_target("Anna", 55.0)
        history.people.set_target("Bo", 70.0)
        history.people.set_target("Bo", None)
        assert [history.people.target_deg(name) for name in ("anna", "Bo")] == [55.0, None]


def test_a_session_that_waited_beside_the_history_keeps_its_person(path: Path) -> None:
    session_of(path, "Anna", 1, back=1)
    session_of(waiting_path(path), "ANNA", 1, 2)
    with opened(path) as history:
        (person,) = history.people.all()
        assert (person.name, person.sessions, person.full) == ("Anna", 2, 3)


def test_a_person_in_a_file_that_is_lost_is_written_again(path: Path) -> None:
    with opened(path) as history:
        history._notify = history._db._notify = lambda _: None
        recorder = history.begin(START, "0", "free", Config(), "Anna")
        recorder._notify = None
        recorder.write(update(rep(1)))
        path.unlink()
        recorder.write(update(rep(2)))
        assert [(session.person, len(session.reps)) for session in history.sessions()] == [("Anna", 2)]


def test_a_target_that_repcount_did_not_write_is_refused(path: Path) -> None:
    session_of(path, "Anna", 1)
    with closing(Database(path, silent)) as db:
        db.execute("UPDATE person SET target_deg = 'high'")
        with pytest.raises(HistoryError, match="holds what repcount did not write: target_deg is 'high'"):
            People(db).target_deg("Anna")

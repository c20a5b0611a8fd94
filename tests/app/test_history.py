"""Looking back: what is shown and exported, and that what was deleted is gone."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import fields
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.histories import DAY, START, ZONE, asked, damaged, filled, opened, rep, update
from support.programs import Cli

from repcount.app import history as app_history
from repcount.app import live as app_live
from repcount.config import Config
from repcount.errors import printable
from repcount.history import progress, table, totals
from repcount.history.store import DeleteFilter, HistoryStore
from repcount.history.totals import Session
from repcount.reports import history_html
from repcount.types import Flag, Rep, RepRemoved, TargetSet


@pytest.fixture
def path(history: Path) -> Path:
    return history


# --- delete -------------------------------------------------------------------------------------------------

MARK = "my-secret-plan"


def on_disk(path: Path) -> bool:
    """Whether the mark is in the bytes of any file of the folder."""
    return any(MARK.encode() in file.read_bytes() for file in path.parent.iterdir())


def days_done(path: Path) -> list[tuple[object, ...]]:
    return asked(path, "SELECT day, count(*) FROM rep GROUP BY day ORDER BY day")


def three_days(path: Path) -> None:
    for back in (2, 1, 0):
        started = START - timedelta(days=back)
        filled(path, rep(1), rep(2), started=started, plan=MARK if back == 1 else "free")


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        (["--day", "2026-11-21"], ["2026-11-20", "2026-11-22"]),
        (["--session", "2"], ["2026-11-20", "2026-11-22"]),
        (["--before", "2026-11-22"], ["2026-11-22"]),
        (["--all"], []),
    ],
)
def test_what_is_deleted_is_gone_from_the_disk(selection: list[str], left: list[str], path: Path, cli: Cli) -> None:
    three_days(path)
    assert on_disk(path)
    result = cli("history", "delete", *selection, "--yes")
    assert result.code == 0
    assert result.out.startswith("Deleted ")
    assert not on_disk(path)
    assert days_done(path) == [(day, 2) for day in left]
    assert len(asked(path, "SELECT * FROM session")) == len(left)


def test_it_is_gone_from_the_disk_also_while_another_session_counts(path: Path) -> None:
    three_days(path)
    with opened(path) as live, opened(path) as other:
        recorder = live.begin(START, "0", "free", Config())
        recorder.write(update(rep(1)))
        other.delete(DeleteFilter(day=DAY - timedelta(days=1)))
        assert not on_disk(path)
        recorder.write(update(rep(2)))
        assert live.full_reps_on(DAY) == 4


def test_a_session_that_is_deleted_while_it_counts_goes_on_with_its_next_rep(path: Path) -> None:
    with opened(path) as live, opened(path) as other:
        recorder = live.begin(START, "0", "free", Config())
        recorder.write(update(rep(1)))
        other.delete(DeleteFilter(everything=True))
        later = other.begin(START, "1", "free", Config())
        assert later.id != recorder.id
        recorder.write(update(rep(2)))
        later.write(update(rep(1), rep(2)))
        assert [[each.number for each in session.reps] for session in other.sessions()] == [[2], [1, 2]]


def test_of_a_session_over_midnight_one_day_can_be_deleted(path: Path, cli: Cli) -> None:
    filled(path, rep(1), rep(2), rep(3), started=START.replace(hour=23, minute=59, second=49))
    assert cli("history", "delete", "--day", "2026-11-22", "--yes").out == "Deleted 2 reps in 1 session\n"
    with opened(path) as history:
        assert [each.number for session in history.sessions() for each in session.reps] == [3]


def test_deleting_everything_takes_damaged_files_with_it(path: Path, cli: Cli) -> None:
    path.parent.mkdir()
    path.write_bytes(damaged(MARK))
    with HistoryStore(path, lambda _: None):
        assert on_disk(path)
    others = {
        f"history.damaged-{name}": content
        for name, content in {
            "2.sqlite3": b"Dear diary",
            "3.sqlite3": b"",
            "4.txt": damaged(),
            "old.sqlite3": damaged(),
            "5.sqlite3-wal": b"alone",
        }.items()
    }
    for name, content in others.items():
        (path.parent / name).write_bytes(content)
    result = cli("history", "delete", "--all", "--yes")
    assert (result.code, result.out) == (0, "Deleted 0 reps in 0 sessions and 1 damaged file\n")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir() if file != path} == others


@pytest.mark.parametrize(
    "selection", [["--all"], ["--session", "2"], ["--day", "2026-11-23"], ["--before", "2026-11-24"]]
)
def test_a_session_that_was_cut_off_before_its_first_rep_can_be_deleted(
    selection: list[str], path: Path, cli: Cli
) -> None:
    """Its time and its camera are on the disk."""
    filled(path, rep(1), started=START + timedelta(days=5))
    with opened(path) as history:
        history.begin(START + timedelta(days=1), MARK, "free", Config())
    assert on_disk(path)
    result = cli("history", "delete", *selection, "--yes")
    reps, sessions = ("1 rep", "2 sessions") if selection == ["--all"] else ("0 reps", "1 session")
    assert (result.code, result.out) == (0, f"Deleted {reps} in {sessions}\n")
    assert not on_disk(path)
    assert asked(path, "SELECT id FROM session") == ([] if selection == ["--all"] else [(1,)])


def test_what_was_not_asked_for_stays(path: Path, cli: Cli) -> None:
    """A session without reps of another day, and one over midnight that has reps left."""
    filled(path, rep(1), rep(2), started=START.replace(hour=23, minute=59, second=54))
    with opened(path) as history:
        history.begin(START + timedelta(days=5), "0", "free", Config())
    assert cli("history", "delete", "--day", f"{DAY}", "--yes").out == "Deleted 1 rep in 1 session\n"
    assert asked(path, "SELECT id FROM session") == [(1,), (2,)]


def test_deleting_makes_the_file_smaller(path: Path, cli: Cli) -> None:
    filled(path)
    empty = path.stat().st_size
    filled(path, *map(rep, range(1, 200)))
    assert path.stat().st_size > empty
    assert cli("history", "delete", "--all", "--yes").code == 0
    assert path.stat().st_size == empty


def test_deleting_asks_first(path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    three_days(path)
    for answer in ("n\n", ""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        result = cli("history", "delete", "--before", "2026-11-22")
        assert result.code == 1
        assert "Delete 4 reps in 2 sessions for good?" in result.out
    assert len(days_done(path)) == 3
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert cli("history", "delete", "--before", "2026-11-22").code == 0
    assert len(days_done(path)) == 1


def test_deleting_what_is_not_there_changes_nothing(path: Path, cli: Cli) -> None:
    assert cli("history", "delete", "--all", "--yes").code == 0
    assert not path.exists()
    three_days(path)
    result = cli("history", "delete", "--day", "2020-01-01")
    assert (result.code, result.out) == (0, "There is nothing of that in the history, so nothing was deleted\n")
    assert len(days_done(path)) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["delete", "--yes"],
        ["delete", "--yes", "--all", "--session", "1"],
        ["delete", "--yes", "--day", "yesterday"],
        ["--days", "0"],
        ["--days", "3", "export"],
    ],
)
def test_wrong_usage_does_nothing(arguments: list[str], path: Path, cli: Cli) -> None:
    """`history --days 3 export`: the days belong after `export`, or it would export all of them."""
    three_days(path)
    assert cli("history", *arguments).code == 2
    assert len(days_done(path)) == 3


# --- what is shown ------------------------------------------------------------------------------------------
def test_without_a_history_there_is_a_friendly_word_and_no_file(path: Path, cli: Cli) -> None:
    result = cli("history")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"There are no sessions yet. `repcount live` keeps them in {path}\n"
    result = cli("history", "--json", "-")
    assert json.loads(result.out) == {"schema": "repcount-history/1", "day_limit": 100, "days": [], "sessions": []}
    assert cli("history", "--csv", "-").out == ",".join(totals.DAY_COLUMNS) + "\r\n"
    assert cli("history", "export").out.startswith("source,number,set,start_s,")
    assert not path.exists()


def test_a_history_of_long_ago_says_when_it_was(path: Path, cli: Cli) -> None:
    filled(path, rep(1), started=datetime(2020, 2, 29, 12, tzinfo=ZONE))
    assert cli("history").out == "There is nothing in the last 14 days; the newest session is of 2020-02-29\n"


def test_the_newest_day_is_listed_with_its_sessions_and_the_others_if_asked(path: Path, cli: Cli) -> None:
    now = datetime.now().astimezone().replace(hour=12)
    for back in (3, 1, 1):
        filled(path, *(rep(number) for number in range(1, 6)), started=now - timedelta(days=back))
    for options, listed in (((), ["2", "3"]), (("--sessions",), ["1", "2", "3"])):
        _, *lines = next(
            each for each in tables(cli("history", *options).out.splitlines()) if each[0].startswith("session")
        )
        assert [line.split()[0] for line in lines] == listed


def test_days_off_at_the_beginning_count_for_those_who_began_before(path: Path, cli: Cli) -> None:
    now = datetime.now().astimezone().replace(hour=12)
    filled(path, rep(1), started=now - timedelta(days=2))
    assert "1 full rep on 1 of 3 days" in cli("history").out
    filled(path, rep(1), started=now - timedelta(days=20))
    assert "1 full rep on 1 of 14 days" in cli("history").out


def test_csv_and_json_hold_the_days_and_the_sessions(path: Path, cli: Cli, tmp_path: Path) -> None:
    now = datetime.now().astimezone().replace(hour=12, microsecond=0)
    filled(path, rep(1), rep(2, full=False), started=now - timedelta(days=2))
    filled(path, rep(1), started=now - timedelta(days=20))
    result = cli("history", "--csv", "-", "--json", tmp_path / "days.json", "--limit", "60")
    assert "1 full rep on 1 of 14 days" in result.err
    (day,) = csv.DictReader(io.StringIO(result.out, newline=""))
    assert (day["day"], day["full"], day["partial"], day["full_share"], day["raise_s"]) == (
        (now - timedelta(days=2)).date().isoformat(),
        "1",
        "1",
        "0.5",
        "2.0",
    )
    document = json.loads((tmp_path / "days.json").read_text(encoding="utf-8"))
    assert document["day_limit"] == 60
    assert [session["id"] for session in document["sessions"]] == [1]
    result = cli("history", "--days", "30", "--sessions", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(result.out, newline="")))
    assert [(row["id"], row["plan"], row["full"]) for row in rows] == [("2", "3x30", "1"), ("1", "3x30", "1")]


def test_export_is_the_rep_csv_of_analyze(path: Path, cli: Cli, tmp_path: Path) -> None:
    """One reader for both: times from the start, the pauses reckoned, reps taken off by hand left out."""
    with opened(path) as history:
        recorder = history.begin(START, "0", "free", Config())
        recorder.write(update(rep(1), rep(2), rep(3, full=False, flags=(Flag.SHORT_TOP, Flag.FAST_LOWER))))
        recorder.write(update(RepRemoved(16.0, 2)))
    assert cli("history", "export", "--csv", tmp_path / "reps.csv").code == 0
    text = (tmp_path / "reps.csv").read_bytes().decode()
    assert text == cli("history", "export").out
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == ["source", *(field.name for field in fields(Rep)), "reach"]
    assert [(row["source"], row["number"], row["pause_s"], row["full"], row["flags"]) for row in rows] == [
        ("2026-11-22T07:30:05+01:00", "1", "5.6", "true", ""),
        ("2026-11-22T07:30:05+01:00", "3", "", "false", "short_top;fast_lower"),
    ]


def test_export_of_some_days_leaves_out_the_reps_before(path: Path, tmp_path: Path) -> None:
    filled(path, rep(1), rep(2), rep(3), started=START.replace(hour=23, minute=59, second=49))
    filled(path, rep(1), started=START - timedelta(days=3))
    app_history.export(app_history.ExportQuery(first=DAY + timedelta(days=1), csv=tmp_path / "reps.csv"))
    with (tmp_path / "reps.csv").open(encoding="utf-8", newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == ["3"]


def exported(path: Path, cli: Cli, folder: Path) -> dict[str, bytes]:
    assert cli(
        "history", "export", "--csv", folder / "reps.csv", "--sets", folder / "sets.csv", "--fit", folder / "fit"
    ).code == 0  # fmt: skip
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_is_exported_twice_is_the_same_to_the_byte(path: Path, cli: Cli, tmp_path: Path) -> None:
    three_days(path)
    session_of(path, "Zoë Ö/../x", rep(1), rep(2, set=2, start_s=40.0, end_s=45.0))
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    one, other = (exported(path, cli, folder) for folder in folders)
    assert one == other
    assert sorted(one) == [
        "fit/2026-11-20-0730-1.fit",
        "fit/2026-11-21-0730-2.fit",
        "fit/2026-11-22-0730-3.fit",
        "fit/2026-11-22-0730-4-Zoë_Ö_.._x.fit",
        "reps.csv",
        "sets.csv",
    ]
    sets = list(csv.DictReader(io.StringIO(one["sets.csv"].decode(), newline="")))
    assert [(row["session"], row["person"], row["set"], row["full"], row["rest_s"]) for row in sets[-2:]] == [
        ("4", "Zoë Ö/../x", "1", "1", "35.0"),
        ("4", "Zoë Ö/../x", "2", "1", ""),
    ]


def test_export_of_one_person_and_of_some_days(path: Path, cli: Cli, tmp_path: Path) -> None:
    session_of(path, "Anna", rep(1), started=datetime.now().astimezone())
    session_of(path, "Anna", rep(1), started=datetime.now().astimezone() - timedelta(days=9))
    session_of(path, "Bo", rep(1), started=datetime.now().astimezone())
    done = cli("history", "export", "--person", "ANNA", "--days", "3", "--fit", tmp_path / "fit")
    assert (done.code, done.out) == (0, "")
    (file,) = (tmp_path / "fit").iterdir()
    assert file.name.endswith("-1-Anna.fit")
    assert cli("history", "export", "--person", "anna").out.count("\n") == 3
    assert "nobody called 'Cleo'" in cli("history", "export", "--person", "Cleo").err


def test_a_session_that_no_fit_file_can_hold_costs_no_other(path: Path, cli: Cli, tmp_path: Path) -> None:
    filled(path, rep(1), started=datetime(1970, 1, 2, tzinfo=ZONE))
    filled(path, rep(1))
    done = cli("history", "export", "--fit", tmp_path / "fit")
    assert (done.code, done.err) == (1, "repcount: session 1 cannot be a FIT file: its clock says 1970\n")
    assert [file.name for file in (tmp_path / "fit").iterdir()] == ["2026-11-22-0730-2.fit"]


# --- people ---------------------------------------------------------------------------------------------------


def session_of(path: Path, person: str | None, *reps: Rep, started: datetime = START) -> int:
    with opened(path) as history:
        recorder = history.begin(started, "0", "3x30", Config(), person)
        recorder.write(update(*reps))
        recorder.end(60)
        return recorder.id


def test_several_people_have_a_line_each_and_one_has_all(path: Path, cli: Cli) -> None:
    now = datetime.now().astimezone()
    session_of(path, "Anna", rep(1), rep(2), started=now)
    session_of(path, "[red]Bo", rep(1), started=now)
    filled(path, rep(1), rep(2), rep(3), started=now)
    lines = cli("history").out.splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [["(no", "name)"], ["[red]Bo", "1"], ["Anna", "2"]]
    assert "`repcount history --person NAME` shows one of them." in lines
    shown = cli("history", "--person", "anna").out
    assert shown.startswith("2 full reps this week on 1 day.\n")
    assert "today 2 of 100" in shown
    document = json.loads(cli("history", "--json", "-").out)
    assert [(day["person"], day["full"]) for day in document["days"]] == [("", 3), ("Anna", 2), ("[red]Bo", 1)]
    assert [session["person"] for session in document["sessions"]] == ["Anna", "[red]Bo", ""]


def test_one_person_alone_is_shown_without_being_asked_for(path: Path, cli: Cli) -> None:
    session_of(path, "Anna", rep(1), started=datetime.now().astimezone())
    assert cli("history").out.startswith("1 full rep this week on 1 day.\n")


def test_a_target_of_ones_own_is_told(path: Path, cli: Cli, tmp_path: Path) -> None:
    with opened(path) as history:
        recorder = history.begin(datetime.now().astimezone(), "0", "3x30", Config(full_deg=55), "Anna")
        recorder.write(update(rep(1)))
        recorder.write(update(TargetSet(6.0, 50.0, ())))
        assert history.people.target_deg("Anna") == 50
    page = tmp_path / "page.html"
    assert "The target is 50°, not upright.\n" in cli("history", "--report", page).out
    assert "The target is 50°, not upright." in page.read_text(encoding="utf-8")
    assert cli("history", "people").out.endswith(", target 50°\n")


def test_a_session_begins_with_what_the_same_person_did_before(path: Path) -> None:
    session_of(path, "Anna", rep(1), rep(2))
    session_of(path, "Bo", rep(1), rep(2), rep(3))
    filled(path, rep(1))
    found = [app_live._before(SimpleNamespace(person=name)).get("best_full") for name in ("ANNA", "Bo", None, "Cleo")]  # type: ignore[arg-type]
    assert found == [2, 3, 1, None]


def test_two_people_side_by_side(path: Path, cli: Cli) -> None:
    now = datetime.now().astimezone()
    session_of(path, "Anna", *map(rep, range(1, 6)), started=now)
    session_of(path, "[red]Bo", rep(1, raise_s=1.0), rep(2, full=False), started=now)
    lines = cli("history", "--compare", "anna", "[red]bo").out.splitlines()
    rows = {line[:16].strip(): line[16:].split() for line in lines[1:]}
    assert lines[0].split() == ["Anna", "[red]Bo"]
    assert (rows["full reps"], rows["partial reps"], rows["best set"]) == (["5", "1"], ["0", "1"], ["5", "1"])
    assert (rows["raise"], rows["full of all"]) == (["2.0", "s", "1.0", "s"], ["100", "%", "50", "%"])
    assert "nobody called 'Cleo'" in cli("history", "--compare", "anna", "Cleo").err
    for wrong in (["--compare", "anna", "ANNA"], ["--compare", "anna", "bo", "--person", "anna"]):
        assert cli("history", *wrong).code == 2


def test_reports_of_several_people_go_into_a_folder(path: Path, cli: Cli, tmp_path: Path) -> None:
    for name in ("Anna", "../Bo", "Bo"):
        session_of(path, name, rep(1), started=datetime.now().astimezone())
    done = cli("history", "--report", tmp_path / "all.html")
    assert (done.code, done.out) == (1, "")
    assert "would hold the reports of several people (../Bo, Anna, Bo): name one with --person" in done.err
    folder = tmp_path / "reports"
    folder.mkdir()
    assert cli("history", "--report", folder).code == 0
    assert sorted(file.name for file in folder.iterdir()) == ["Anna.html", "Bo-2.html", "Bo.html"]
    assert "Leg raises of Anna, " in (folder / "Anna.html").read_text(encoding="utf-8")
    assert cli("history", "--person", "anna", "--report", tmp_path / "all.html").code == 0


def test_people_are_listed_renamed_merged_assigned_and_deleted(path: Path, cli: Cli) -> None:
    assert cli("history", "people").out.startswith("There is nobody yet")
    assert not path.exists()
    assert (
        cli("history", "rename", "Anna", "Bo").err == "repcount: there is no history yet; `repcount live` begins one\n"
    )
    session_of(path, "Ana", rep(1), rep(2))
    session_of(path, "Bo", rep(1), started=START + timedelta(days=1))
    assert cli("history", "people").out == (
        "Ana: 2 full reps, 1 session, last on 2026-11-22\nBo: 1 full rep, 1 session, last on 2026-11-23\n"
    )
    assert cli("history", "rename", "ana", "Anna").out == "Ana is called Anna now\n"
    assert cli("history", "rename", "Anna", "").code == 2
    assert cli("history", "assign", "2", "Cleo").out == "Session 2 is Cleo's now\n"
    assert cli("history", "assign", "2").out == "Session 2 is nobody's now\n"
    assert cli("history", "assign", "2", "Cleo").code == 0
    assert cli("history", "merge", "Cleo", "anna", "--yes").out == "All sessions of Cleo are Anna's now\n"
    assert cli("history", "people").out == "Anna: 3 full reps, 2 sessions, last on 2026-11-23\n"
    assert cli("history", "delete", "--person", "Dora", "--yes").code == 1
    assert cli("history", "delete", "--person", "anna", "--yes").out == "Deleted 3 reps in 2 sessions of Anna\n"
    assert cli("history", "people").out.startswith("There is nobody yet")


def test_merging_and_deleting_people_asks_first(path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Anna", "Bo"):
        session_of(path, name, rep(1))
    for command in (["merge", "Anna", "Bo"], ["delete", "--person", "Anna"]):
        monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
        assert cli("history", *command).code == 1
    assert len(asked(path, "SELECT * FROM person")) == 2


# --- what is shown on the screen ------------------------------------------------------------------------------


class Screen(io.StringIO):
    """A terminal; how wide it is says $COLUMNS."""

    def isatty(self) -> bool:
        return True


def view_of(sessions: list[Session]) -> table.View:
    return table.View(["How it goes."], (), totals.by_day(sessions), sessions, ())


def shown(file: io.StringIO) -> list[str]:
    """A week with 50, 100, 150 and 3 full reps and five days off, against a limit of 100."""
    sessions = [
        Session(
            number, START + timedelta(days=number), None, "0", "3x30", Config(), tuple(map(rep, range(1, count + 1)))
        )
        for number, count in {1: 50, 2: 100, 3: 150, 9: 3}.items()
    ]
    today = DAY + timedelta(days=9)
    view = table.View(
        ["How it goes."],
        progress.weeks(sessions, DAY + timedelta(days=1), today),
        totals.with_gaps(totals.by_day(sessions), DAY + timedelta(days=1), today),
        sessions[-1:],
        [(each, progress.last_time(sessions, each)) for each in progress.sets_of(sessions[-1])],
    )
    table.print_view(view, file, today=today, limit=100)
    return [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in file.getvalue().splitlines()]


def tables(lines: list[str]) -> list[list[str]]:
    """What is between two empty lines: findings, weeks, days, sessions, sets, totals."""
    return [block.splitlines() for block in "\n".join(lines).split("\n\n")]


def eighths(bar: str) -> int:
    return sum(8 if letter == "█" else " ▏▎▍▌▋▊▉".index(letter) for letter in bar)


def test_the_bars_stand_against_the_limit() -> None:
    heading, *lines = tables(shown(io.StringIO()))[2]
    assert [line[:10] for line in lines] == ["Mon 23 Nov", "Tue 24 Nov", "Wed 25 Nov", "5 days off", "Tue 01 Dec"]
    (limit,) = {line.index("|") for line in lines}
    assert heading.index("100") + len("100") == limit + 1
    under = [eighths(line[16:limit]) for line in lines]
    over = [eighths(line[limit + 1 :].split(" ")[0]) for line in lines]
    whole = 8 * (limit - heading.index("full") - len("full  "))
    assert under == [round(share * whole) for share in (0.5, 1, 1, 0, 0.03)]
    assert over[2] == pytest.approx(whole / 2, abs=8)
    assert over[:2] + over[3:] == [0, 0, 0, 0]


def test_the_last_line_says_where_today_stands() -> None:
    assert shown(io.StringIO())[-1] == "today 3 of 100, 303 full reps on 4 of 9 days, more than 100 on 1 of them"


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_the_tables_fit_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    lines = shown(Screen())
    assert max(map(len, lines)) <= columns
    assert not any("…" in line for line in lines)
    assert len(tables(lines)) == 6
    heading = " ".join(tables(lines)[2][0].split())
    everything = "full 100 partial fast full % raise/lower s top ° sets sessions"
    assert everything.startswith(heading)
    assert heading == everything or columns < 120
    assert "raise/lower" in heading or columns < 80


@pytest.mark.parametrize(
    "plan", ["[/nonsense]", "[red]3x30[/red]", "[link=x]", "\x1b]0;title\a", "a\nb", "\\[", "\u202e03x3"]
)
def test_a_plan_is_shown_as_it_is_and_obeyed_by_nobody(plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    file = Screen()
    sessions = [Session(1, START, None, "0", plan, Config(), (rep(1),))]
    table.print_view(view_of(sessions), file, today=DAY, limit=100)
    plain = re.sub(r"\x1b\[[\d;]*m", "", file.getvalue())
    assert printable(plan) in plain
    assert printable(plain.replace("\n", "")) == plain.replace("\n", "")


def test_a_terminal_without_blocks_gets_bars_of_its_own_letters() -> None:
    content = io.BytesIO()
    file = io.TextIOWrapper(content, encoding="ascii", errors="backslashreplace")
    sessions = [Session(1, START, None, "0", "free", Config(), tuple(map(rep, range(1, 101))))]
    table.print_view(view_of(sessions), file, today=DAY, limit=100)
    file.flush()
    assert b" ####" in content.getvalue()
    assert b"\\u2588" not in content.getvalue()


def test_looking_back_loads_nothing_that_looks_at_pictures(path: Path) -> None:
    filled(path, rep(1))
    code = (
        "import sys; from repcount.cli import main\n"
        "sys.argv = ['repcount', 'history', '--days', '36500']\n"
        "try: main()\nexcept SystemExit as ended: assert ended.code == 0\n"
        "print('LOADED', sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    shown, _, loaded = done.stdout.partition("LOADED ")
    assert "1 full rep on 1 of" in shown
    assert [name for name in ("cv2", "mediapipe", "numpy") if f"'{name}'" in loaded] == []


def test_the_history_as_a_page(path: Path, cli: Cli, tmp_path: Path) -> None:
    three_days(path)
    page = tmp_path / "history.html"
    done = cli("history", "--days", "36500", "--report", page)
    assert done.code == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "2026" in text


NOTHING = progress.progress((), (), None, None, DAY)
"""The progress of nobody, for pages about something else."""


@pytest.mark.parametrize(("asked_for", "drawn"), [(1, 1), (14, 14), (28, 28), (60, 50), (36500, 50)])
def test_the_page_draws_the_days_that_were_asked_for_and_no_others(asked_for: int, drawn: int) -> None:
    """Of the days before, no reps were read: they would look like days off."""
    today = DAY + timedelta(days=49)
    sessions = [Session(i, START + timedelta(days=i), None, "0", "free", Config(), (rep(1),)) for i in range(50)]
    first = max(today - timedelta(days=asked_for - 1), date.min)
    read = [session for session in sessions if session.started.date() >= first]
    page = history_html.render_history_report(read, NOTHING, first=first, today=today, limit=100)
    chart = re.findall(r'<svg[^>]*class="[^"]*broad.*?</svg>', page, re.DOTALL)[1]
    assert chart.count("1 full") == drawn
    places = [float(x) for x in re.findall(r'<rect class="bar full" x="([\d.]+)"', chart)]
    assert min(places) < 40 + 1000 / drawn, "the first of the days is at the left"


def test_few_days_on_record_are_drawn_within_four_weeks() -> None:
    sessions = [Session(1, START, None, "0", "free", Config(), (rep(1),))]
    page = history_html.render_history_report(sessions, NOTHING, first=DAY - timedelta(days=89), today=DAY, limit=100)
    places = [float(x) for x in re.findall(r'<rect class="bar full" x="([\d.]+)"', page)]
    assert max(places) > 900

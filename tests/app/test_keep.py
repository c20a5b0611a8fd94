"""Recorded videos in the history, with the real model, and the day of each from its own container."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from support.histories import asked, opened
from support.programs import Cli, Ffmpeg, Result, run_process

from repcount import Config
from repcount.analysis import Analysis, Source
from repcount.app.console import ConsoleReporter
from repcount.app.keep import KeepOptions, VideoKeeper
from repcount.app.workers import LocalExecutor
from repcount.errors import VideoError
from repcount.types import Rep
from repcount.video.creation import creation_time

IPHONE = {"com.apple.quicktime.creationdate": "2026-11-22T23:30:00+0900", "creation_time": "2026-11-22T14:30:05Z"}


@pytest.fixture
def path(history: Path) -> Path:
    return history


@pytest.fixture(scope="module")
def tagged(ffmpeg: Ffmpeg, clips: Path) -> Callable[..., Path]:
    """Makes a video that says when it was recorded."""

    def make(name: str, source: Path | None = None, **tags: str) -> Path:
        given = ["-i", source] if source else ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=0.5"]
        marks = [part for key, text in tags.items() for part in ("-metadata", f"{key}={text}")]
        copy = ["-c", "copy"] if source else ["-pix_fmt", "yuv420p"]
        flags = ["-movflags", "use_metadata_tags"] if "com.apple.quicktime.creationdate" in tags else []
        return ffmpeg(*given, *copy, *marks, *flags, clips / name)

    return make


@pytest.mark.parametrize(
    ("name", "tags", "when"),
    [
        ("a.mp4", {"creation_time": "2026-11-22T06:30:00Z"}, datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
        ("a.mov", IPHONE, datetime(2026, 11, 22, 23, 30, tzinfo=timezone(timedelta(hours=9)))),
        ("a.mkv", {"creation_time": "2026-11-22T06:30:00Z"}, datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
        ("b.mp4", {}, None),
        ("c.mp4", {"creation_time": "1904-01-01T00:00:00Z"}, None),
        ("d.mp4", {"creation_time": "1970-01-01T00:00:00Z"}, None),
        ("e.mkv", {"date": "2026"}, None),
        ("f.mkv", {"date": "2026-11-22"}, None),
        ("a.avi", {"date": "2026-11-22 06:30:00"}, datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_video_says_when_it_was_recorded(
    name: str, tags: dict[str, str], when: datetime | None, tagged: Callable[..., Path]
) -> None:
    found = creation_time(tagged(name, **tags))
    assert found == when
    assert found is None or (when is not None and found.utcoffset() == when.utcoffset())


def test_what_is_no_video_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("Dear diary", encoding="utf-8")
    with pytest.raises(VideoError, match=r"x\.mp4 cannot be opened"):
        creation_time(tmp_path / "x.mp4")


def keep(*arguments: str | Path) -> Result:
    return run_process("analyze", "--keep", *arguments)


@pytest.mark.slow
def test_a_video_is_kept_once_with_its_own_date_and_its_person(
    path: Path, piece: Path, tagged: Callable[..., Path], tmp_path: Path
) -> None:
    video = tagged("dated.mp4", piece, creation_time="2025-03-01T09:00:00Z")
    done = keep(video, "--person", "Anna")
    assert done.code == 0, done.err
    assert f"note: {video} is session 1 in the history, on 2025-03-01\n" in done.err
    other = tmp_path / "another name.mp4"
    other.write_bytes(video.read_bytes())
    again = keep(other)
    assert again.code == 0
    assert f"note: {other} is in the history already, as session 1 of Anna on 2025-03-01\n" in again.err
    with opened(path) as history:
        (session,) = history.sessions()
    assert (session.person, session.source, session.plan) == ("Anna", "dated.mp4", "")
    assert session.started == datetime(2025, 3, 1, 9, tzinfo=UTC)
    assert [rep.full for rep in session.reps] == [True, True]
    assert session.length_s == pytest.approx(4, abs=0.2)
    assert asked(path, "SELECT DISTINCT day FROM rep") == [("2025-03-01",)]


@pytest.mark.slow
def test_a_video_without_a_date_is_refused_in_a_line_before_it_is_counted(path: Path, piece: Path) -> None:
    done = keep(piece)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"repcount: {piece} does not say when it was recorded: give the day, such as --date 2026-11-22\n"
    )
    assert not path.exists()
    done = keep(piece, "--date", "2024-02-29")
    assert done.code == 0, done.err
    with opened(path) as history:
        (session,) = history.sessions()
    assert session.started.replace(tzinfo=None) == datetime(2024, 2, 29, 12)
    assert session.person == ""


@pytest.mark.slow
def test_a_video_without_reps_leaves_no_trace(path: Path, empty_room: Path) -> None:
    done = keep(empty_room, "--date", "2024-02-29", "--person", "Anna")
    assert f"note: {empty_room} has no reps, so it is not in the history\n" in done.err
    assert asked(path, "SELECT * FROM session") == []
    assert asked(path, "SELECT * FROM person") == []


@pytest.mark.slow
def test_a_target_is_kept_for_a_person_and_used_the_next_time(path: Path, piece: Path) -> None:
    assert keep(piece, "--date", "2024-02-29", "--person", "Anna", "--set", "full_deg=85").code == 0
    with opened(path) as history:
        assert history.people.target_deg("Anna") == 85
        assert history.sessions()[0].settings.full_deg == 85
    again = keep(piece, "--date", "2024-02-29", "--person", "anna")
    assert "note: the target of anna is 85°\n" in again.err
    assert "is in the history already" in again.err


@pytest.mark.slow
def test_a_history_that_is_none_is_told_before_anything_is_counted(path: Path, piece: Path) -> None:
    path.parent.mkdir()
    path.write_text("Dear diary", encoding="utf-8")
    done = keep(piece, "--date", "2024-02-29")
    assert (done.code, done.out) == (1, "")
    assert "another kind of file, not a history of repcount" in done.err
    assert path.read_text(encoding="utf-8") == "Dear diary"


@pytest.mark.parametrize("arguments", [["--person", "Anna"], ["--date", "2026-11-22"], ["--keep", "--date", "soon"]])
def test_wrong_usage(arguments: list[str], cli: Cli, tmp_path: Path) -> None:
    assert cli("analyze", tmp_path / "x.mp4", *arguments).code == 2


ONE = Rep(1, 1, 1.0, 2.5, 4.0, 1.4, 0.2, 1.4, None, 88.0, 0.0, 170.0, True, (), 0.95)


def test_of_one_video_each_person_is_kept_once(path: Path, tmp_path: Path) -> None:
    """`--subject` says that there are several; without it a video is one person's."""
    video = tmp_path / "class.mp4"

    def keep_as(person: str | None, subject: str | None) -> str:
        notes = io.StringIO()
        reporter = ConsoleReporter(io.StringIO(), notes)
        keeper = VideoKeeper(KeepOptions(person, datetime(2026, 11, 2, 12, tzinfo=UTC)), reporter)
        with LocalExecutor() as local:
            keeper.read_times([video], local)
        source = Source(str(video), 5.0, subject=subject)
        keeper.keep([Analysis(source, Config(), (ONE,), (), None, 1.0, (), video_sha256="a" * 64)])
        return notes.getvalue().removeprefix(f"note: {video} is ")

    assert keep_as("Anna", "1").startswith("session 1 in the history")
    assert keep_as("Bo", "0.7,0.6").startswith("session 2 in the history")
    assert keep_as("anna", "2").startswith("in the history already, as session 1 of Anna")
    assert keep_as("Bo", "2").startswith("in the history already, as session 2 of Bo")
    assert keep_as(None, "3").startswith("session 3 in the history")
    assert keep_as("Cem", None).startswith("in the history already, as session 1 of Anna")

"""Files and folders that are named, and the videos that they stand for."""

from __future__ import annotations

import csv
import json
import os
import shutil
from math import inf
from pathlib import Path

import pytest
from support.programs import SAMPLES, Cli

from repcount import __version__
from repcount.app.inputs import Inputs, find_videos, natural
from repcount.cli.options import parse_span, parse_subject
from repcount.errors import SettingError
from repcount.types import Span, Subject


def touched(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_folder_stands_for_its_videos_in_natural_order(tmp_path: Path) -> None:
    names = ["clip 10.mp4", "clip 2.MOV", "Clip 1.mkv", "notes.txt", "reps.csv", "inner/z.mp4", "inner/deeper/y.webm"]
    touched(*(tmp_path / name for name in names))
    flat = [path.name for path in find_videos([tmp_path]).videos]
    assert flat == ["Clip 1.mkv", "clip 2.MOV", "clip 10.mp4"]
    deep = find_videos([tmp_path], recursive=True)
    assert [path.relative_to(tmp_path).as_posix() for path in deep.videos] == [
        *("Clip 1.mkv", "clip 2.MOV", "clip 10.mp4", "inner/z.mp4", "inner/deeper/y.webm")
    ]
    assert (deep.hidden, deep.errors) == ([], [])


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["b10", "b9", "a"], ["a", "b9", "b10"]),
        (["10", "9", "a"], ["9", "10", "a"]),
        (["a1b", "a1", "a01"], ["a1", "a01", "a1b"]),
        (["\u00b2x", "1x"], ["1x", "\u00b2x"]),
    ],
)
def test_natural_order(names: list[str], ordered: list[str]) -> None:
    assert sorted(names, key=natural) == ordered


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    touched(tmp_path / "a.mp4", tmp_path / "._a.mp4", tmp_path / ".cache" / "b.mp4", tmp_path / ".notes")
    found = find_videos([tmp_path], recursive=True)
    assert (found.videos, found.hidden) == ([tmp_path / "a.mp4"], [tmp_path / "._a.mp4"])
    named = find_videos([tmp_path / "._a.mp4"])
    assert (named.videos, named.hidden) == ([tmp_path / "._a.mp4"], [])


def test_a_video_is_taken_once_however_often_a_folder_holds_it(tmp_path: Path) -> None:
    touched(tmp_path / "a.mp4", tmp_path / "b.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "a.mp4")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    found = find_videos([tmp_path / "b.mp4", tmp_path], recursive=True)
    assert found.videos == [tmp_path / "b.mp4", tmp_path / "a.mp4"]


def test_a_pipe_in_a_folder_is_no_video(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    assert find_videos([tmp_path]).videos == []


def test_a_folder_without_a_video_is_an_error_that_says_where_there_may_be_some(tmp_path: Path) -> None:
    assert [str(error) for _, error in find_videos([tmp_path]).errors] == [
        f"there is no video in the folder {tmp_path}"
    ]
    touched(tmp_path / "inner" / "a.mp4")
    assert "--recursive" in str(find_videos([tmp_path]).errors[0][1])
    assert find_videos([tmp_path], recursive=True).errors == []


def test_outputs_are_called_as_the_videos_are() -> None:
    videos = [Path("in/a.mp4"), Path("in/x/a.mp4"), Path("in/b.mov"), Path("in/b.mp4"), Path("other/c.mp4")]
    inputs = Inputs(videos, relative={video: video.relative_to("in") for video in videos[:4]})
    assert [str(name) for name in inputs.output_names(".csv")] == [
        *("a.csv", "x/a.csv", "b.mov.csv", "b.mp4.csv", "c.csv")
    ]


@pytest.fixture
def trainer(piece: Path, tmp_path: Path) -> Path:
    """A folder of two people, with one file that is no video."""
    folder = tmp_path / "clips"
    for name in ("lena/1.mp4", "lena/2.mp4", "omar/[final].mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(piece, folder / name)
    touched(folder / "omar" / ".hidden.mp4")
    (folder / "omar" / "broken.mp4").write_bytes(b"no video")
    return folder


@pytest.mark.slow
def test_a_folder_is_counted_to_a_line_each_and_tidy_tables(cli: Cli, trainer: Path, tmp_path: Path) -> None:
    table, signals = tmp_path / "clips.csv", tmp_path / "signals"
    done = cli(
        "analyze", trainer, "--recursive", "--clips", table, "--signal", signals, "--landmarks", tmp_path / "marks"
    )
    assert done.code == 1
    lines = done.out.splitlines()
    assert [line.partition("  ")[0] for line in lines[:-1]] == [
        str(trainer / name) for name in ("lena/1.mp4", "lena/2.mp4", "omar/[final].mp4")
    ]
    assert lines[-1] == "4 videos, 3 counted: 6 full reps, 6 fast"
    assert ".hidden.mp4" in done.err
    assert sorted(str(path.relative_to(signals)) for path in signals.rglob("*.csv")) == [
        *("lena/1.csv", "lena/2.csv", "omar/[final].csv")
    ]
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(Path(row["source"]).name, row["status"], row["full"]) for row in rows] == [
        *(("1.mp4", "counted", "2"), ("2.mp4", "counted", "2"), ("[final].mp4", "counted", "2")),
        ("broken.mp4", "failed", ""),
    ]
    assert "cannot be read as a video" in rows[3]["error"]
    assert {row["version"] for row in rows} == {__version__}
    assert len({row["settings_sha256"] for row in rows}) == 1
    with (tmp_path / "marks" / "lena" / "1.csv").open(newline="", encoding="utf-8") as file:
        marks = list(csv.DictReader(file))
    assert len(marks) == 33 * int(rows[0]["analysed"])
    assert {mark["source"] for mark in marks} == {str(trainer / "lena" / "1.mp4")}


def test_videos_without_a_result_are_in_the_table_alone(cli: Cli, tmp_path: Path) -> None:
    touched(tmp_path / "in" / "a.mp4", tmp_path / "in" / "b.mp4")
    wanted = [tmp_path / name for name in ("clips.csv", "reps.csv", "reps.json")]
    done = cli("analyze", tmp_path / "in", "--clips", wanted[0], "--csv", wanted[1], "--json", wanted[2])
    assert (done.code, done.out) == (1, "")
    assert [path.exists() for path in wanted] == [True, False, False]
    assert wanted[0].read_text(encoding="utf-8").count("failed") == 2


@pytest.mark.slow
def test_a_report_of_each_video_in_a_folder(cli: Cli, trainer: Path, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    assert cli("analyze", trainer / "lena", "--report", reports, "--no-pictures").code == 0
    pages = sorted(reports.iterdir())
    assert [page.name for page in pages] == ["1.html", "2.html"]
    assert "1.mp4" in pages[0].read_text(encoding="utf-8")
    assert "2.mp4" not in pages[0].read_text(encoding="utf-8")


@pytest.mark.slow
def test_many_signals_are_counted_again(cli: Cli, trainer: Path, tmp_path: Path) -> None:
    signals = tmp_path / "signals"
    cli("analyze", trainer / "lena", "--signal", signals)
    bad = tmp_path / "bad.csv"
    bad.write_text("time_s,angle\n", encoding="utf-8")
    done = cli("recount", *sorted(signals.iterdir()), bad, "--json", "-", "--clips", tmp_path / "clips.csv")
    assert done.code == 1
    assert [document["summary"]["full"] for document in json.loads(done.out)] == [2, 2]
    assert (tmp_path / "clips.csv").read_text(encoding="utf-8").count("counted,,2") == 2
    assert "bad.csv, line 1" in done.err
    assert "3 videos, 2 counted: 4 full reps" in done.err


@pytest.mark.slow
def test_landmarks_as_parquet(cli: Cli, piece: Path, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    for ending in (".csv", ".parquet"):
        assert cli("analyze", piece, "--landmarks", tmp_path / f"marks{ending}").code == 0
    table = pq.read_table(tmp_path / "marks.parquet").to_pylist()
    with (tmp_path / "marks.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(table) == len(rows)
    assert list(table[0]) == list(rows[0])
    for found, row in zip(table[:66], rows, strict=False):
        assert (found["source"], found["landmark"]) == (row["source"], row["landmark"])
        assert abs(found["x_px"] - float(row["x_px"])) < 0.01
        assert abs(found["time_s"] - float(row["time_s"])) < 0.001


def test_landmarks_are_a_table(cli: Cli, piece: Path, tmp_path: Path) -> None:
    done = cli("analyze", piece, "--landmarks", tmp_path / "marks.xlsx")
    assert (done.code, done.out) == (1, "")
    assert ".csv or .parquet" in done.err


@pytest.mark.parametrize(
    ("from_", "to", "span"),
    [
        (None, None, Span(0, inf)),
        ("90", None, Span(90, inf)),
        ("1:30", "1:02:30.5", Span(90, 3750.5)),
        ("0.5", "0.6", Span(0.5, 0.6)),
    ],
)
def test_a_part_of_a_video(from_: str | None, to: str | None, span: Span) -> None:
    assert parse_span(from_, to) == span


@pytest.mark.parametrize(
    ("from_", "to"), [("30", "30"), ("1:00", "59"), ("-1", None), ("soon", None), ("1:2:3:4", None), ("nan", None)]
)
def test_a_part_that_is_none_is_wrong_usage(from_: str, to: str | None) -> None:
    with pytest.raises(SettingError, match="--from"):
        parse_span(from_, to)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (None, None),
        ("2", Subject(2)),
        ("0.3,0.7", Subject(point=(0.3, 0.7))),
        (".5, 1", Subject(point=(0.5, 1.0))),
    ],
)
def test_whom_to_count(text: str | None, subject: Subject | None) -> None:
    assert parse_subject(text) == subject


@pytest.mark.parametrize("text", ["0", "10", "-1", "left", "0.3", "0.3,1.1", "0.3,0.7,0.1", "30%,70%", "nan,0.5"])
def test_a_subject_that_is_neither_number_nor_point_is_wrong_usage(text: str) -> None:
    with pytest.raises(SettingError, match=f"--subject {text}: write it as a number"):
        parse_subject(text)


@pytest.mark.slow
def test_in_a_part_the_same_reps_are_counted(cli: Cli, tmp_path: Path) -> None:
    video, part, whole = SAMPLES / "09_partial_and_full.mp4", tmp_path / "part.json", tmp_path / "whole.json"
    cli("analyze", video, "--json", whole)
    assert cli("analyze", video, "--from", "9.9", "--to", "18.5", "--json", part).code == 0
    reps = [json.loads(path.read_text(encoding="utf-8"))["reps"] for path in (part, whole)]
    expected = [rep for rep in reps[1] if rep["start_s"] > 9.9 and rep["end_s"] < 18.5]
    assert [rep["full"] for rep in reps[0]] == [rep["full"] for rep in expected] == [False, False, True]
    for rep, same in zip(reps[0], expected, strict=True):
        assert all(abs(rep[name] - same[name]) < 0.2 for name in ("start_s", "top_s", "end_s"))
    again = cli("analyze", video, "--json", part, "--resume")
    assert "done before" not in again.err, "the result of a part is not that of the whole"

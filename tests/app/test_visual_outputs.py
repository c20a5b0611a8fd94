"""`analyze` with annotated video, plot and report: what appears, and what is lost when one cannot be written."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

import pytest
from support.disks import on_a_disk
from support.programs import Cli, Result

from repcount.app.batch import Entry
from repcount.app.console import OutputOptions
from repcount.app.executor import Task
from repcount.app.jobs import count_video
from repcount.app.outputs import _linked_video

VERDICT = "2 full reps, 2 fast in 4.0 s"


@pytest.mark.slow
def test_all_of_them_at_once(cli: Cli, piece: Path, tmp_path: Path) -> None:
    film, plot, page = tmp_path / "film.mp4", tmp_path / "plot.svg", tmp_path / "report.html"
    done = cli("analyze", piece, "--annotate", film, "--plot", plot, "--report", page)
    assert (done.code, done.out.splitlines()[-1]) == (0, VERDICT)
    assert plot.read_bytes().startswith(b"<?xml")
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg;base64,") == 2
    assert "film.mp4" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "plot.svg", "report.html"]
    again = cli("analyze", film)
    assert again.out.splitlines()[-1] == VERDICT, "the drawing hides nobody, and no time is lost"


@pytest.mark.slow
def test_a_report_without_people(cli: Cli, piece: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert cli("analyze", piece, "--report", page, "--no-pictures").code == 0
    assert "data:image" not in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_report_says_whose_it_is_and_plays_the_video_beside_it(cli: Cli, piece: Path, tmp_path: Path) -> None:
    shutil.copy(piece, tmp_path / "a 1.mp4")
    page = tmp_path / "report.html"
    asked = ("analyze", tmp_path / "a 1.mp4", "--report", page, "--person", "Anna", "--date", "2026-11-02", "--force")
    assert cli(*asked).code == 0
    text = page.read_text(encoding="utf-8")
    assert "<bdi>Anna</bdi>, recorded on 2026-11-02" in text
    assert f" · {date.today().isoformat()}</p>" in text, "a date that every language writes alike"
    assert 'src="./a%201.mp4"' in text
    assert cli(*asked, "--no-pictures").code == 0
    assert "<video" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("video", "copy", "options", "linked"),
    [
        ("here/a.mp4", None, OutputOptions(), "a.mp4"),
        ("here/below/a.mp4", None, OutputOptions(), "below/a.mp4"),
        ("beside/a.mp4", None, OutputOptions(), "../beside/a.mp4"),
        ("a.mp4", None, OutputOptions(), "../a.mp4"),
        ("../a.mp4", None, OutputOptions(), ""),
        ("here/a.mp4", "here/seen.mp4", OutputOptions(), "seen.mp4"),
        ("here/a.mp4", None, OutputOptions(blur_faces=True), ""),
        ("here/a.mp4", "here/seen.mp4", OutputOptions(blur_faces=True), "seen.mp4"),
        ("here/a.mp4", None, OutputOptions(thumbnails=False), ""),
    ],
)
def test_the_report_links_a_video_within_reach_unless_nobody_shall_be_seen(
    video: str, copy: str | None, options: OutputOptions, linked: str, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    entry = Entry(root / video, annotated_path=root / copy if copy else None)
    entry.counting = Task(count_video, None, 0.0)
    assert _linked_video(entry, root / "here" / "report.html", options) == linked


def test_a_signal_is_no_video_to_link(tmp_path: Path) -> None:
    assert _linked_video(Entry(tmp_path / "signal.csv"), tmp_path / "report.html", OutputOptions()) == ""


@pytest.mark.slow
def test_the_report_of_a_folder_names_the_videos_that_are_broken(cli: Cli, piece: Path, tmp_path: Path) -> None:
    videos, page = tmp_path / "videos", tmp_path / "report.html"
    videos.mkdir()
    shutil.copy(piece, videos / "fine.mp4")
    (videos / "broken.mp4").write_text("Dear diary", encoding="utf-8")
    assert cli("analyze", videos, "--report", page, "--no-pictures").code == 1
    text = page.read_text(encoding="utf-8")
    assert "<h2>Videos without a result</h2>" in text
    assert "<li><bdi>broken.mp4</bdi>: cannot be read as a video: " in text
    assert str(videos) not in text


@pytest.mark.slow
def test_a_report_goes_to_standard_output_alone(cli: Cli, piece: Path) -> None:
    done = cli("analyze", piece, "--report", "-")
    assert done.out.startswith("<!DOCTYPE html>")
    assert VERDICT in done.err


@pytest.mark.slow
def test_a_saved_signal_is_drawn_as_well(cli: Cli, piece: Path, tmp_path: Path) -> None:
    cli("analyze", piece, "--signal", tmp_path / "signal.csv")
    plot, page = tmp_path / "plot.png", tmp_path / "report.html"
    assert cli("recount", tmp_path / "signal.csv", "--plot", plot, "--report", page).code == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    text = page.read_text(encoding="utf-8")
    assert ("Both reps were full" in text, "data:image" in text) == (True, False)


@pytest.mark.slow
def test_several_videos_share_plot_and_report_and_get_a_film_each(cli: Cli, piece: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    shutil.copy(piece, other)
    films, plot, page = tmp_path / "films", tmp_path / "plot.pdf", tmp_path / "report.html"
    done = cli("analyze", piece, other, "--annotate", films, "--plot", plot, "--report", page, "--no-pictures")
    assert done.code == 0
    assert sorted(path.name for path in films.iterdir()) == ["other.mp4", "piece.mp4"]
    assert plot.read_bytes().startswith(b"%PDF")
    assert page.read_text(encoding="utf-8").count("<section") >= 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--plot", "plot.bmp"), "svg"),
        (("--plot", "-"), "svg"),
        (("--annotate", "film.avi"), "let its name end in .mp4"),
        (("--annotate", "-"), "out.mp4"),
        (("--annotate", "missing/film.mp4"), "there is no folder missing"),
        (("--report", "missing/report.html"), "there is no folder missing"),
        (("--plot", "same.png", "--csv", "same.png"), "two outputs"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_counted(
    cli: Cli, piece: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("analyze", piece, *arguments)
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


def on_a_full_disk(folder: Path, size_kb: int, *arguments: str | Path) -> Result:
    """The program with a disk of that size in `folder`, and what is left there after the last line of output."""
    script = f'"$@"; code=$?; ls -A {folder}; exit $code'
    done = on_a_disk(folder, f"size={size_kb}k", script, [sys.executable, "-m", "repcount", *arguments])
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(("option", "name"), [("--annotate", "f.mp4"), ("--plot", "p.png"), ("--report", "r.html")])
def test_a_full_disk_costs_the_file_and_nothing_else(piece: Path, tmp_path: Path, option: str, name: str) -> None:
    """The disk has room for the rows of the reps, but not for the picture."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = on_a_full_disk(disk, 16, "analyze", piece, option, disk / name, "--csv", tmp_path / "reps.csv")
    assert done.code == 1
    assert done.out.splitlines() == [*done.out.splitlines()[:-1], VERDICT], "nothing is left on the disk"
    assert f"cannot write {disk / name}: No space left on device" in done.err
    assert "Traceback" not in done.err
    assert len((tmp_path / "reps.csv").read_text().splitlines()) == 3


@pytest.mark.slow
def test_a_full_disk_in_the_middle_of_the_signal_loses_no_count(piece: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = on_a_full_disk(disk, 8, "analyze", piece, "--signal", disk / "signal.csv")
    assert (done.code, done.out.splitlines()[-1]) == (1, VERDICT)
    assert f"cannot write {disk / 'signal.csv'}" in done.err

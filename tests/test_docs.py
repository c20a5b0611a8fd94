"""README and docs: links lead somewhere, commands and Python run, tables are those of the code, pictures are small."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.histories import START, filled, rep
from support.programs import ROOT, SAMPLES, Cli, load_script

import repcount
from repcount import Config, Rep, formats
from repcount.analysis import Source, Summary
from repcount.config import PRESETS
from repcount.history import progress, totals
from repcount.pipeline import count
from repcount.reports import agreement, landmarks
from repcount.types import Flag, RejectionReason, WarningCode

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *SAMPLES.glob("*.md")])
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TASKS = [
    *("live", "videos", "history", "columns", "settings", "accuracy", "speed", "privacy", "faults", "architecture"),
    "troubleshooting",
]

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def prose(page: Path) -> str:
    """A page without what stands in code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


# --- links -------------------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    """As GitHub makes it: lower case, words and hyphens kept, spaces to hyphens."""
    text = LINK.sub("", heading).replace("[", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE):
        name, number = anchor(heading), 0
        while (name if not number else f"{name}-{number}") in found:
            number += 1
        found.add(name if not number else f"{name}-{number}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    broken = []
    for target in LINK.findall(prose(page)):
        if re.match(r"\w+:", target):
            continue
        file, _, heading = target.partition("#")
        path = page.parent / file if file else page
        if not path.exists() or (heading and heading not in anchors(path)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("What `--strictness` sets", "what---strictness-sets"),
        ("Window and sound", "window-and-sound"),
        ("A [link](x.md) in it", "a-link-in-it"),
    ],
)
def test_anchors_are_those_of_github(heading: str, expected: str) -> None:
    assert anchor(heading) == expected


def test_there_is_a_page_for_each_task_and_each_can_be_reached_from_the_readme() -> None:
    reached, new = set[Path](), {ROOT / "README.md"}
    while new:
        reached |= new
        linked = {(page.parent / target.partition("#")[0]).resolve() for page in new for target in targets(page)}
        new = {path for path in linked if path.suffix == ".md" and path.is_file()} - reached
    assert {ROOT / "docs" / f"{task}.md" for task in TASKS} - reached == set()
    assert set(PAGES) - reached == set()


def targets(page: Path) -> list[str]:
    return [target for target in LINK.findall(prose(page)) if not re.match(r"\w+:|#", target)]


# --- the readme --------------------------------------------------------------------------------------------


def test_the_readme_is_short_and_opens_with_the_moving_picture() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.startswith("![")
    assert "live.webp" in text.splitlines()[0]
    assert len(text.splitlines()) <= 120
    assert len(re.sub(r"<!--.*?-->", "", text).split()) <= 800


def test_the_readme_has_two_set_up_commands_of_one_line_each() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    marked = re.findall(r"<!-- command: (\w+) -->\n```bash\n(.*)\n```$", text, re.MULTILINE)
    assert [name for name, _ in marked] == ["run", "test"]
    assert [block for block in blocks(ROOT / "README.md", "bash") if "venv" in block] == [
        f"{command}\n" for _, command in marked
    ]


def test_pictures_are_small_enough_to_load_at_once() -> None:
    pictures = [path for path in (ROOT / "docs").iterdir() if path.suffix in {".png", ".jpg", ".webp", ".gif"}]
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 2_000_000] == []


def test_figures_stand_between_marks_that_close() -> None:
    for page in DOCS:
        marks = re.findall(r"<!-- (/?figures)", page.read_text(encoding="utf-8"))
        assert marks == ["figures", "/figures"] * (len(marks) // 2), page.name


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [repcount.__version__]


# --- commands ----------------------------------------------------------------------------------------------


def commands(page: Path, *languages: str) -> list[list[str]]:
    """What the page tells people to type that begins with `repcount`, as arguments.

    `bash` blocks hold what runs anywhere, `console` blocks (with a prompt) also what needs a camera
    or files of one's own.
    """
    lines = [
        line.removeprefix("$ ")
        for language in languages or ("bash", "console")
        for block in blocks(page, language)
        for line in block.splitlines()
    ]
    return [arguments for line in lines if (arguments := shlex.split(line, comments=True))[:1] == ["repcount"]]


@pytest.mark.slow
def test_commands_run(cli: Cli, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in `bash` blocks, page by page in order, each once, in an empty folder with the sample videos."""
    (tmp_path / "sample_videos").symlink_to(SAMPLES)
    monkeypatch.chdir(tmp_path)
    for _, *arguments in dict.fromkeys(tuple(command) for page in DOCS for command in commands(page, "bash")):
        assert cli(*arguments).code == 0, arguments
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fast.csv", "fast.json", "fast_signal.csv", "plot.png", "report.html", "sample_videos", "seen.mp4", "signal.csv"
    ]  # fmt: skip


@pytest.mark.parametrize("page", [page for page in DOCS if commands(page)], ids=named)
def test_options_in_commands_are_options(page: Path, cli: Cli) -> None:
    """Also of those that need a camera: `--help` behind them is refused where an option before it is unknown."""
    assert cli("live", "--no-such-option", "--help").code == 2
    for _, *arguments in commands(page):
        assert cli(*arguments, "--help").code == 0, arguments


@pytest.mark.parametrize(
    "page", [page for page in DOCS if any(words[1] == "history" for words in commands(page))], ids=named
)
def test_history_commands_run(
    page: Path, cli: Cli, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a history whose sessions get names where the page comes to people; whoever asks gets a yes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n" * 20))
    for _ in range(12):
        filled(history, rep(1), started=START + timedelta(days=1))  # the pages delete what is older
    for _, *arguments in commands(page):
        if arguments[:2] == ["history", "--person"]:
            for number, name in enumerate(("Anna", "Ana", "Bo"), 1):
                assert cli("history", "assign", f"{number}", name).code == 0
        if arguments[0] == "history":
            assert cli(*arguments).code == 0, arguments


# --- python ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_python_runs(model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for page in DOCS:
        for block in blocks(page, "python"):
            exec(compile(block, page.name, "exec"), {})
    out = capsys.readouterr().out
    assert out.startswith("12 full reps\n")
    assert out.endswith("\n5\n")


# --- settings ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def make_settings() -> ModuleType:
    return load_script(ROOT / "docs" / "make_settings.py")


def test_the_page_of_settings_is_made_of_the_settings(make_settings: ModuleType) -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert text == make_settings.page(), "run python docs/make_settings.py"
    for item in fields(Config):
        assert f"\n| `{item.name}` | " in text
    assert set(PRESETS["strict"]) <= {item.name for item in fields(Config)}


def test_settings_in_toml_are_settings(cli: Cli, tmp_path: Path) -> None:
    (toml,) = blocks(ROOT / "docs" / "settings.md", "toml")
    (tmp_path / "config.toml").write_text(toml)
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n0,180\n")
    assert cli("recount", tmp_path / "signal.csv", "--config", tmp_path / "config.toml").code == 0


# --- columns -----------------------------------------------------------------------------------------------


def tables() -> dict[str, list[str]]:
    """The first cells of the tables in `columns.md`, by heading."""
    found: dict[str, list[str]] = {}
    for section in re.split(r"^#+ ", (ROOT / "docs" / "columns.md").read_text(encoding="utf-8"), flags=re.MULTILINE):
        found[section.partition("\n")[0]] = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    return found


def written() -> Iterator[tuple[str, list[str]]]:
    """What the code writes, in the order in which it does."""
    analysis = count([(i / 10, 180.0) for i in range(30)])
    document: dict[str, Any] = formats.document(analysis)
    yield "JSON", list(document)
    yield "Source", list(document["source"])
    yield "Summary", list(document["summary"])
    yield "Flags", [str(flag) for flag in Flag]
    yield "Warning codes", [str(code) for code in WarningCode]
    yield "Rejection codes", [str(reason) for reason in RejectionReason]
    yield "Comparisons", list(agreement.PAIR_COLUMNS)
    yield "Landmarks", list(landmarks.COLUMNS)
    yield "Reps", ["source", *(item.name for item in fields(Rep)), "reach"]
    yield "Days", totals.DAY_COLUMNS
    yield "Sets", progress.SET_COLUMNS


@pytest.mark.parametrize(
    ("heading", "columns"), list(written()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_columns_are_those_that_are_written(heading: str, columns: list[str]) -> None:
    assert tables()[heading] == columns


def test_columns_of_the_files_are_those_of_the_page(cli: Cli, tmp_path: Path) -> None:
    """The headers themselves, of a run that needs no video."""
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n" + "".join(f"{i / 10},180\n" for i in range(30)))
    reps = cli("recount", tmp_path / "signal.csv", "--csv", "-").out
    assert reps.splitlines()[0].split(",") == tables()["Reps"]
    assert set(tables()["Source"]) == {item.name for item in fields(Source)}
    assert set(tables()["Summary"]) == {item.name for item in fields(Summary)}
    for option, heading in (("--clips", "Videos"), ("--rejected", "Rejected movements")):
        rows = cli("recount", tmp_path / "signal.csv", option, "-").out
        assert rows.splitlines()[0].split(",") == tables()[heading]
    path = tmp_path / "written.csv"
    with path.open("w", newline="") as file:
        formats.SignalWriter(file)
    assert path.read_text().strip().split(",") == tables()["Signal"]


def test_columns_of_sessions_are_those_of_days_with_some_in_front() -> None:
    days = tables()["Days"]
    assert [*tables()["Sessions"], *days[days.index("sets") :]] == totals.SESSION_COLUMNS


def test_flags_of_the_readme_are_all_flags() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(Flag)


# --- faults ------------------------------------------------------------------------------------------------


def test_each_test_in_the_table_of_faults_is_there() -> None:
    table = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"`(?:pytest )?(?:tests/)?([\w/]*test_\w+\.py)(?: -k (?:\"([^\"]+)\"|(\w+)))?`", table)
    assert len(rows) > 50
    for file, several, one in rows:
        names = re.findall(r"^def (test_\w+)", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE)
        for words in (several or one).split(" or "):
            assert any(words in name for name in names), f"{file} -k {words}"

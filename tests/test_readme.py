"""What the README tells people to type works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.programs import ROOT, Cli

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_it_opens_with_a_picture_and_has_two_set_up_commands() -> None:
    assert README.startswith("![")
    assert re.findall(r"<!-- command: (\w+) -->", README) == ["run", "test"]
    assert len([block for block in blocks("bash") if "venv" in block]) == 2
    assert all(len(block.splitlines()) == 1 for block in blocks("bash") if "venv" in block)


def test_its_pictures_and_links_are_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.slow
def test_its_commands_run(cli: Cli, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All lines of the block on commands, in order, in an empty folder with the sample videos."""
    (tmp_path / "sample_videos").symlink_to(ROOT / "sample_videos")
    monkeypatch.chdir(tmp_path)
    (block,) = (block for block in blocks("bash") if "venv" not in block)
    for line in block.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "repcount"
        assert cli(*arguments).code == 0, line
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fast.csv", "fast.json", "fast_signal.csv", "plot.png", "report.html", "sample_videos", "seen.mp4"
    ]  # fmt: skip


def test_its_python_runs(model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert out.startswith("12 full reps\n")
    assert out.endswith("\n5\n")


def test_its_settings_are_settings(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(blocks("toml")[0])
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n0,180\n")
    assert cli("recount", tmp_path / "signal.csv", "--config", tmp_path / "config.toml").code == 0


def test_each_test_in_the_table_of_faults_is_there() -> None:
    table = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"`(?:pytest )?(?:tests/)?(test_\w+\.py)(?: -k (?:\"([^\"]+)\"|(\w+)))?`", table)
    assert len(rows) > 40
    for file, several, one in rows:
        names = re.findall(r"^def (test_\w+)", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE)
        for words in (several or one).split(" or "):
            assert any(words in name for name in names), f"{file} -k {words}"

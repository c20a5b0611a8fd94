"""Text that somebody else chose, on its way to a terminal."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.programs import Cli

from repcount.analysis import Analysis, Source
from repcount.app.console import ConsoleReporter
from repcount.app.doctor import Check
from repcount.cli import setup
from repcount.config import Config
from repcount.display.progress import ProgressBar
from repcount.display.table import print_analysis
from repcount.errors import VideoError, printable
from repcount.video.discovery import CameraInfo

ACTING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of what acts on a terminal, has no shape, or changes the order of what has one."""

ANYTHING = st.text(st.characters())
"""Lone surrogates too: Python decodes bytes in file names to them that are not UTF-8."""

HOSTILE = [
    "\x1b]0;title\x07\x1b[2J\x1b[31m",
    "\x9b31mred",
    "a\rb\x08\x7f",
    "two\nlines\x0b\x0c\x85\u2028\u2029",
    "\u202egpj.exe\u202c",
    "\u2066\u200f\u061c\u200b\ufeff\u00ad",
    "\udcff\ud800",
    "\U000e0041\U0010ffff\ue000",
    "[final] [bold]x[/bold] [/] :smile: [link=http://x]y[/link] {task.completed} %s {}",
]


def assert_harmless(text: str) -> None:
    assert [character for character in text if unicodedata.category(character) in ACTING] == []
    text.encode()


@given(ANYTHING)
def test_nothing_that_acts_or_cannot_be_seen_is_left(text: str) -> None:
    assert_harmless(printable(text))
    assert printable(printable(text)) == printable(text)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb", "a\\nb"),
        ("\u202e", "\\u202e"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("Screenshot 3.04\u202fPM", "Screenshot 3.04\u202fPM"),
        ("Übung \u3000 \N{PERSON IN LOTUS POSITION}", "Übung \u3000 \N{PERSON IN LOTUS POSITION}"),
        ("C:\\new", "C:\\new"),
    ],
)
def test_what_acts_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def own(text: str) -> str:
    """What is left without the lines and the control sequences of rich's progress bar, which are ours."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[\r\n]", "", text)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_reaches_the_terminal_as_it_is_spelt(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In notes, errors, headings, the progress bar, what doctor says: whole, and nothing of it acts."""
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setenv("TERM", "xterm")
    shown = printable(name)
    results, notes, bar = io.StringIO(), io.StringIO(), Terminal()
    reporter = ConsoleReporter(results, notes)
    reporter.note(f"note: {name}")
    reporter.failure(Path("x"), VideoError(f"there is no file {name}"))
    print_analysis(Analysis(Source(name, 1.0), Config(), (), (), None, 1.0, ()), results, heading=True)
    setup._show(Check("camera", True, name))
    with ProgressBar(bar, name) as progress:
        progress.to(1.0, 2.0)
    assert notes.getvalue() == f"note: {shown}\nrepcount: there is no file {shown}\n"
    assert results.getvalue() == f"{shown}\n0 full reps in 1.0 s\n"
    assert capsys.readouterr().out == f"OK  camera        {shown}\n"
    assert shown in own(bar.getvalue())
    for text in (notes.getvalue(), results.getvalue(), own(bar.getvalue())):
        assert_harmless(text.replace("\n", ""))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_camera_s_name_is_shown_as_it_is_spelt(name: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from whoever made the device, and a computer can pretend to be one."""
    monkeypatch.setattr("repcount.video.discovery.find_cameras", lambda: [CameraInfo(0, name, 640, 480, 30.0)])
    assert cli("cameras").out == printable(f" 0  {name}: 640 x 480, 30 frames a second") + "\n"


@pytest.mark.parametrize("name", [name for name in HOSTILE if not name.startswith("[")], ids=ascii)
@pytest.mark.parametrize(
    "place", [("analyze", "--{}"), ("{}",), ("recount", "{}"), ("history", "{}"), ("live", "--rest={}")]
)
def test_what_is_said_about_arguments_is_harmless(name: str, place: tuple[str, ...], cli: Cli) -> None:
    """`repcount analyze *` in a folder with a file that is named like an option."""
    result = cli(*(argument.format(name) for argument in place))
    assert result.code in (1, 2)
    assert_harmless(result.err.replace("\n", ""))

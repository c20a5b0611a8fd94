"""What a live session shows in a terminal, and the keys it takes there."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import sys
import termios
from dataclasses import replace
from math import nan

import pytest
from support.signals import Shape
from support.simulated_session import SimulatedSession

from repcount.coaching.events import Command, Cue, SessionStatus, Stage
from repcount.display.live_terminal import LiveTerminal, status_line
from repcount.types import Phase

COUNTING = SessionStatus(
    Stage.COUNTING, Phase.RAISE, full=7, target=30, set=2, sets=3, today=37, day_limit=100, lift_deg=45.0,
    upright_deg=67.0, camera_hz=29.9,
)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (COUNTING, "7/30  set 2/3  Raise    [#########....|......]  45°  today 37/100  30 fps"),
        (
            replace(COUNTING, upright_deg=55.0),
            "7/30  set 2/3  Raise    [#########..|........]  45°  target 55°  today 37/100  30 fps",
        ),
        (replace(COUNTING, target=None, sets=None, lift_deg=nan), "7  set 2  Raise    today 37/100  30 fps"),
        (
            replace(COUNTING, stage=Stage.REST, rest_left_s=12.4, lift_deg=nan, camera_hz=nan),
            "7/30  set 2/3  rest 12 s  today 37/100",
        ),
        (
            replace(COUNTING, stage=Stage.PLACING, problem=Cue.NOBODY, lift_deg=nan, camera_hz=nan),
            "7/30  set 2/3  Getting ready: I can't see you  today 37/100",
        ),
        (replace(COUNTING, stage=Stage.PAUSED, lift_deg=nan, camera_hz=nan), "7/30  set 2/3  Paused  today 37/100"),
    ],
)  # fmt: skip
def test_the_line_tells_the_most_important_first(status: SessionStatus, line: str) -> None:
    assert status_line(status) == line


def test_the_gauge_is_full_at_most() -> None:
    assert "[####################] 118°" in status_line(replace(COUNTING, lift_deg=118.0))


def test_into_a_file_goes_a_line_for_every_rep_and_announcement_and_nothing_else() -> None:
    played = SimulatedSession()
    played.lie(2)
    played.raises(Shape(rest=4), Shape(rest=4, top=45))
    played.lie(1)
    played.coach.command(Command.NEXT, played.time_s)
    played.lie(61)
    file = io.StringIO()
    with LiveTerminal(file) as live_terminal:
        for update in played.updates:
            live_terminal.show(update)
    lines = [line.split(maxsplit=2) for line in file.getvalue().splitlines()]
    assert [line[2].partition(" (")[0] for line in lines] == [
        *("Ready", "rep 1, full", "rep 2, partial: higher", "Set done, 1", "10 seconds", "Rest over, set 2"),
    ]
    assert "\x1b" not in file.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_keys_of_the_terminal_act_without_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    with open(master, "wb", buffering=0) as keyboard, open(slave, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        with LiveTerminal(io.StringIO()) as live_terminal:
            assert live_terminal.commands() == []
            keyboard.write(b"n x+-")
            pressed = live_terminal.commands()
        assert pressed == [Command.NEXT, Command.PAUSE, Command.ADD, Command.REMOVE]
        assert termios.tcgetattr(terminal.fileno())[3] & termios.ICANON


def on_screen(written: str) -> list[str]:
    """The lines of a terminal to which that was written, as far as `rich` needs it for a line that changes."""
    lines = [""]
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", written.replace("\r\n", "\n")):
        if part in ("\r", "\x1b[2K"):
            lines[-1] = ""
        elif part == "\n":
            lines.append("")
        elif not part.startswith("\x1b"):
            lines[-1] += part
    return [line.rstrip() for line in lines]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_note_has_a_line_of_its_own_above_the_status_line_and_words_stay_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    master, slave = pty.openpty()
    played = SimulatedSession()
    played.lie(2)
    with open(slave, "w", encoding="utf-8") as terminal, LiveTerminal(terminal) as live_terminal:
        live_terminal.show(played.updates[-1])
        live_terminal.note("http://192.168.1.20/... is back and so is another line of more than 40 letters")
        written = b""
        while select.select([master], [], [], 0.5)[0]:
            written += os.read(master, 4096)
    os.close(master)
    lines = on_screen(written.decode())
    assert lines[-1].startswith("0  set 1  Down")
    assert lines[-3:-1] == ["http://192.168.1.20/... is back and so", "is another line of more than 40 letters"]

"""What a live session shows in a terminal, and the keys it takes there."""

from __future__ import annotations

import io
import pty
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
    file = io.StringIO()
    with LiveTerminal(file) as live_terminal:
        for update in played.updates:
            live_terminal.show(update)
    lines = [line.split(maxsplit=2) for line in file.getvalue().splitlines()]
    assert [line[2].partition(" (")[0] for line in lines] == ["Ready", "rep 1, full", "rep 2, partial: higher"]
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

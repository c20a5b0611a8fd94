"""`repcount live` as a program: real streams, a real window, real keys, real ends."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray
from support import streams
from support.display import display
from support.histories import Holder, filled, rep, silent
from support.programs import SAMPLES, Cli, Ffmpeg

import repcount
from repcount.app import live as app_live
from repcount.app.event_recorder import EventRecorder
from repcount.coaching.events import Command, LiveUpdate
from repcount.coaching.session import SessionGoals
from repcount.config import Config
from repcount.history.store import HistoryStore, SessionRecorder
from repcount.history.writer import HistoryWriter
from repcount.interrupts import InterruptGuard
from repcount.pose.tracker import PersonTracker
from repcount.types import Rep, Update
from repcount.video.camera import open_camera
from repcount.video.clock import clock_s

pytestmark = pytest.mark.usefixtures("history", "model")

LEAD_S = 3.0
"""Somebody lies still for so long before the clip begins: time to see that all is ready."""

CLIP_HZ = 24.0


class Program:
    """A running `repcount live` whose terminal lines are read as they come."""

    def __init__(self, *arguments: str | Path, env: dict[str, str]) -> None:
        # The shell's Ctrl-C has to reach it even where these tests run in the background.
        heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        code = f"{heed}; from repcount.cli import main; main()"
        command = [sys.executable, "-c", code, "live", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=env
        )
        self.lines: list[str] = []

    def until(self, pattern: str) -> str:
        """Read on until a line holds `pattern`."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            if re.search(pattern, line):
                return line
        raise AssertionError(f"{pattern!r} never came: {self.lines}")

    def end(self, within_s: float = 20.0) -> int:
        """Wait for the end and read the rest."""
        _, rest = self.process.communicate(timeout=within_s)
        self.lines += rest.splitlines()
        return self.process.returncode


@contextlib.contextmanager
def live(*arguments: str | Path, env: dict[str, str] | None = None) -> Iterator[Program]:
    program = Program(*arguments, env=env or dict(os.environ))
    watchdog = threading.Timer(90, program.process.kill)
    watchdog.start()
    try:
        yield program
    finally:
        watchdog.cancel()
        program.process.kill()
        program.process.communicate()


@pytest.fixture(scope="module")
def clip(ffmpeg: Ffmpeg, clips: Path) -> Path:
    """Three full reps of a rendered man, each with its own tempo."""
    return ffmpeg("-t", "10.8", "-i", SAMPLES / "02_side_man_shorts.mp4", "-crf", "16", clips / "three.mp4")


@pytest.fixture(scope="module")
def still_first(ffmpeg: Ffmpeg, clips: Path) -> Path:
    """The same after two seconds of lying still, as a file."""
    pad = "tpad=start_duration=2:start_mode=clone"
    return ffmpeg("-t", "10.8", "-i", SAMPLES / "02_side_man_shorts.mp4", "-vf", pad, clips / "still_first.mp4")


def moments(reps: list[dict[str, str]]) -> NDArray[np.float64]:
    return np.array([[float(rep[name]) for name in ("start_s", "top_s", "end_s")] for rep in reps])


def analysed(clip: Path) -> NDArray[np.float64]:
    return np.array([[rep.start_s, rep.top_s, rep.end_s] for rep in repcount.analyze(clip).reps])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def kept(history: Path) -> list[tuple[int, bool, bool]]:
    """Number, full and removed of each rep in the history, which has to be whole."""
    with contextlib.closing(sqlite3.connect(history)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute('SELECT number, "full", removed FROM rep ORDER BY number').fetchall()
    return [(number, bool(full), bool(removed)) for number, full, removed in found]


def agree(reps: list[dict[str, str]], clip: Path) -> None:
    """The same reps as `analyze` finds, at the same times but for when the clock began."""
    told = analysed(clip)
    found = moments(reps)
    assert found.shape == told.shape
    apart = found - told
    offset = float(np.median(apart))
    assert 0 < offset < LEAD_S + 4.5
    assert np.abs(apart - offset).max() <= 0.15, apart - offset


@pytest.mark.slow
def test_a_stream_in_a_window_with_keys(clip: Path, tmp_path: Path, history: Path) -> None:
    """Count, keys, screenshots, CSV, JSON and history of one session that somebody watches."""
    out, told = tmp_path / "reps.csv", tmp_path / "told.json"
    with display() as screen, streams.mjpeg(clip, CLIP_HZ, lead_s=LEAD_S) as stream:
        options = ("--camera", stream.url, "--sound", "off", "--csv", out, "--json", told, "--plan", "2x10")
        with live(*options, env=screen.env) as program:
            program.until("Ready")
            screen.window("repcount")
            before = screen.shot()
            program.until("rep 3, full")
            after = screen.shot()
            screen.press("plus")
            program.until("4, by hand")
            screen.press("minus")
            program.until("Back to 3")
            screen.press("n")
            program.until("Set done, 3")
            screen.press("q")
            assert program.end() == 0
    for shot in (before, after):
        assert shot.std() > 20, "the window shows next to nothing"
    assert np.abs(before.astype(int) - after.astype(int)).max() > 100, "the window stands still"
    reps = rows(out)
    assert [rep["number"] for rep in reps] == ["1", "2", "3"]
    assert all(rep["full"] == "true" for rep in reps)
    agree(reps, clip)
    document = json.loads(told.read_text())
    assert document["summary"]["full"] == 3
    assert "1 reps were taken off by hand" in document["warnings"]
    assert kept(history) == [(1, True, False), (2, True, False), (3, True, False), (4, True, True)]


@pytest.mark.slow
def test_a_stream_by_udp_in_the_terminal_alone(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "reps.csv"
    with streams.udp(clip, CLIP_HZ, lead_s=LEAD_S + 4) as stream:
        options = ("--camera", stream.url, "--no-window", "--sound", "off", "--csv", out, "--give-up", "2")
        with live(*options) as program:
            program.until("rep 3, full")
            program.process.send_signal(signal.SIGINT)
            assert program.end() == 130
    agree(rows(out), clip)


@pytest.mark.slow
def test_a_stream_that_breaks_off_keeps_the_count_and_says_so(tmp_path: Path, history: Path) -> None:
    with (
        streams.mjpeg(SAMPLES / "07_fast_reps.mp4", CLIP_HZ, lead_s=LEAD_S) as stream,
        live("--camera", stream.url, "--no-window", "--sound", "off") as program,
    ):
        program.until("rep 2,")
        stream.cut()
        program.until("camera is gone")
        threading.Event().wait(3)
        stream.restore()
        program.until("camera is back")
        program.until("rep 4,")
        program.process.send_signal(signal.SIGTERM)
        assert program.end() == 143
    counted = [int(found[1]) for line in program.lines if (found := re.search(r" rep (\d+),", line))]
    assert counted == list(range(1, len(counted) + 1))
    assert [number for number, _, _ in kept(history)] == counted
    (gone,) = [i for i, line in enumerate(program.lines) if "camera is gone" in line.lower()][:1]
    assert sum(" rep " in line for line in program.lines[:gone]) >= 2


@pytest.mark.slow
def test_a_camera_that_is_gone_for_good_ends_the_session_and_loses_nothing(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "reps.csv"
    with streams.mjpeg(clip, CLIP_HZ, lead_s=LEAD_S) as stream:
        options = ("--camera", stream.url, "--no-window", "--sound", "off", "--csv", out, "--give-up", "1")
        with live(*options) as program:
            program.until("rep 1, full")
            stream.cut()
            assert program.end() == 1
    assert len(rows(out)) == 1


REP = re.compile(r"^ *([\d.]+) s  rep (\d+), ")


@dataclass
class Watch:
    """Notes when each rep is handed over and when it is announced; quits some time after the history is free."""

    history: Path
    held_s: float
    handed_s: dict[int, float] = field(default_factory=dict)
    told_s: dict[int, float] = field(default_factory=dict)
    unsaved: int = 0
    """The most reps that were said not to be saved yet."""
    trouble: str | None = None
    held: range = range(0)
    """The numbers of the reps that were counted while the history was held."""
    _holder: Holder | None = None
    _until_s: float = 0.0

    def write(self, update: Update) -> None:
        self.handed_s |= {event.number: time.monotonic() for event in update.events if isinstance(event, Rep)}

    def show(self, update: LiveUpdate) -> None:
        numbers = [event.number for each in update.updates for event in each.events if isinstance(event, Rep)]
        self.told_s |= dict.fromkeys(numbers, time.monotonic())
        self.unsaved = max(self.unsaved, update.status.unsaved)
        if self._holder is None and len(self.told_s) == 2:
            self._holder = Holder(self.history)
            self._until_s = time.monotonic() + self.held_s
        elif self._holder is not None and not self.held and time.monotonic() > self._until_s:
            self.held = range(3, len(self.handed_s) + 1)
            self._holder.let_go()

    def commands(self) -> list[Command]:
        return [Command.QUIT] if self.held and len(self.told_s) > self.held[-1] else []


@pytest.mark.slow
def test_a_history_that_is_held_for_a_minute_costs_no_rep_and_holds_no_word(
    history: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The parts of a real session, and another process that holds the history for 60 s of it."""
    notes: list[str] = []
    watch = Watch(history, 60.0)
    with (
        streams.mjpeg(SAMPLES / "02_side_man_shorts.mp4", CLIP_HZ, lead_s=LEAD_S, loop=True) as stream,
        PersonTracker(model, look_round=True) as tracker,
        open_camera(stream.url) as camera,
        InterruptGuard() as guard,
    ):
        recorder = EventRecorder(None, datetime.now().astimezone(), clock_s(), notes.append, [watch])

        def begin(store: HistoryStore) -> SessionRecorder:
            return store.begin(recorder.started, stream.url, "free", Config())

        with HistoryWriter(history, begin, lambda: recorder.day) as recorder.history:
            session = app_live.Session(camera, tracker, Config(), SessionGoals(), recorder, [watch], [], notes.append)
            app_live.run(session, guard)
    told = list(watch.told_s)
    delays_s = {number: watch.told_s[number] - watch.handed_s[number] for number in told}
    longest_s = max(delays_s[number] for number in watch.held)
    with capsys.disabled():
        print(f"\n{len(told)} reps told, {len(kept(history))} kept; {len(watch.held)} of them while the history was "
              f"held for 60 s: announced after {longest_s:.2f} s at the latest; of all, the median is "
              f"{median(delays_s.values()):.3f} s; up to {watch.unsaved} said to be unsaved")  # fmt: skip
    assert told == list(range(1, len(told) + 1))
    assert [number for number, _, _ in kept(history)] == told
    assert len(watch.held) > 10
    assert watch.unsaved >= len(watch.held) - 1
    assert longest_s < 1
    assert len(notes) == 2
    assert "another program holds it" in notes[0]
    assert "up to date again" in notes[1]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_history_that_is_held_to_the_end_ends_it_soon_and_loses_nothing(
    still_first: Path, history: Path, cli: Cli, number: int
) -> None:
    filled(history, rep(1))
    with Holder(history):
        with live("--camera", still_first, "--no-window", "--sound", "off") as program:
            program.until("rep 2, full")
            sent_s = time.monotonic()
            program.process.send_signal(number)
            assert program.end() == 128 + number
            assert time.monotonic() - sent_s < 4
        assert any("kept beside it, as history.waiting-1.sqlite3" in line for line in program.lines)
        told = sum(bool(REP.match(line)) for line in program.lines)
    assert "2 full reps" in cli("history", "--days", "1").out
    with HistoryStore(history, silent) as store:
        assert [len(session.reps) for session in store.sessions()] == [1, told]
    assert list(history.parent.iterdir()) == [history]


@pytest.mark.slow
def test_what_was_announced_survives_kill_9(still_first: Path, history: Path) -> None:
    with live("--camera", still_first, "--no-window", "--sound", "off") as program:
        program.until("rep 2, full")
        program.process.kill()
        program.end()
    assert [number for number, _, _ in kept(history)][:2] == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_signals_end_it_with_the_result(still_first: Path, tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "reps.csv"
    with live("--camera", still_first, "--no-window", "--sound", "off", "--csv", out) as program:
        program.until("rep 1, full")
        program.process.send_signal(number)
        assert program.end() == code
    assert len(rows(out)) == 1


@pytest.mark.slow
def test_a_file_is_counted_recorded_and_counted_again(still_first: Path, tmp_path: Path, cli: Cli) -> None:
    film, angles, out = tmp_path / "kept.mp4", tmp_path / "signal.csv", tmp_path / "reps.csv"
    done = cli(
        "live", "--camera", still_first, "--no-window", "--sound", "off",
        "--record", film, "--signal", angles, "--csv", out,
    )  # fmt: skip
    assert done.code == 0
    assert "3 full reps" in done.out
    again = cli("recount", angles, "--csv", "-").out.splitlines()
    assert [line.partition(",")[2] for line in again] == [
        line.partition(",")[2] for line in out.read_text().splitlines()
    ]
    analysis = repcount.analyze(film)
    assert analysis.summary.full == 3
    assert analysis.source.duration_s == pytest.approx(12.8, abs=0.3)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--camera", "nowhere.mp4"), 1, "there is no file nowhere.mp4"),
        (("--camera", "http://127.0.0.1:1/video"), 1, "no camera does at port 1"),
        (("--plan", "many"), 2, "3x30"),
        (("--sound", "loud"), 2, "voice, tones, off"),
        (("--record", "film.avi"), 1, "film.mp4"),
    ],
)
def test_what_cannot_work_is_told_before_anybody_lies_down(
    cli: Cli, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = cli("live", "--no-window", *arguments)
    assert done.code == code
    assert told in done.err
    assert "Traceback" not in done.err

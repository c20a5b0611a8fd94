#!/usr/bin/env python3
"""A long live session: does anything grow, and is all that was announced in the history?

A real session without window, in front of a stream that this process sends to itself on 127.0.0.1: the real camera
thread and socket, pose model, coach, terminal lines, history, and the process that speaks (at volume 0). The clock of
the camera side runs `--speed` times faster than life, and the stream with it: two hours take half an hour at 4.
Somebody does reps for a minute and lies still for twenty seconds, over and over; every ten minutes the stream
breaks off for three seconds. For every ten minutes of the session it prints

  RSS        memory of this process, which also sends the stream, and of the one that speaks, in MB
  threads    of this process
  files      open in this process
  announced  reps told in the terminal, counted in the lines that were written
  stored     reps in the history, as another connection finds them
  analysed   frames a second of the session's time

Exit code 0: memory is flat, threads and files are no more than after the first ten minutes, and all that was announced
is stored, no more and no less, at every look; else 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import streams  # noqa: E402

from repcount.app.event_recorder import EventRecorder  # noqa: E402
from repcount.app.live_loop import Session, run  # noqa: E402
from repcount.audio.client import VoiceClient  # noqa: E402
from repcount.coaching.events import Command, LiveUpdate  # noqa: E402
from repcount.coaching.session import SessionGoals  # noqa: E402
from repcount.config import Config  # noqa: E402
from repcount.display.live_terminal import LiveTerminal  # noqa: E402
from repcount.history.store import HistoryStore, SessionRecorder  # noqa: E402
from repcount.history.writer import HistoryWriter  # noqa: E402
from repcount.interrupts import InterruptGuard  # noqa: E402
from repcount.pose import model  # noqa: E402
from repcount.pose.tracker import PersonTracker  # noqa: E402
from repcount.video import clock  # noqa: E402
from repcount.video.camera import open_camera  # noqa: E402

CLIP = ROOT / "sample_videos" / "02_side_man_shorts.mp4"
CLIP_HZ = 24.0
REPS_S, REST_S = 60.0, 20.0
CUT_S = 3.0

LOOK_S = 600.0
"""Between two looks, of the session's time."""

FLAT_MB = 5.0
"""Memory may grow by so much an hour. What came of each of 1,200 reps an hour being kept for good would be over 2 MB
if it were 2 KB, and a frame an hour is 0.7 MB. Heuristic."""


@dataclass(frozen=True)
class Look:
    """What is to be seen at one time of the session."""

    minute: float
    rss_mb: float
    voice_mb: float
    threads: int
    files: int
    announced: int
    stored: int
    analysed_hz: float


# --- a faster life -----------------------------------------------------------------------------------------


def hurry(speed: float) -> None:
    """Let the clock of the camera side run faster, wherever it is read."""
    real = clock.clock_s

    def fast() -> float:
        return speed * real()

    for module in [module for name, module in sys.modules.items() if name.startswith("repcount")]:
        if getattr(module, "clock_s", None) is real:
            vars(module)["clock_s"] = fast


def session(pictures: list[bytes], still: list[bytes]) -> list[bytes]:
    """A minute of reps and a rest, as pictures."""
    reps = [pictures[n % len(pictures)] for n in range(round(REPS_S * CLIP_HZ))]
    return reps + [still[n % len(still)] for n in range(round(REST_S * CLIP_HZ))]


@contextlib.contextmanager
def stream(folder: Path, speed: float) -> Iterator[streams.Mjpeg]:
    """The clip again and again; lying still it is with the noise of a camera, or it would count as stuck."""
    noisy = folder / "still.mp4"
    command = [streams.FFMPEG, "-v", "error", "-i", str(CLIP), "-frames:v", "96"]
    command += ["-vf", "loop=-1:1:0,noise=alls=4:allf=t", "-t", "4", "-crf", "20", str(noisy)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    reps = folder / "reps.mp4"
    command = [streams.FFMPEG, "-v", "error", "-t", "10.8", "-i", str(CLIP), "-crf", "16", str(reps)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    sent = streams.Mjpeg(reps, CLIP_HZ, lead_s=0.0, loop=True)
    sent._pictures = session(streams.pictures(reps, CLIP_HZ), streams.pictures(noisy, CLIP_HZ))
    sent._rate_hz = speed * CLIP_HZ
    streams.pictures.cache_clear()
    with sent.running():
        yield sent


# --- what is looked at -------------------------------------------------------------------------------------


def rss_mb(pid: int) -> float:
    """Memory of a process as Linux tells it; 0 where there is none."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


@dataclass
class Watch:
    """A screen that only looks, and ends the session when its time is over."""

    minutes: float
    every_s: float
    history: Path
    lines: Path
    voice: VoiceClient
    stream: streams.Mjpeg
    speed: float
    quiet: bool
    looks: list[Look] = field(default_factory=list)
    _frames: int = 0
    _due_s: float = 0.0
    _cut_s: float = 0.0
    _over: bool = False

    def __post_init__(self) -> None:
        self._due_s = self._cut_s = self.every_s

    def show(self, moment: LiveUpdate) -> None:
        self._frames += moment.frame is not None
        self._over = moment.time_s >= 60 * self.minutes
        if moment.time_s >= self._cut_s - self.every_s / 2 and not self._over:
            self._cut_s += self.every_s
            self.stream.cut()
            threading.Timer(CUT_S / self.speed, self.stream.restore).start()
        if moment.time_s >= self._due_s:
            self._due_s += self.every_s
            self.look(moment.time_s)

    def commands(self) -> list[Command]:
        return [Command.QUIT] if self._over else []

    def look(self, time_s: float) -> None:
        """Note how it is now, and print it."""
        frames, self._frames = self._frames, 0
        # First of all: SQLite keeps the file of this connection open for the next one.
        stored = self.stored()
        speaker = self.voice._worker
        look = Look(
            time_s / 60,
            rss_mb(os.getpid()),
            rss_mb(speaker.processes[-1].pid) if speaker else 0.0,
            threading.active_count(),
            len(os.listdir("/proc/self/fd")),
            self.announced(),
            stored,
            frames / self.every_s,
        )
        self.looks.append(look)
        if not self.quiet:
            print(row(look), flush=True)

    def announced(self) -> int:
        """The reps in the lines of the terminal."""
        return len(re.findall(r"s  rep \d+,", self.lines.read_text(encoding="utf-8")))

    def stored(self) -> int:
        """The reps in the history, as somebody else reads it."""
        with contextlib.closing(sqlite3.connect(self.history)) as other:
            return int(other.execute("SELECT count(*) FROM rep").fetchone()[0])


HEAD = "  minute  RSS MB  voice MB  threads  files  announced  stored  analysed"


def row(look: Look) -> str:
    """One line of the table."""
    return (
        f"{look.minute:8.1f}  {look.rss_mb:6.1f}  {look.voice_mb:8.1f}  {look.threads:7}  {look.files:5}  "
        f"{look.announced:9}  {look.stored:6}  {look.analysed_hz:5.1f} Hz"
    )


# --- the session -------------------------------------------------------------------------------------------


def soak(minutes: float, speed: float, every_s: float, *, quiet: bool) -> tuple[list[Look], list[str], int]:
    """Hold the session; the looks, what the session told of trouble, and its integrity: 0 where all is right."""
    hurry(speed)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        messages: list[str] = []
        sent = stack.enter_context(stream(folder, speed))
        voice = stack.enter_context(VoiceClient("voice", volume=0.0))
        tracker = stack.enter_context(PersonTracker(model.ensure_model(), look_round=True))
        eye = stack.enter_context(open_camera(sent.url, give_up_s=600))
        lines = stack.enter_context((folder / "lines.txt").open("w", encoding="utf-8", buffering=1))
        status = stack.enter_context(LiveTerminal(lines))
        watch = Watch(minutes, every_s, folder / "history.sqlite3", folder / "lines.txt", voice, sent, speed, quiet)
        record = EventRecorder(None, datetime.now().astimezone(), clock.clock_s(), messages.append)

        def begin(history: HistoryStore) -> SessionRecorder:
            return history.begin(record.started, sent.url, "free", Config())

        record.history = stack.enter_context(HistoryWriter(folder / "history.sqlite3", begin, lambda: record.day))
        outcome = run(
            Session(eye, tracker, Config(), SessionGoals(), record, [status, watch], [voice], messages.append),
            stack.enter_context(InterruptGuard()),
        )
        counted = len(outcome.analysis.reps)
        lines.flush()
        drift = abs(counted - watch.announced()) + abs(counted - watch.stored())
        with contextlib.closing(sqlite3.connect(folder / "history.sqlite3")) as other:
            drift += other.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
    return watch.looks, messages, drift


def growth_mb_h(looks: list[Look]) -> float:
    """Theil and Sen's slope of the memory after the first look, in MB an hour."""
    settled = looks[1:]
    slopes = [
        60 * (b.rss_mb - a.rss_mb) / (b.minute - a.minute) for n, a in enumerate(settled) for b in settled[n + 1 :]
    ]
    return statistics.median(slopes) if slopes else 0.0


def faults(looks: list[Look], drift: int) -> list[str]:
    """What is not as it should be."""
    first, last = looks[0], looks[-1]
    found = []
    if len(looks) > 3 and growth_mb_h(looks) > FLAT_MB:
        found.append(f"memory grows by {growth_mb_h(looks):.1f} MB an hour")
    if last.threads > first.threads:
        found.append(f"threads grew from {first.threads} to {last.threads}")
    if last.files > first.files:
        found.append(f"open files grew from {first.files} to {last.files}")
    if drift or any(look.announced != look.stored for look in looks):
        found.append("announced and stored are not the same")
    if last.announced == 0:
        found.append("nothing was counted")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0, help="of the session's time")
    parser.add_argument("--speed", type=float, default=4.0, help="how many times faster than life")
    parser.add_argument("--every", type=float, default=LOOK_S, help="seconds of the session between two looks")
    parser.add_argument("--json", type=Path, help="write the looks and the verdict here; no table is printed")
    given = parser.parse_args()
    if not given.json:
        print(HEAD)
    begun_s = time.monotonic()
    looks, messages, drift = soak(given.minutes, given.speed, given.every, quiet=given.json is not None)
    wrong = faults(looks, drift)
    took_min = (time.monotonic() - begun_s) / 60
    if given.json:
        document = {
            "looks": [asdict(look) for look in looks],
            "messages": messages,
            "faults": wrong,
            "took_min": took_min,
        }
        given.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    for text in sorted(set(messages)):
        print(f"said {messages.count(text)} times: {text}")
    span = f"{looks[-1].announced} reps in {given.minutes:g} minutes, which took {took_min:.1f}"
    verdict = "; ".join(wrong) or f"nothing grows (memory {growth_mb_h(looks):+.1f} MB an hour), nothing is lost"
    print(f"{span}: {verdict}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())

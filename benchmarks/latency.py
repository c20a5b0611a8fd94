#!/usr/bin/env python3
"""How soon live counting tells a rep, and how many frames it has no time for.

Plays a video at its own speed as the camera of a real live session without window, and prints

  heard       seconds from the legs being back to the first sound of the answer, in what the voice wrote into a file
  announced   seconds from the legs being back (the rep's `end_s`) to the count being handed to voice and window
  behind      seconds from a frame's capture to its moment being handed out, over all analysed frames
  voice       seconds for which handing a moment to the voice, which speaks into a file, held up the loop
  captured    frames that came, how many of them were analysed, and how many of those due were not
  core        share of one core that the whole process used

and a table of the reps with what was heard of each. The legs are held to be back when they have stopped sinking for
0.2 s where they rest, and for 0.4 s elsewhere. That is most of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from repcount.agreement.statistics import percentile
from repcount.app.event_recorder import EventRecorder
from repcount.app.live_loop import Session, run
from repcount.audio.client import VoiceClient
from repcount.audio.synthesis import RATE_HZ
from repcount.coaching.events import Command, LiveUpdate
from repcount.coaching.session import SessionGoals
from repcount.config import Config
from repcount.interrupts import InterruptGuard
from repcount.pose import model
from repcount.pose.tracker import PersonTracker
from repcount.types import Rep
from repcount.video.camera import Camera, open_camera
from repcount.video.clock import clock_s

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.listening import Listener, sound_of

_WORDS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "ready"),
    *("higher", "all the way down", "legs straight", "legs together", "slower", "raise slower", "lower slower"),
    *("take your time", "you are getting lower", "you are getting faster", "press t to count these"),
)
_NUMBER_S = 0.75
"""A number is said in this time."""

_SPEAKING_S = 1.5
"""What was announced last is still being said."""


@dataclass
class TimedVoice:
    """A voice whose hold-ups are noted."""

    voice: VoiceClient
    held_up_s: list[float] = field(default_factory=list)

    @property
    def trouble(self) -> str | None:
        return self.voice.trouble

    def show(self, moment: LiveUpdate) -> None:
        before_s = time.perf_counter()
        self.voice.show(moment)
        self.held_up_s.append(time.perf_counter() - before_s)


@dataclass
class Stopwatch:
    """A screen that only looks at the clock."""

    camera: Camera
    announced_s: list[float] = field(default_factory=list)
    reps: list[Rep] = field(default_factory=list)
    behind_s: list[float] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    def show(self, moment: LiveUpdate) -> None:
        now_s = self.camera.now_s()
        if moment.frame is not None:
            self.behind_s.append(now_s - moment.frame.time_s)
            self.times_s.append(moment.frame.time_s)
        reps = [event for update in moment.updates for event in update.events if isinstance(event, Rep)]
        self.announced_s += [now_s - rep.end_s for rep in reps]
        self.reps += reps

    def commands(self) -> list[Command]:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    given = parser.parse_args()
    config = Config()
    voice_s = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        VoiceClient(file=Path(folder) / "heard.wav") as voice,
        PersonTracker(model.ensure_model()) as tracker,
        open_camera(str(given.video)) as source,
        InterruptGuard() as stop,
    ):
        watch, timed = Stopwatch(source), TimedVoice(voice)
        record = EventRecorder(None, datetime.now().astimezone(), clock_s(), print)
        began_s, used_s = time.monotonic(), time.process_time()
        outcome = run(Session(source, tracker, config, SessionGoals(), record, [watch], [timed], print), stop)
        share = (time.process_time() - used_s) / (time.monotonic() - began_s)
        lead_s = time.monotonic() - voice_s - source.now_s()
        time.sleep(_SPEAKING_S)
        listener, sound = Listener(_WORDS), sound_of(Path(folder) / "heard.wav")
        heard = [(at_s - lead_s, partial, words) for at_s, partial, words in listener.heard(sound)]

    def hear_from(at_s: float) -> str | None:
        start = round((at_s + lead_s) * RATE_HZ)
        return listener.hear(sound[start : start + round(_NUMBER_S * RATE_HZ)])

    tell(watch, heard, hear_from)
    show(watch, timed, source, share)
    print(f"counted    {outcome.analysis.summary.full} full, {outcome.analysis.summary.partial} partial")


def tell(
    watch: Stopwatch, heard: list[tuple[float, bool, str | None]], hear_from: Callable[[float], str | None]
) -> None:
    """Print what was heard of each rep, and how soon; a number that interrupts a cue begins in no silence, and is
    listened for where it was announced.
    """
    first_s, reps = [], watch.reps
    for rep, after, announced_s in zip(reps, [*reps[1:], None], watch.announced_s, strict=True):
        until_s = after.end_s if after else float("inf")
        of_rep = [(at_s, partial, words) for at_s, partial, words in heard if rep.end_s <= at_s < until_s]
        first_s += [at_s - rep.end_s for at_s, _, _ in of_rep[:1]]
        result = ", ".join(
            f"+{at_s - rep.end_s:.2f} {'tone, ' if partial else ''}{words}" for at_s, partial, words in of_rep
        )
        result = result or f"+{announced_s:.2f} announced, interrupts: {hear_from(rep.end_s + announced_s)}"
        raised = f", next raise +{after.start_s - rep.end_s:.2f}" if after else ""
        print(f"rep {rep.number:3} {'full' if rep.full else 'partial':8} down at {rep.end_s:6.2f} s: {result}{raised}")
    print_times("heard", first_s)


def print_times(name: str, values: list[float]) -> None:
    result = "  ".join(f"{label} {percentile(values, at):.4f} s" for label, at in (("median", 0.5), ("95th", 0.95)))
    print(f"{name:10} {result}  longest {max(values, default=0.0):.4f} s  ({len(values)})")


def show(watch: Stopwatch, voice: TimedVoice, source: Camera, share: float) -> None:
    told_s = {"announced": watch.announced_s, "behind": watch.behind_s, "voice": voice.held_up_s}
    for name, values in told_s.items():
        print_times(name, values)
    analysed = len(watch.times_s)
    due = round((watch.times_s[-1] - watch.times_s[0]) * Config().rate_hz) + 1
    missed = max(due - analysed, 0) / due
    print(f"captured   {source.captured}, analysed {analysed}, missed {missed:.1%} of those due")
    print(f"core       {share:.0%}")


if __name__ == "__main__":
    main()

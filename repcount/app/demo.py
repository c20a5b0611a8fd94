"""The demo: the sample video as a live session with window and voice, then its report in the browser."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from repcount import files
from repcount.analysis import Analysis
from repcount.app import live, live_loop
from repcount.app.analyze import sample_video_path
from repcount.app.console import ConsoleReporter
from repcount.app.jobs import ThumbnailJob, take_thumbnails
from repcount.audio import client
from repcount.coaching.session import SessionGoals, WorkoutPlan
from repcount.config import Config
from repcount.interrupts import InterruptGuard
from repcount.pose import model as pose_model
from repcount.reports.html import ReportItem, render_report
from repcount.reports.traces import AngleTrace

_REPORT, _SOUND = "repcount-demo.html", "repcount-demo.wav"
"""Names of the files that the demo writes, with a number where there is such a file: it may be anybody's."""

_PLAN = WorkoutPlan(sets=1, reps=5)
"""What the sample video shows."""


def run(model: Path | None, now: Callable[[], datetime], reporter: ConsoleReporter) -> int:
    """Play the sample in the window, show its result and open its report; returns the exit code.

    It needs a display. Nothing goes into the history. Raises RepcountError.
    """
    video, folder = sample_video_path(), _writable_folder()
    audible, problem = client.check()
    sound = live.SoundOptions(file=None if audible else free_path(folder / _SOUND))
    options = live.LiveOptions(
        camera=str(video),
        goals=SessionGoals(_PLAN),
        plan="1x5",
        sound=sound,
        window=True,
        record=None,
        give_up_s=60.0,
        force=False,
        now=now,
        history=False,
    )
    trace = AngleTrace()
    with InterruptGuard() as guard, ExitStack() as stack:
        path = pose_model.ensure_model(model, reporter.note)
        session = live.open_session(options, Config(), path, reporter, stack, window_stack=stack).session
        session.recorder.sinks.append(trace)
        outcome = live_loop.run(session, guard)
    reporter.show_analysis(outcome.analysis, heading=False)
    if sound.file is not None:
        reporter.note(f"note: {problem}. What would be heard is in {sound.file}")
    if outcome.analysis.reps:
        _open_report(free_path(folder / _REPORT), outcome.analysis, trace, now(), reporter)
    return outcome.exit_code or reporter.exit_code()


def _writable_folder() -> Path:
    """The current folder: some browsers may open neither temporary files nor those in hidden folders."""
    return Path.cwd() if os.access(Path.cwd(), os.W_OK) else Path(tempfile.gettempdir())


def free_path(path: Path) -> Path:
    """`path`, or `demo-2.html` and so on where there is something of that name, even a link to nothing."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(each for each in chain([path], numbered) if not os.path.lexists(each))


def _open_report(path: Path, analysis: Analysis, trace: AngleTrace, made: datetime, reporter: ConsoleReporter) -> None:
    thumbnails = take_thumbnails(ThumbnailJob(sample_video_path(), analysis, trace), lambda *_: None)
    page = render_report([ReportItem(analysis, trace, thumbnails)], made=made.date().isoformat())
    with files.OutputSet([path], reporter) as out:
        out.write_bytes(path, page.encode("utf-8"))
    if path not in reporter.failed:
        opened = webbrowser.open(path.resolve().as_uri())
        reporter.note(f"The report {'opens in your browser' if opened else 'can be opened in a browser'}: {path}")

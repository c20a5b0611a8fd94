"""What is right for hostile input: it works, with results that hold together, or one clear line says why not.

A judge is handed a file that `hostile.py` made. It returns "good", or raises a RepcountError that names the file;
anything else is a failure.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import accuracy
import hostile

import repcount
from repcount import cli, config, formats, pipeline
from repcount.app import history as app_history
from repcount.errors import RepcountError
from repcount.history.store import DeleteFilter, HistoryStore
from repcount.messages import warning_sentence
from repcount.pose import chunking
from repcount.types import Frame
from repcount.video import reader

Judge = Callable[[Path, int, Path], str]
"""Takes the file, the number of the case and the folder of sound files; says what came of it."""

GOOD, REFUSED = "good", "refused"

_TODAY = date(2026, 11, 23)
_RATES_HZ = (15.0, 240.0, 5.0)

_MOST_FRAMES = 5000
"""The sound files have 24; what repeats a part of one 1000 times may have some thousand."""

_LONGEST_TOLD = 1000
"""Letters of a message. Heuristic: it has to fit on a screen."""

_NEAR_PX = 800
"""As `parallel.TRACKED_LONG_SIDE_PX`, which cannot be asked without loading the pose model's library."""


def run(kind: str, path: Path, number: int, samples: Path) -> str:
    """What came of one case. Raises what is no RepcountError, and AssertionError for what is not right."""
    try:
        return JUDGES[kind](path, number, samples)
    except RepcountError as error:
        _check_message(str(error), path)
        return REFUSED


def _check_message(text: str, path: Path) -> None:
    assert path.name in text, f"does not name the file: {text[:_LONGEST_TOLD]}"
    assert "Traceback" not in text
    assert "\n" not in text, f"more than a line: {text[:_LONGEST_TOLD]}"
    assert len(text) <= _LONGEST_TOLD, f"{len(text)} letters: {text[:_LONGEST_TOLD]}"


def _video(path: Path, number: int, _: Path) -> str:
    """All that is done with a video before the pose model looks at it."""
    rate_hz = _RATES_HZ[number % len(_RATES_HZ)]
    with reader.open_video(path, threads=number % 2 + 1) as video:
        info = video.info
        assert math.isnan(info.duration_s) or 0 < info.duration_s < math.inf
        shrink = info.shrink(_NEAR_PX)
        smaller = max(round(info.shrink(chunking.TARGET_LONG_SIDE_PX) / shrink), 1)
        frames = _checked(video.frames(rate_hz, shrink))
        slots = chunking.frame_slots(frames, lambda frame: reader.to_grey(frame, smaller))
        chunks = chunking.split_into_chunks(slots, info.duration_s * min(rate_hz, info.rate_hz))
        read = list(itertools.islice(chunks, _MOST_FRAMES))
        assert 0 < len(read) < _MOST_FRAMES
        assert len(read) <= video.frames_read
        assert 0 < video.duration_s < math.inf
        assert all("\n" not in warning_sentence(warning) for warning in video.warnings())
    return GOOD


def _checked(frames: Iterable[Frame]) -> Iterator[Frame]:
    shape, last_s = None, -math.inf
    for frame in frames:
        assert last_s < frame.time_s < math.inf, f"{frame.time_s} after {last_s}"
        assert shape in (None, frame.image.shape), f"{frame.image.shape} after {shape}"
        shape, last_s = frame.image.shape, frame.time_s
        yield frame


def _stamps(path: Path, _: int, __: Path) -> str:
    given = json.loads(path.read_bytes())
    made = reader.TimestampRepair(given["frame_s"])
    times = [made.stamp(stamp) for stamp in given["stamps"]]
    assert times[0] == 0
    assert all(earlier < later < math.inf for earlier, later in itertools.pairwise(times))
    assert made.frames == len(times)
    if (warning := made.warning()) is not None:
        warning_sentence(warning)
    return GOOD


def _signal(path: Path, _: int, __: Path) -> str:
    _check_analysis(pipeline.recount(path))
    return GOOD


def _check_analysis(analysis: repcount.Analysis) -> None:
    _strict(formats.as_json([analysis]))
    formats.write_reps(io.StringIO(), [analysis])
    summary = analysis.summary
    assert summary.full + summary.partial == len(analysis.reps)
    assert [rep.number for rep in analysis.reps] == list(range(1, len(analysis.reps) + 1))
    for rep in analysis.reps:
        assert rep.start_s <= rep.top_s <= rep.end_s < math.inf, rep
    for earlier, later in itertools.pairwise(analysis.reps):
        assert earlier.end_s <= later.start_s, (earlier, later)


def _strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def _settings(path: Path, _: int, __: Path) -> str:
    formats.as_json([pipeline.count([(0.0, 180.0)], config.load(path))])
    return GOOD


def _labels(path: Path, number: int, samples: Path) -> str:
    """The benchmark of accuracy, on signals that are there already."""
    folder = samples / "signals"
    with contextlib.suppress(FileExistsError):
        (path.parent / "signals").symlink_to(folder)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: Any = accuracy.main([str(path), "--signals", str(folder), "--json", str(path.parent / "out.json")])
        except SystemExit as ended:
            code = ended.code
    if code == 2:
        _check_message(err.getvalue().splitlines()[-1], path)
        return REFUSED
    assert code == 0
    _strict((path.parent / "out.json").read_text(encoding="utf-8"))
    return GOOD


def _history(path: Path, number: int, _: Path) -> str:
    """All that looks at the history, and on every third case what deletes from it."""
    os.environ["REPCOUNT_HISTORY"] = str(path)
    with HistoryStore(path, lambda _: None) as history:
        sessions = history.sessions()
        assert {session.id for session in history.sessions(date(2026, 11, 22))} <= {session.id for session in sessions}
        history.span()
        assert history.full_reps_on(date(2026, 11, 21)) >= 0
        assert all(person.name for person in history.people.all())
        found = history.count(DeleteFilter(everything=True))
        assert sum(len(session.reps) for session in sessions) <= found[1]
    named = {name: path.parent / f"out.{name}" for name in ("csv", "json")}
    # A page takes ten times as long as all the rest.
    pages = path.parent / "pages"
    pages.mkdir()
    page = pages if number % 7 == 0 else None
    days, every = (36500, True) if number % 2 else (14, False)
    asked = app_history.HistoryQuery(
        today=_TODAY, days=days, every_session=every, limit=100, csv=named["csv"], json=named["json"], report=page
    )
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        app_history.show(asked)
        _strict(named["json"].read_text(encoding="utf-8"))
        app_history.export(
            app_history.ExportQuery(
                first=None, csv=path.parent / "reps.csv", sets=path.parent / "sets.csv", fit=path.parent / "fit"
            )
        )
        if number % 3 == 0:
            app_history.delete(DeleteFilter(before=_TODAY), lambda _: True)
    return GOOD


# --- the command -------------------------------------------------------------------------------------------


def _analyze(path: Path, _: int, __: Path) -> str:
    return _command(
        path, "analyze", path, "--signal", path.parent / "results" / "signal.csv", outputs="csv json signal.csv"
    )


def _recount(path: Path, _: int, __: Path) -> str:
    return _command(path, "recount", path, outputs="csv json")


def _configured(path: Path, _: int, samples: Path) -> str:
    return _command(path, "recount", samples / "signals" / "two@15hz.csv", "--config", path, outputs="csv json")


def _looked_back(path: Path, number: int, _: Path) -> str:
    os.environ["REPCOUNT_HISTORY"] = str(path)
    return _command(path, "history", "--days", str(number % 2 * 36000 + 14), outputs="csv json")


def _command(path: Path, *arguments: str | Path, outputs: str) -> str:
    """Run `repcount` as a person does: exit code 0 and all results; or 1 (2 for settings), one line why, no result."""
    results = path.parent / "results"
    results.mkdir()
    named: list[str | Path] = ["--csv", results / "reps.csv", "--json", results / "reps.json"]
    code, out, err = _main(*arguments, *named)
    outcome = [line for line in err.splitlines() if line.startswith("repcount: ")]
    left = sorted(file.name for file in results.iterdir())
    assert "Traceback" not in out + err, err
    if code == 0:
        wanted = {"csv": "reps.csv", "json": "reps.json"}
        assert left == sorted(wanted.get(name, name) for name in outputs.split()), left
        assert not outcome, err
        _strict((results / "reps.json").read_text(encoding="utf-8"))
        return GOOD
    assert code in (1, 2), (code, err)
    assert len(outcome) == 1, err
    assert not left, left
    _check_message(outcome[0], path)
    return REFUSED


def _main(*arguments: str | Path) -> tuple[Any, str, str]:
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["repcount", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as ended:
        return ended.code, out.getvalue(), err.getvalue()
    finally:
        sys.argv = before
    raise AssertionError("it does not end as a command does")


JUDGES: dict[str, Judge] = {
    **dict.fromkeys((*hostile.CONTAINERS, "timed", "texts"), _video),
    "stamps": _stamps,
    "signal": _signal,
    "settings": _settings,
    "labels": _labels,
    "history": _history,
    "repcount analyze": _analyze,
    "repcount recount": _recount,
    "repcount recount --config": _configured,
    "repcount history": _looked_back,
}

MADE_AS: dict[str, tuple[str, ...]] = {
    "repcount analyze": (*hostile.CONTAINERS, "timed"),
    "repcount recount": ("signal",),
    "repcount recount --config": ("settings",),
    "repcount history": ("history",),
}
"""Of which kinds, in turn, the files of a command are; the others make their own."""

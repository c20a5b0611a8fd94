"""Several videos in one go: each counted and shown, all results written, no bad file stops the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import zip_longest
from pathlib import Path

from repcount import isolate, looks, outputs, pipeline, table
from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import OutputError, SettingError
from repcount.handover import Handover
from repcount.interrupt import Brake
from repcount.journal import Journal
from repcount.known import Fact, Stage
from repcount.line import Line
from repcount.looks import Look
from repcount.run import Run
from repcount.told import Report, Wanted


def analyze(videos: list[Path], config: Config, model: Path | None, wanted: Wanted, told: Report) -> None:
    """Count the videos and write what is wanted. Raises RepcountError before anything is counted."""
    _check(wanted)
    journal, whole = _journal(videos, config, wanted), False
    force = wanted.force or (journal is not None and journal.found)
    with suppress(_NothingCountedError), ExitStack() as stack:
        signals = _each(videos, wanted.signal, ".csv", "signal", stack)
        films = _each(videos, wanted.annotate, ".mp4", "annotated video", stack)
        outputs.check_distinct([*wanted.texts, *signals, *films], videos)
        if journal is not None:
            stack.enter_context(journal)
        # Here, so that folders and the journal are still those of the process that outlives the others.
        line = Line() if wanted.cluster else isolate.line([*wanted.texts, *signals, *films])
        _take_over(line, told)
        there = {path for path in (*signals, *films) if path.is_file()}
        out = stack.enter_context(outputs.Outputs([*wanted.texts, *signals], told, force=force))
        to_film = [None if line.has(Fact.OVER, number) else film for number, film in enumerate(films)]
        looked_at = [
            stack.enter_context(Look(*pair, drawn=wanted.drawn, force=force or line.again))
            for pair in zip_longest(videos, to_film)
        ]
        pairs = list(zip_longest(looked_at, signals))
        handover = Handover(line, pairs, out)
        run = Run(config, model, wanted, told, out, stack.enter_context(Brake()), journal, handover)
        done = list(run.all(pairs, there))
        if not done:
            raise _NothingCountedError
        done.sort(key=looked_at.index)
        write([look.analysis for look in done], wanted, out, array=len(videos) > 1)
        _draw(done, wanted, out, told, line)
        whole = True
    if whole and journal is not None and wanted.json not in told.failed:
        journal.remove()
    if told.lost is None:
        line.end_with(told.exit_code())


def _take_over(line: Line, told: Report) -> None:
    """What processes before this one have done stays done."""
    told.noted = line.failed
    told.failed += map(Path, line.known.failed)
    if line.known.stopped:
        told.stopped()


class _NothingCountedError(Exception):
    """Unwinds the outputs, so that no file appears that holds nothing."""


def _check(wanted: Wanted) -> None:
    looks.check(wanted.plot, wanted.annotate)
    if wanted.resume and (wanted.json is None or wanted.json == outputs.STDOUT):
        raise SettingError("--resume goes on from the results in a file: name it with --json")
    if wanted.resume and wanted.drawn:
        raise SettingError("--resume keeps numbers, not curves: leave --plot and --report for `repcount recount`")
    if wanted.cluster and wanted.annotate:
        raise SettingError("--annotate needs the video here; it does not go together with --cluster")


def _journal(videos: Sequence[Path], config: Config, wanted: Wanted) -> Journal | None:
    """Long runs keep what they have; those of one video have nothing to keep."""
    if wanted.json is None or not _ordinary(wanted.json) or not (wanted.resume or len(videos) > 1):
        return None
    return Journal(wanted.json, config, resume=wanted.resume, force=wanted.force)


def _ordinary(path: Path) -> bool:
    return path != outputs.STDOUT and (path.is_file() or not path.exists())


def recount(signal: Path, config: Config, wanted: Wanted, told: Report) -> None:
    """Count a saved signal again and write what is wanted. Raises RepcountError."""
    looks.check(wanted.plot, None)
    outputs.check_distinct(wanted.texts, [signal])
    with outputs.Outputs(wanted.texts, told, force=wanted.force) as out:
        look = Look(signal, None, drawn=wanted.drawn)
        look.analysis = pipeline.recount(signal, config, sinks=look.sinks)
        told.interrupted = look.analysis.interrupted
        told.analysis(look.analysis, heading=False)
        write([look.analysis], wanted, out)
        _draw([look], wanted, out, told, Line())


def write(analyses: Sequence[Analysis], wanted: Wanted, out: outputs.Outputs, *, array: bool = False) -> None:
    """Write rep CSV and JSON where they are wanted."""
    if wanted.csv is not None:
        out.write(wanted.csv, lambda file: table.write_reps(file, analyses))
    if wanted.json is not None:
        out.write(wanted.json, lambda file: file.write(table.as_json(analyses, array=array)))


def _draw(done: Sequence[Look], wanted: Wanted, out: outputs.Outputs, told: Report, line: Line) -> None:
    """Write plot and report where they are wanted."""
    if wanted.plot is not None:
        _put(wanted.plot, lambda path: looks.plot(path, done), out, told, line)
    if wanted.report is not None:
        _put(wanted.report, lambda path: looks.report(path, done, wanted.made), out, told, line)


def _put(path: Path, drawn: Callable[[Path], bytes], out: outputs.Outputs, told: Report, line: Line) -> None:
    """Write one of them, unless a process before this one has died of that."""
    of = line.known.guilty.get((Stage.WRITE, str(path)))
    if of is not None:
        out.drop(path)
        told.failure(path, OutputError(f"{path} is not written: the library that draws it crashed ({of})"))
        return
    with line.at((Stage.WRITE, str(path))):
        out.put(path, drawn(path))


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _each(videos: Sequence[Path], target: Path | None, ending: str, what: str, stack: ExitStack) -> list[Path]:
    """The file of each video, if asked for: the one named, or one by its name in the folder named.

    A folder that is made for them is gone again when the `stack` ends, if nothing has come into it.
    """
    if target is None:
        return []
    if len(videos) == 1 and not target.is_dir():
        return [target]
    if target == outputs.STDOUT:
        raise OutputError(f"the {what}s of several videos do not fit into standard output; name a folder")
    try:
        target.mkdir()
        stack.callback(_remove_if_empty, target)
    except OSError as error:
        if not target.is_dir():
            raise OutputError(f"cannot make the folder {target} for the {what}s: {error.strerror}") from error
    first: dict[str, Path] = {}
    for video in videos:
        if video.stem in first:
            both = f"{first[video.stem]} and {video}"
            file = target / f"{video.stem}{ending}"
            raise OutputError(f"{both} would share the {what} file {file}; analyze them apart")
        first[video.stem] = video
    return [target / f"{video.stem}{ending}" for video in videos]

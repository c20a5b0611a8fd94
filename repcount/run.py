"""One run over several videos: here or on a cluster, each told of when it is done."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from repcount import outputs, pipeline, table
from repcount.config import Config
from repcount.crowd import Crowd
from repcount.errors import OutputError, VideoError
from repcount.handover import Handover, Pair
from repcount.interrupt import Brake
from repcount.journal import Journal
from repcount.known import Stage
from repcount.looks import Look
from repcount.records import Update
from repcount.sinks import terminal
from repcount.told import Report, Wanted


class Run:
    """Counts videos one way or another, and tells of each when it is done."""

    def __init__(
        self,
        config: Config,
        model: Path | None,
        wanted: Wanted,
        told: Report,
        out: outputs.Outputs,
        brake: Brake,
        journal: Journal | None,
        handover: Handover,
    ) -> None:
        self._config, self._model, self._wanted, self._told = config, model, wanted, told
        self._out, self._brake, self._journal, self._handover = out, brake, journal, handover
        self._several = False

    def all(self, pairs: Sequence[Pair], there: set[Path]) -> Iterator[Look]:
        """The videos that have a result, in the order in which they got it; `there` are files of an earlier run."""
        self._several = len(pairs) > 1
        to_do = []
        for look, signal in pairs:
            if self._handover.over(look):
                if self._handover.restored(look):
                    yield look
                else:
                    self._without(signal)
                continue
            before = self._journal.done(look.video) if self._journal and self._wanted.resume else None
            if before is not None and {path for path in (signal, look.wanted_film) if path} <= there:
                look.analysis = before
                self._without(signal)
                self._told.note(f"{look.video}: done before")
                self._handover.leave(look, before)
                self._handover.finish(look)
                yield look
            else:
                to_do.append((look, signal))
        yield from self._on_cluster(to_do) if self._wanted.cluster else self._here(to_do)

    def _here(self, pairs: Sequence[Pair]) -> Iterator[Look]:
        """All of them; one at a time as long as it has to be found out which one ended the process before this."""
        last = max((place for place, (look, _) in enumerate(pairs) if self._handover.suspected(look)), default=-1)
        for pair in pairs[: last + 1]:
            yield from self._together([pair])
        yield from self._together(pairs[last + 1 :])

    def _together(self, pairs: Sequence[Pair]) -> Iterator[Look]:
        """Several at once where there are several: short videos have little in them that can be shared."""
        around = self._handover.counting
        with Crowd(self._config, self._model, self._wanted.jobs, self._told.note, around) as crowd:
            for look, signal in pairs:
                if self._handover.to_count(look) and not self._told.interrupted:
                    crowd.add(look, [*look.sinks, *([SignalFile(self._out, signal)] if signal else [])])
            for look, signal in pairs:
                if not self._handover.restored(look) and (self._told.interrupted or not self._one(look, crowd)):
                    self._without(signal)
                    continue
                if not self._handover.told(look):
                    self._tell(look)
                self._finish(look)
                yield look

    def _on_cluster(self, pairs: Sequence[Pair]) -> Iterator[Look]:
        from repcount import cluster

        waiting = {look.video: (look, signal) for look, signal in pairs}
        asked = cluster.Task(self._config, self._model, self._wanted.signal is not None, self._wanted.drawn)
        try:
            for video, done in cluster.counted(self._wanted.cluster or "", list(waiting), asked):
                look, signal = waiting.pop(video)
                if isinstance(done, VideoError):
                    self._without(signal)
                    self._told.failure(video, done)
                    continue
                look.analysis, look.curve = done.analysis, done.curve
                if signal:
                    self._out.write(signal, lambda file, text=done.signal: file.write(text))  # type: ignore[misc]
                self._tell(look)
                self._finish(look)
                yield look
        except KeyboardInterrupt:
            self._told.stopped()
        for _, signal in waiting.values():
            self._without(signal)

    def _one(self, look: Look, crowd: Crowd) -> bool:
        """Wait for one video; False where there is no result. Raises what would be wrong with all of them."""
        try:
            with terminal.Bar(sys.stderr, look.video.name) as bar:
                self._handover.check(Stage.COUNT, look)
                look.analysis = crowd.result(look, bar.to, self._brake)
        except VideoError as error:
            self._told.failure(look.video, error)
            self._handover.finish(look)
            return False
        except KeyboardInterrupt:
            # Before its first frame: there is nothing of this video, and the ones before are kept.
            self._told.stopped()
            return False
        self._told.interrupted |= look.analysis.interrupted
        return True

    def _tell(self, look: Look) -> None:
        if self._journal is not None:
            try:
                self._journal.add(look.analysis)
            except OutputError as error:
                self._told.failure(self._journal.path, error)
        self._told.analysis(look.analysis, heading=self._several)
        self._handover.tell(look, self._told.results)

    def _finish(self, look: Look) -> None:
        """What takes a second look at the video: its annotated copy and the pictures of the report."""
        try:
            with (
                self._handover.looking(look),
                terminal.Bar(sys.stderr, f"{look.video.name}, pictures") as bar,
            ):
                progress = self._braked(bar.to)
                for note in look.film_it(progress):
                    self._told.note(f"note: {note}")
                if self._wanted.report and self._wanted.pictures:
                    look.take_pictures(progress)
        except (VideoError, OutputError) as error:
            self._told.failure(look.video, error)
        except KeyboardInterrupt:
            self._told.stopped()
            return
        self._handover.finish(look)

    def _braked(self, show: pipeline.Progress) -> pipeline.Progress:
        """`show`, which the pipeline calls between two samples: there Ctrl-C may end it."""

        def progress(time_s: float, duration_s: float) -> None:
            self._brake.delayed = True
            self._brake.check()
            show(time_s, duration_s)

        return progress

    def _without(self, signal: Path | None) -> None:
        if signal:
            self._out.drop(signal)


class SignalFile:
    """A sink whose trouble is that of its file alone."""

    def __init__(self, out: outputs.Outputs, path: Path) -> None:
        self._out, self._path = out, path
        out.write(path, self._begin)

    def _begin(self, file: TextIO) -> None:
        self._writer = table.SignalWriter(file)

    def write(self, update: Update) -> None:
        """Write the row of one update."""
        self._out.write(self._path, lambda _: self._writer.write(update))

"""What a process at work leaves to the next one about each video, should it die."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from repcount.analysis import Analysis
from repcount.errors import VideoError
from repcount.isolate import crashed
from repcount.known import Fact, Stage
from repcount.line import Line
from repcount.looks import Look
from repcount.outputs import STDOUT, Outputs

Pair = tuple[Look, Path | None]
"""A video and the file for its signal, if that is wanted."""


class Handover:
    """Tells what becomes of the videos, and takes over those that a process before this one has dealt with."""

    def __init__(self, line: Line, pairs: Sequence[Pair], out: Outputs) -> None:
        self._line, self._out = line, out
        self._numbers = {look: number for number, (look, _) in enumerate(pairs)}
        self._signals = dict(pairs)
        for look, _ in pairs:
            self._restore(look)

    def _restore(self, look: Look) -> None:
        if (result := self._line.kept(Fact.RESULT, self._numbers[look])) is None:
            return
        analysis, memory, written = result
        look.restore(analysis, memory)
        if pictures := self._line.kept(Fact.OVER, self._numbers[look]):
            look.pictures, look.film_path = pictures
        signal = self._signals[look]
        if signal is not None and written is None:
            self._out.drop(signal)
        elif signal is not None:
            self._out.write(signal, lambda file: _copy(written, file))

    # --- what is known from before -------------------------------------------------------------------------

    def restored(self, look: Look) -> bool:
        """Whether it has been counted."""
        return self._line.has(Fact.RESULT, self._numbers[look])

    def told(self, look: Look) -> bool:
        """Whether its result has been told."""
        return self._line.has(Fact.TOLD, self._numbers[look])

    def over(self, look: Look) -> bool:
        """Whether nothing is left to do."""
        return self._line.has(Fact.OVER, self._numbers[look])

    def suspected(self, look: Look) -> bool:
        """Whether it may be what a process died of."""
        number = self._numbers[look]
        return not {(Stage.COUNT, number), (Stage.LOOK, number)}.isdisjoint(self._line.known.suspects)

    def to_count(self, look: Look) -> bool:
        """Whether it is to be counted now."""
        return not self.restored(look) and (Stage.COUNT, self._numbers[look]) not in self._line.known.guilty

    def check(self, stage: Stage, look: Look) -> None:
        """Raise VideoError where it is known that a process died of this."""
        of = self._line.known.guilty.get((stage, self._numbers[look]))
        if of is not None:
            raise VideoError(crashed(look.video, of))

    # --- what is left to the next --------------------------------------------------------------------------

    def counting(self, look: Look, count: Callable[[], Analysis]) -> Analysis:
        """Count it. This runs in the thread that counts."""
        with self._line.at((Stage.COUNT, self._numbers[look])):
            analysis = count()
            if self._line.heard:
                self.leave(look, analysis, self._written(look))
        return analysis

    def leave(self, look: Look, analysis: Analysis, written: Path | None = None) -> None:
        """It has been counted; `written` is where its signal stands."""
        self._line.keep(Fact.RESULT, self._numbers[look], (analysis, look.memory, written))

    def tell(self, look: Look, results: TextIO) -> None:
        """Its result has been told."""
        if self._line.heard:
            with suppress(OSError):  # which the end of the program is told, too
                results.flush()
        self._line.keep(Fact.TOLD, self._numbers[look])

    @contextmanager
    def looking(self, look: Look) -> Iterator[None]:
        """Around the second look at it. Raises VideoError where a process died of that."""
        self.check(Stage.LOOK, look)
        with self._line.at((Stage.LOOK, self._numbers[look])):
            yield

    def finish(self, look: Look) -> None:
        """Nothing is left to do; without a result it has failed."""
        self._line.keep(Fact.OVER, self._numbers[look], (look.pictures, look.film_path))

    def _written(self, look: Look) -> Path | None:
        """The hidden file that holds all of its signal."""
        signal, names = self._signals[look], list[str]()

        def flush(file: TextIO) -> None:
            file.flush()
            names.append(str(file.name))

        if signal is not None:
            self._out.write(signal, flush)
        hidden = signal != STDOUT and names and names != [str(signal)]
        return Path(names[0]) if hidden else None


def _copy(written: Path, file: TextIO) -> None:
    with written.open(encoding="utf-8", newline="") as before:
        shutil.copyfileobj(before, file)

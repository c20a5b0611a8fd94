"""Annotated video, plot and report: for those who would rather look than read numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from repcount.analysis import Analysis
from repcount.curve import Curve
from repcount.errors import OutputError
from repcount.pipeline import Progress, Sink
from repcount.records import Pose

if TYPE_CHECKING:
    from repcount.film import Film
    from repcount.track import Track


Memory: TypeAlias = "tuple[Curve | None, Track | None]"


class Look:
    """One video with its result, and what was kept on the way to draw it. A context manager."""

    analysis: Analysis
    """Set once it has been counted."""

    def __init__(self, video: Path, film: Path | None, *, drawn: bool, force: bool = False) -> None:
        """`film` is where the annotated copy goes, `drawn` whether a plot or report is wanted.

        `force`: it may replace a file. Raises OutputError where the copy may not be written.
        """
        self.video = video
        self.curve = Curve() if drawn else None
        self.pictures: dict[int, bytes] = {}
        self._film: Film | None = None
        self._track: Track | None = None
        if film is not None:
            self._film, self._track = _camera(film, force=force)
        self.wanted_film = film
        """Where the annotated copy is to be."""
        self.film_path: Path | None = None
        """The annotated copy, once it is there."""

    @property
    def sinks(self) -> list[Sink]:
        """Those that have to hear of every update."""
        return [sink for sink in (self.curve, self._track) if sink is not None]

    @property
    def saw(self) -> Callable[[float, Pose | None], None] | None:
        """What has to hear of every pose, if anything."""
        return self._track.saw if self._track else None

    @property
    def memory(self) -> Memory:
        """What was kept on the way, to be handed to another process."""
        return self.curve, self._track

    def restore(self, analysis: Analysis, memory: Memory) -> None:
        """Take over from another process, which has counted it."""
        self.analysis = analysis
        self.curve, self._track = memory

    def film_it(self, progress: Progress) -> list[str]:
        """Write the annotated copy, if it is wanted; returns what to tell. Raises VideoError and OutputError."""
        if self._film is None or self._track is None:
            return []
        from repcount.annotate import annotate

        notes = annotate(self.video, self.analysis, self._track, self._film, progress)
        self.film_path = self._film.path
        return notes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._film is not None:
            self._film.discard()  # one that is finished stays

    def take_pictures(self, progress: Progress) -> None:
        """A small picture of the top of each rep. Raises VideoError."""
        if self.curve is None or not self.analysis.reps:
            return
        from repcount import capture
        from repcount.sinks.stills import Stills

        stills = Stills(self.analysis, self.curve)
        with capture.video(self.video) as video:
            for frame in video.frames(self.analysis.settings.rate_hz):
                progress(frame.time_s, video.info.duration_s)
                stills.take(frame)
                if stills.done:
                    break
        stills.finish()
        self.pictures = stills.pictures


def _camera(path: Path, *, force: bool) -> tuple[Film, Track]:
    # OpenCV is to be quiet from its first import on, which capture sees to.
    from repcount import capture  # noqa: F401
    from repcount.film import Film
    from repcount.track import Track

    return Film(path, force=force), Track()


def check(plot: Path | None, film: Path | None) -> None:
    """Raise OutputError where the names do not tell what to write."""
    if film is not None and str(film) == "-":
        raise OutputError("an annotated video does not go to standard output; name a file such as out.mp4")
    if plot is not None:
        from repcount.sinks.plot import kind

        kind(plot)


def plot(path: Path, done: Sequence[Look]) -> bytes:
    """The plot of all videos, of the kind that the name asks for."""
    from repcount.sinks import plot

    return plot.drawn(plot.kind(path), list(_curves(done)))


def report(path: Path, done: Sequence[Look], made: str) -> bytes:
    """The report of all videos; an annotated copy in the same folder is played in it."""
    from repcount.sinks.report import Counted, report

    counted = [
        Counted(look.analysis, look.curve, look.pictures, _beside(look.film_path, path))
        for look in done
        if look.curve is not None
    ]
    return report(counted, made=made).encode("utf-8", "backslashreplace")


def _curves(done: Sequence[Look]) -> Iterator[tuple[Analysis, Curve]]:
    return ((look.analysis, look.curve) for look in done if look.curve is not None)


def _beside(film: Path | None, report: Path) -> str:
    return film.name if film is not None and film.resolve().parent == report.resolve().parent else ""

"""Annotated copies of a video, and thumbnails of the top of each rep."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from math import isnan
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from repcount.analysis import Analysis
from repcount.coaching.events import SessionStatus, Stage
from repcount.display import overlay
from repcount.errors import OutputError
from repcount.reports.traces import AngleTrace, PoseTrack
from repcount.types import Frame, Phase, Rep
from repcount.video import reader
from repcount.video.writer import VideoWriter, has_sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EVERY_FRAME_HZ = 1e9

_SETTLING_S = 3.0
"""The counter calls legs that are down lowering until they lie still, at most for this long; looking back, the rep
was over by then."""


def write_annotated(
    path: Path,
    analysis: Analysis,
    track: PoseTrack,
    film: VideoWriter,
    progress: Callable[[float, float], None] | None = None,
) -> list[str]:
    """Write the video at `path` to `film` again, with what `analysis` found drawn on every frame.

    Size, orientation and times are those of the source; `track` is what the analysis saw on its way. `progress` is
    told the seconds done and the seconds there are. Returns what to tell people. Raises VideoError and OutputError,
    and leaves no film then.
    """
    account, corner = PlaybackState(analysis, track), track.corner()
    with film, reader.open_video(path) as video:
        for frame in video.frames(_EVERY_FRAME_HZ):
            now_s = frame.time_s
            if analysis.interrupted and now_s > track.end_s:
                break
            pose, side = track.pose(now_s), track.side(now_s)
            film.write(now_s, overlay.draw_overlay(frame.image, pose, side, account.standing(now_s), corner=corner))
            if progress is not None:
                progress(now_s, video.info.duration_s)
        film.finish(video.duration_s)
    notes = [film.note] if film.note else []
    return [*notes, f"the sound of {path} is not in {film.path}"] if has_sound(path) else notes


class PlaybackState:
    """What was known at each time of a video that has been counted to its end."""

    def __init__(self, analysis: Analysis, track: PoseTrack) -> None:
        self._reps, self._config, self._track = analysis.reps, analysis.settings, track
        self._starts_s = [rep.start_s for rep in self._reps]
        self._ends_s = [rep.end_s for rep in self._reps]

    def standing(self, time_s: float) -> SessionStatus:
        """The count goes up when the legs are back, whenever the counter was sure of it."""
        done = self._reps[: bisect_right(self._ends_s, time_s)]
        begun = self._reps[: bisect_right(self._starts_s, time_s)]
        number = begun[-1].set if begun else 1
        of_set = [rep.full for rep in done if rep.set == number]
        upright_deg, rest_deg = self._config.full_deg, self._track.rest_deg(time_s)
        return SessionStatus(
            stage=Stage.COUNTING,
            phase=self._phase(time_s, begun[-1] if begun else None),
            full=sum(of_set),
            partial=len(of_set) - sum(of_set),
            set=number,
            session=sum(rep.full for rep in done),
            last=done[-1] if done else None,
            lift_deg=self._track.lift_deg(time_s),
            upright_deg=upright_deg,
            back_deg=rest_deg + self._config.return_share * (upright_deg - rest_deg),
        )

    def _phase(self, time_s: float, rep: Rep | None) -> Phase:
        """That of the rep under way; between reps as the counter saw it."""
        seen = self._track.phase(time_s)
        if rep is None:
            return seen
        if time_s < rep.end_s:
            return _within(rep, time_s - rep.start_s)
        settling = time_s < rep.end_s + _SETTLING_S and seen in (Phase.HOLD, Phase.LOWER)
        return Phase.PAUSE if settling else seen


def _within(rep: Rep, since_s: float) -> Phase:
    if since_s < rep.raise_s:
        return Phase.RAISE
    return Phase.HOLD if since_s < rep.raise_s + rep.hold_s else Phase.LOWER


_WIDE_PX = 240
"""Twice the size at which it is shown, for sharp screens; 4 to 8 kB each."""
_QUALITY = 72

_BESIDE, _ABOVE, _BELOW = 2.1, 2.3, 0.6
"""Trunk lengths from the hips to the edges: a leg with its foot measures about 2, head and trunk 1.6."""


class RepThumbnails:
    """Takes the frames of a video once more, in their order, and keeps one for each rep.

    All are cut to the same place, so that they can be compared.
    """

    def __init__(self, analysis: Analysis, curve: AngleTrace) -> None:
        self._due = [(rep.top_s, rep.number) for rep in sorted(analysis.reps, key=lambda rep: rep.top_s)]
        self._where = _where(curve)
        self._before: Frame | None = None
        self.pictures: dict[int, bytes] = {}
        """A JPEG for the number of each rep whose time has come."""

    @property
    def done(self) -> bool:
        """Whether no more frames are needed."""
        return not self._due

    def take(self, frame: Frame) -> None:
        """Look at the next frame: each rep gets the one nearest to its top."""
        while self._due and frame.time_s >= self._due[0][0]:
            top_s, number = self._due.pop(0)
            before = self._before
            nearer = before if before and top_s - before.time_s < frame.time_s - top_s else frame
            self.pictures[number] = _jpeg(_cut(nearer.image, self._where))
        self._before = frame

    def finish(self) -> None:
        """Tell that no more frames come: reps that are left get the last one."""
        if self._before is not None:
            for _, number in self._due:
                self.pictures[number] = _jpeg(_cut(self._before.image, self._where))
        self._due = []


def _where(curve: AngleTrace) -> tuple[float, float, float] | None:
    """Middle of the hips and length of the trunk in pixels, over the whole recording; None where unknown."""
    known = [[value for value in column if not isnan(value)] for column in (curve.hip_x, curve.hip_y, curve.trunk_px)]
    x, y, trunk = (median(column) if column else 0.0 for column in known)
    return (x, y, trunk) if trunk else None


def _cut(image: NDArray[np.uint8], where: tuple[float, float, float] | None) -> NDArray[np.uint8]:
    """The part of `image` around the person, moved inside where it would stick out; all of it if unknown."""
    if where is None:
        return image
    x, y, trunk = where
    high, wide = image.shape[:2]
    left, right = _inside(x - _BESIDE * trunk, x + _BESIDE * trunk, wide)
    top, bottom = _inside(y - _ABOVE * trunk, y + _BELOW * trunk, high)
    return image[top:bottom, left:right]


def _inside(low: float, high: float, size: int) -> tuple[int, int]:
    length = min(high - low, float(size))
    start = min(max(low, 0.0), size - length)
    return round(start), max(round(start + length), round(start) + 1)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    from repcount.video.opencv import cv2

    high, wide = image.shape[:2]
    size = (_WIDE_PX, max(round(high * _WIDE_PX / wide), 1))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if wide > _WIDE_PX else cv2.INTER_LINEAR)
    fine, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not fine:
        raise OutputError("a picture for the report could not be encoded; leave them out with --no-pictures")
    return bytes(jpeg)

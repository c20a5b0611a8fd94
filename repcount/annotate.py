"""A copy of a recorded video with skeleton, gauge, phase, count and flags drawn on it, in the look of the window."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

from repcount import capture, draw
from repcount.analysis import Analysis
from repcount.film import VideoWriter, has_sound
from repcount.moment import SessionStatus, Stage
from repcount.records import Phase, Rep
from repcount.track import PoseTrack

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
    with film, capture.open_video(path) as video:
        for frame in video.frames(_EVERY_FRAME_HZ):
            now_s = frame.time_s
            if analysis.interrupted and now_s > track.end_s:
                break
            pose, side = track.pose(now_s), track.side(now_s)
            film.write(now_s, draw.draw_overlay(frame.image, pose, side, account.standing(now_s), corner=corner))
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

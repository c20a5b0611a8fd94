"""Annotated copies of a video: what the counter knew at each time, drawn on every frame."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repcount.analysis import Analysis
from repcount.coaching.events import SessionStatus, Stage
from repcount.display import faces, overlay
from repcount.types import Phase, Pose, Rep, Update
from repcount.video import reader
from repcount.video.writer import VideoWriter, has_sound

_MAX_BRIDGE_S = 0.3
"""Longest time between two poses over which a body is interpolated; at the lowest analysis rate, 5 frames a second,
poses are up to 0.25 s apart."""

_HOLD_S = 0.1
"""How long the last pose stays on after the last analysed frame. Heuristic: a few frames at the end of a video."""

_SETTLING_S = 3.0
"""The counter reports legs that are down as lowering until they lie still, at most for this long; in hindsight the rep
was over by then."""

_LANDMARKS = 33
_KEPT = sorted({*overlay.DRAWN, *faces.NEEDED})
_VALUES_PER_BODY = 3 * len(_KEPT)
_PHASES = tuple(Phase)

_CORNER_SAMPLES = 200
"""Poses that decide on which side the head is. Heuristic: it rarely changes within a video."""

Body = NDArray[np.float64]
"""The landmarks that are kept: one row each of x and y in pixels and the visibility."""


def write_annotated(
    path: Path,
    analysis: Analysis,
    track: PoseTrack,
    writer: VideoWriter,
    progress: Callable[[float, float], None] | None = None,
    *,
    blur_faces: bool = False,
) -> list[str]:
    """Copy the video at `path` to `writer`, with skeleton, gauge and count drawn on every frame.

    `blur_faces`: the head of the person is made unrecognisable, and where nobody was found the whole frame.

    Size, orientation and times are those of the source. `track` was filled during the analysis. `progress` is called
    with the seconds done and the total. Returns notes for the user. Raises VideoError and OutputError, and leaves no
    file then.
    """
    playback, corner = PlaybackState(analysis, track), track.panel_corner()
    with writer, reader.open_video(path) as video:
        for frame in video.frames(inf):
            now_s = frame.time_s
            if analysis.interrupted and now_s > track.end_s:
                break
            pose, side = track.pose(now_s), track.side(now_s)
            image = faces.blurred(frame.image, faces.head_of(pose)) if blur_faces else frame.image
            writer.write(now_s, overlay.draw_overlay(image, pose, side, playback.status(now_s), corner=corner))
            if progress is not None:
                progress(now_s, video.info.duration_s)
        writer.finish(video.duration_s)
    notes = [writer.note] if writer.note else []
    return [*notes, f"the sound of {path} is not in {writer.path}"] if has_sound(path) else notes


class PlaybackState:
    """The session status at each time of a video that has been counted to its end."""

    def __init__(self, analysis: Analysis, track: PoseTrack) -> None:
        self._reps, self._config, self._track = analysis.reps, analysis.settings, track
        self._starts_s = [rep.start_s for rep in self._reps]
        self._ends_s = [rep.end_s for rep in self._reps]

    def status(self, time_s: float) -> SessionStatus:
        """The status at `time_s`. A rep counts from its end on, although the counter knew of it a little later."""
        ended = self._reps[: bisect_right(self._ends_s, time_s)]
        begun = self._reps[: bisect_right(self._starts_s, time_s)]
        set_number = begun[-1].set if begun else 1
        full_of_set = [rep.full for rep in ended if rep.set == set_number]
        upright_deg, rest_deg = self._config.full_deg, self._track.rest_deg(time_s)
        return SessionStatus(
            stage=Stage.COUNTING,
            phase=self._phase(time_s, begun[-1] if begun else None),
            full=sum(full_of_set),
            partial=len(full_of_set) - sum(full_of_set),
            set=set_number,
            session=sum(rep.full for rep in ended),
            last=ended[-1] if ended else None,
            lift_deg=self._track.lift_deg(time_s),
            upright_deg=upright_deg,
            back_deg=rest_deg + self._config.return_share * (upright_deg - rest_deg),
        )

    def _phase(self, time_s: float, rep: Rep | None) -> Phase:
        """The phase of `rep`, the newest one; between reps that of the counter."""
        counter_phase = self._track.phase(time_s)
        if rep is None:
            return counter_phase
        if time_s < rep.end_s:
            return _phase_within(rep, time_s - rep.start_s)
        settling = time_s < rep.end_s + _SETTLING_S and counter_phase in (Phase.HOLD, Phase.LOWER)
        return Phase.PAUSE if settling else counter_phase


def _phase_within(rep: Rep, since_start_s: float) -> Phase:
    if since_start_s < rep.raise_s:
        return Phase.RAISE
    return Phase.HOLD if since_start_s < rep.raise_s + rep.hold_s else Phase.LOWER


class PoseTrack:
    """A sink that keeps the poses and the counter's state over time; about 10 MB for an hour at 15 frames a second.

    `on_pose` and `write` must be called in order of time.
    """

    def __init__(self) -> None:
        self._pose_times_s = array("d")
        self._bodies = array("f")
        self._update_times_s = array("d")
        self._lifts_deg = array("f")
        self._rests_deg = array("f")
        self._phases = bytearray()
        self._sides: list[str] = []

    @property
    def end_s(self) -> float:
        """Time of the last analysed frame; 0 without any."""
        return self._update_times_s[-1] if self._update_times_s else 0.0

    def on_pose(self, time_s: float, pose: Pose | None) -> None:
        """Keep the pose of one analysed frame."""
        if pose is not None:
            self._pose_times_s.append(time_s)
            body = np.column_stack((pose.xy_px[_KEPT], pose.visibility[_KEPT]))
            self._bodies.frombytes(body.astype(np.float32).tobytes())

    def write(self, update: Update) -> None:
        """Keep the counter's state after one sample."""
        if update.sample is not None:
            self._update_times_s.append(update.sample.time_s)
            self._lifts_deg.append(update.lift_deg)
            self._rests_deg.append(update.rest_deg)
            self._phases.append(_PHASES.index(update.phase))
            self._sides.append(update.sample.side)

    def pose(self, time_s: float) -> Pose | None:
        """The pose at a time, interpolated between two analysed frames; None while nobody is seen."""
        before = bisect_right(self._pose_times_s, time_s) - 1
        if before < 0:
            return None
        since_s = time_s - self._pose_times_s[before]
        if before + 1 < len(self._pose_times_s):
            apart_s = self._pose_times_s[before + 1] - self._pose_times_s[before]
            if apart_s <= _MAX_BRIDGE_S:
                share = since_s / apart_s
                return _as_pose((1 - share) * self._body(before) + share * self._body(before + 1))
        return _as_pose(self._body(before)) if since_s <= _HOLD_S else None

    def side(self, time_s: float) -> str:
        """The leg that is measured, `left` or `right`; empty before anybody was seen."""
        return self._sides[index] if (index := self._index(time_s)) is not None else ""

    def phase(self, time_s: float) -> Phase:
        """The phase that the counter was in."""
        return _PHASES[self._phases[index]] if (index := self._index(time_s)) is not None else Phase.UNKNOWN

    def lift_deg(self, time_s: float) -> float:
        """Elevation of the legs, interpolated; NaN while unknown."""
        index = self._index(time_s)
        if index is None or time_s - self._update_times_s[index] > _MAX_BRIDGE_S:
            return nan
        lift_deg = self._lifts_deg[index]
        if index + 1 == len(self._lifts_deg) or isnan(self._lifts_deg[index + 1]):
            return lift_deg
        since_s = time_s - self._update_times_s[index]
        apart_s = self._update_times_s[index + 1] - self._update_times_s[index]
        return lift_deg + (self._lifts_deg[index + 1] - lift_deg) * since_s / apart_s

    def rest_deg(self, time_s: float) -> float:
        """The elevation at which the legs rest; NaN while unknown."""
        return self._rests_deg[index] if (index := self._index(time_s)) is not None else nan

    def panel_corner(self) -> overlay.Corner:
        """The upper corner of the frame that is above the head most of the time, where the panel hides least."""
        step = max(1, len(self._pose_times_s) // _CORNER_SAMPLES)
        counts: Counter[overlay.Corner] = Counter()
        corner = overlay.Corner.LEFT
        for index in range(0, len(self._pose_times_s), step):
            corner = overlay.corner_beside(_as_pose(self._body(index)), corner)
            counts[corner] += 1
        return max(counts, key=counts.__getitem__, default=corner)

    def _index(self, time_s: float) -> int | None:
        """The index of the last update until `time_s`."""
        index = bisect_right(self._update_times_s, time_s) - 1
        return index if index >= 0 else None

    def _body(self, index: int) -> Body:
        values = self._bodies[index * _VALUES_PER_BODY : (index + 1) * _VALUES_PER_BODY]
        return np.array(values, dtype=np.float64).reshape(len(_KEPT), 3)


def _as_pose(body: Body) -> Pose:
    """A pose with the landmarks that are kept alone; the others are NaN and invisible."""
    xy_px, visibility = np.full((_LANDMARKS, 2), nan), np.zeros(_LANDMARKS)
    xy_px[_KEPT], visibility[_KEPT] = body[:, :2], body[:, 2]
    return Pose(xy_px, np.full((_LANDMARKS, 3), nan), visibility)

#!/usr/bin/env python3
"""Draw the pictures of README and docs from the sample videos: `python docs/make_pictures.py [NAME...]`.

Names are those of `PICTURES`; all are drawn without one. It needs what the tests need, Pillow among it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import placement
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image

import repcount
from repcount.coaching.coach import Coach
from repcount.coaching.events import Announcement, Cue, SessionStatus, Stage
from repcount.coaching.session import SessionGoals, WorkoutPlan
from repcount.display import screen
from repcount.pose import angles, model
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Phase, Pose, Rep, Sample, Update
from repcount.video import reader

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "sample_videos"
VIDEO = SAMPLES / "09_partial_and_full.mp4"
LIVE_VIDEO = SAMPLES / "21_as_described.mp4"

INK, GREY = "#222222", "#666666"
FULL, PARTIAL = "#0072B2", "#E69F00"
"""Blue and orange of Okabe and Ito's palette: apart for every kind of colour blindness."""

_CROP = (slice(8, 348), slice(82, 562))
"""Rows and columns around the person."""

_SHOWN_WH = (338, 239)
"""Pixels at which that is shown, so that no tones come in by scaling."""

_LEGS = {"left": (11, 23, 25, 27), "right": (12, 24, 26, 28)}
"""Shoulder, hip, knee and ankle among MediaPipe's landmarks."""


@dataclass(slots=True)
class Curve:
    """A sink that keeps the elevation of the legs over time."""

    times_s: list[float] = field(default_factory=list)
    elevation_deg: list[float] = field(default_factory=list)

    def write(self, update: Update) -> None:
        """Take one update."""
        if update.sample is None:
            return
        self.times_s.append(update.sample.time_s)
        self.elevation_deg.append(update.lift_deg)

    def at(self, time_s: float) -> float:
        """The elevation at the sample nearest to a time."""
        nearest = min(range(len(self.times_s)), key=lambda i: abs(self.times_s[i] - time_s))
        return self.elevation_deg[nearest]


@dataclass(frozen=True, slots=True)
class Still:
    """One frame to show and what was measured on it."""

    frame: Frame
    pose: Pose
    sample: Sample


def stills(times_s: Sequence[float], path: Path = VIDEO) -> list[Still]:
    """The first frames of a video at or after some rising times."""
    found: list[Still] = []
    side = ""
    with reader.open_video(path) as video, PersonTracker(model.ensure_model()) as tracker:
        for frame in video.frames(repcount.Config().rate_hz):
            pose = tracker.track(frame)
            sample = angles.compute_sample(frame.time_s, pose, side)
            side = sample.side
            if pose is not None and frame.time_s >= times_s[len(found)] - 0.01:
                found.append(Still(frame, pose, sample))
            if len(found) == len(times_s):
                break
    return found


def result(path: Path) -> None:
    """A strip of frames with the measured leg above the elevation of the legs over time with its reps."""
    curve = Curve()
    analysis = repcount.analyze(VIDEO, sinks=[curve])
    full, partial = analysis.reps[:2]
    moments = {
        "legs down": full.start_s,
        "half-way up": (full.start_s + full.top_s) / 2,
        f"top of rep {full.number}: full": full.top_s,
        f"top of rep {partial.number}: partial": partial.top_s,
    }
    figure = plt.figure(figsize=(14, 8.3))
    strip = figure.add_gridspec(1, len(moments), left=0.008, right=0.992, bottom=0.655, top=0.945, wspace=0.025)
    for i, (name, still) in enumerate(zip(moments, stills(list(moments.values())), strict=True)):
        colour = {2: FULL, 3: PARTIAL}.get(i, GREY)
        _draw_still(figure.add_subplot(strip[i]), name, still, curve.at(still.frame.time_s), colour)
    _draw_curve(figure.add_axes((0.068, 0.165, 0.815, 0.44)), curve, analysis)
    _save(path, figure)


def _draw_still(axes: Axes, name: str, still: Still, elevation_deg: float, colour: str) -> None:
    rows, columns = _CROP
    extent = (columns.start, columns.stop, rows.stop, rows.start)
    axes.imshow(_calm(still.frame.image[_CROP]), extent=extent, interpolation="nearest")
    chain = still.pose.xy_px[list(_LEGS[still.sample.side])]
    axes.plot(chain[:, 0], chain[:, 1], color="white", lw=6, solid_capstyle="round")
    axes.plot(chain[:, 0], chain[:, 1], "o-", color=colour if colour != GREY else INK, lw=3, ms=8, mec="white", mew=1.5)
    text = f"leg elevation {elevation_deg:z.0f}°".replace("-", "\N{MINUS SIGN}")
    box = {"boxstyle": "round,pad=0.25", "fc": "white", "ec": "none", "alpha": 0.92}
    axes.text(columns.stop - 14, rows.stop - 16, text, ha="right", va="bottom", size=18, bbox=box)
    axes.set_title(name, size=19, pad=8, color=INK)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=3)


def _calm(image: Any) -> Any:
    """Without the grain, and in fewer tones, so that the file stays small."""
    small = cv2.resize(cv2.bilateralFilter(image, 9, 40, 7), _SHOWN_WH, interpolation=cv2.INTER_AREA)
    return small & 0xF8 | 0x04


def _draw_curve(axes: Axes, curve: Curve, analysis: repcount.Analysis) -> None:
    settings = analysis.settings
    rest_deg = analysis.reps[0].rest_flexion_deg
    for rep in analysis.reps:
        _draw_rep(axes, curve, rep)
    axes.plot(curve.times_s, curve.elevation_deg, color=INK, lw=2.5, zorder=3)
    for level, name in ((settings.full_deg, "upright"), (rest_deg + settings.leave_deg, "legs leave\nthe bottom")):
        axes.axhline(level, color=GREY, lw=1.5, ls=(0, (5, 4)), zorder=1)
        axes.text(curve.times_s[-1] + 0.4, level, name, size=17, color=GREY, va="center")
    axes.set(xlim=(0, curve.times_s[-1] + 0.2), ylim=(-6, 116), yticks=range(0, 91, 30))
    axes.yaxis.set_major_formatter("{x:.0f}°")
    axes.set_xlabel("seconds", labelpad=0)
    axes.set_ylabel("leg elevation")
    axes.legend(handles=_legend(), loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=5, frameon=False, fontsize=18)


def _draw_rep(axes: Axes, curve: Curve, rep: Rep) -> None:
    colour = FULL if rep.full else PARTIAL
    axes.axvspan(rep.start_s, rep.end_s, color=colour, alpha=0.22, lw=0)
    middle_s = (rep.start_s + rep.end_s) / 2
    axes.text(middle_s, 105, str(rep.number), size=22, weight="bold", color=_dark(colour), ha="center", va="center")
    for time_s, marker in ((rep.start_s, "^"), (rep.top_s, "o"), (rep.end_s, "v")):
        axes.plot(time_s, curve.at(time_s), marker, ms=11, color=colour, mec=INK, mew=1.3, zorder=4)


def _dark(colour: str) -> str:
    return "#8A5A00" if colour == PARTIAL else "#00507D"


def _legend() -> list[Patch | Line2D]:
    bands: list[Patch | Line2D] = [
        Patch(color=FULL, alpha=0.4, label="full rep"),
        Patch(color=PARTIAL, alpha=0.4, label="partial rep"),
    ]
    marks = {"^": "start", "o": "top", "v": "end"}
    return bands + [
        Line2D([], [], ls="", marker=marker, ms=11, color="white", mec=INK, mew=1.5, label=name)
        for marker, name in marks.items()
    ]


_LIVE_HZ = 7.5
"""Frames a second of the moving picture: every other analysed one, smooth enough for a raise of 2 s."""

_LIVE_WH = (640, 360)
_LIVE_QUALITY = 75
"""Of WebP. Together these keep five reps below 2 MB."""

_LIVE_LAST_MS = 2000
"""How long the last frame stands before the picture starts again."""


def live(path: Path) -> None:
    """The live window while a set is counted, as a moving picture: real frames, coach and drawing, no window."""
    record = _Record()
    goals = SessionGoals(plan=WorkoutPlan(sets=1, reps=5))
    coach = Coach(repcount.Config(), goals, record)
    newest = screen.NewestCue()
    shown: list[Image.Image] = []
    with reader.open_video(LIVE_VIDEO) as video, PersonTracker(model.ensure_model(), look_round=True) as tracker:
        for number, frame in enumerate(video.frames(repcount.Config().rate_hz)):
            pose = tracker.track(frame)
            update = coach.see(frame, pose, tracker.people, camera_hz=30.0)
            cue = newest.at(update.time_s, update.announcements)
            if number % 2 == 0:
                image = _without_grain(frame.image)
                drawn = screen.draw(_LIVE_WH, image, pose, update.side, update.status, cue)
                shown.append(Image.fromarray(drawn))
    shown[0].save(
        path, save_all=True, append_images=shown[1:], loop=0, quality=_LIVE_QUALITY, method=4,
        duration=[round(1000 / _LIVE_HZ)] * (len(shown) - 1) + [_LIVE_LAST_MS],
    )  # fmt: skip
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {len(shown)} frames")


@dataclass(slots=True)
class _Record:
    """Stands in for the history: counts the full reps of the day."""

    full: int = 0

    def __call__(self, update: Update) -> int:
        """Take one update; returns the day's full reps."""
        self.full += sum(isinstance(event, Rep) and event.full for event in update.events)
        return self.full


def window(path: Path) -> None:
    """Four moments of a session in the window: ready, the twelfth rep, a partial rep, the rest between two sets."""
    full = repcount.analyze(LIVE_VIDEO).reps[1]
    partial = next(rep for rep in repcount.analyze(VIDEO).reps if not rep.full)
    config = repcount.Config()
    now = SessionStatus(
        Stage.COUNTING, full=12, partial=1, target=20, set=2, sets=3, today=32, day_limit=100, last=full,
        upright_deg=config.full_deg, back_deg=config.return_share * config.full_deg, camera_hz=30.0, analysed_hz=15.0,
    )  # fmt: skip
    before = replace(now, phase=Phase.PAUSE, full=0, partial=0, set=1, today=0, last=None, lift_deg=0.0)
    top = replace(now, phase=Phase.HOLD, lift_deg=full.top_flexion_deg)
    low = replace(now, phase=Phase.LOWER, full=7, partial=2, last=partial, lift_deg=partial.top_flexion_deg)
    rest = replace(now, stage=Stage.REST, full=20, rest_left_s=42.0)
    seen = stills([0.5, full.top_s, full.end_s], LIVE_VIDEO)
    (lower,) = stills([partial.top_s])
    shown = [
        _drawn_window(seen[0], before, Announcement(Cue.READY)),
        _drawn_window(seen[1], top),
        _drawn_window(lower, low, Announcement(Cue.HIGHER)),
        _drawn_window(seen[2], rest, Announcement(Cue.SET_DONE, 20)),
    ]
    width, height = _WINDOW_WH
    sheet = Image.new("RGB", (2 * width + _GUTTER_PX, 2 * height + _GUTTER_PX), "white")
    for number, picture in enumerate(shown):
        sheet.paste(picture, (number % 2 * (width + _GUTTER_PX), number // 2 * (height + _GUTTER_PX)))
    sheet.save(path, quality=88, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


_WINDOW_WH, _GUTTER_PX = (644, 364), 8


def _drawn_window(still: Still, status: SessionStatus, cue: Announcement | None = None) -> Image.Image:
    size = (2 * _WINDOW_WH[0], 2 * _WINDOW_WH[1])
    drawn = screen.draw(size, still.frame.image, still.pose, still.sample.side, status, cue)
    return Image.fromarray(drawn).resize(_WINDOW_WH, Image.Resampling.LANCZOS)


_REPORT_WH = (1060, 1150)


def report(path: Path) -> None:
    """The upper part of a report, as Chromium shows it. Needs Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print(f"{path.name}: not drawn, there is no Chromium")
        return
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder) / "report.html", Path(folder) / "shot.png"
        subprocess.run([sys.executable, "-m", "repcount", "analyze", VIDEO, "--report", page], check=True)
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-device-scale-factor=1.3",
        ]
        size = f"--window-size={_REPORT_WH[0]},{_REPORT_WH[1]}"
        subprocess.run(
            [chromium, *options, size, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True
        )
        Image.open(shot).convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def _without_grain(image: Any) -> Any:
    """Without the grain of the sensor, which would be most of the file."""
    return cv2.bilateralFilter(image, 7, 30, 5)


def _save(path: Path, figure: Any) -> None:
    # Without the version of matplotlib in it, so that the same picture is the same file.
    figure.savefig(path, dpi=100, metadata={"Software": None}, pil_kwargs={"optimize": True})
    plt.close(figure)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def _placement(path: Path) -> None:
    _save(path, placement.figure())


PICTURES: dict[str, Callable[[Path], None]] = {
    "result.png": result,
    "placement.png": _placement,
    "live.webp": live,
    "window.jpg": window,
    "report.png": report,
}


def main() -> None:
    """Draw those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    names = parser.parse_args().names or list(PICTURES)
    if unknown := set(names) - set(PICTURES):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    mpl.use("agg")
    mpl.rcParams.update({"font.size": 19, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": GREY})
    mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    for name in names:
        PICTURES[name](HERE / name)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What a picture costs in the live window: `xvfb-run -s "-screen 0 1920x1080x24" python benchmarks/window.py`.

Shows a picture of 1280 by 720 with skeleton, panel and notice in windows of several sizes, and prints milliseconds of
processor a picture: of this process with all its threads, drawing included, and of the drawing alone.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from repcount.coaching.events import Announcement, Cue, LiveUpdate, SessionStatus, Stage
from repcount.display import screen
from repcount.display.window import TITLE, Window
from repcount.types import Frame, Phase

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.bodies import Body, pose

SIZES = ((1280, 720), (1920, 1080))
PICTURES = 100

IMAGE = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
POSE = pose(Body(left=60, right=60))
STANDING = SessionStatus(Stage.COUNTING, Phase.RAISE, 12, 2, lift_deg=40.0, upright_deg=67.0, back_deg=20.0)


def resize(width: int, height: int) -> None:
    """Give the window another size, as its frame does."""
    find = ["xdotool", "search", "--onlyvisible", "--class", f"^{TITLE}$"]
    number = subprocess.run(find, capture_output=True, text=True, check=True).stdout.split()[-1]
    subprocess.run(["xdotool", "windowmove", number, "0", "0"], check=True)
    subprocess.run(["xdotool", "windowsize", number, str(width), str(height)], check=True)


def shown_ms(window: Window) -> float:
    """Processor time of one picture."""
    begun_s = time.process_time()
    for number in range(PICTURES):
        notices = (Announcement(Cue.HIGHER),) if number % 30 == 0 else ()
        window.show(LiveUpdate(number / 15, Frame(number / 15, IMAGE), POSE, "left", STANDING, announcements=notices))
        window.commands()
    return (time.process_time() - begun_s) / PICTURES * 1000


def drawn_ms(width: int, height: int) -> float:
    """Processor time of drawing it alone."""
    begun_s = time.process_time()
    for _ in range(PICTURES):
        screen.draw((width, height), IMAGE, POSE, "left", STANDING, Announcement(Cue.HIGHER))
    return (time.process_time() - begun_s) / PICTURES * 1000


def main() -> None:
    """Measure, and print a line for each size."""
    with Window() as window:
        shown_ms(window)
        for width, height in SIZES:
            resize(width, height)
            shown_ms(window)
            rounds = sorted(shown_ms(window) for _ in range(3))
            print(f"{width} x {height}: {rounds[1]:.1f} ms a picture, {drawn_ms(width, height):.1f} of it drawing")


if __name__ == "__main__":
    main()

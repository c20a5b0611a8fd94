"""A screen that nobody sees, its keyboard, and what is on it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

SIZE = (1600, 1000)


@dataclass(frozen=True)
class Display:
    """An X server of its own."""

    name: str

    @property
    def env(self) -> dict[str, str]:
        """The environment of a program that is to be seen on it."""
        return {**os.environ, "DISPLAY": self.name}

    def press(self, *keys: str) -> None:
        """Press keys by their X names, as somebody at the keyboard does."""
        subprocess.run(["xdotool", "key", *keys], env=self.env, check=True, timeout=300)

    def window(self, title: str, within_s: float = 60.0) -> None:
        """Wait for a window, and give it the keyboard."""
        until_s = time.monotonic() + within_s
        find = ["xdotool", "search", "--onlyvisible", "--class", title, "windowfocus"]
        while subprocess.run(find, env=self.env, capture_output=True, check=False, timeout=300).returncode:
            assert time.monotonic() < until_s, f"there is no window {title}"

    def until_still(self, within_s: float = 60.0) -> None:
        """Wait until nothing moves on it."""
        until_s, before = time.monotonic() + within_s, self.shot()
        while not np.array_equal(before, now := self.shot()):
            assert time.monotonic() < until_s, "something always moves"
            before = now

    def shot(self) -> NDArray[np.uint8]:
        """All that is on the screen, (height, width, 3)."""
        from PIL import ImageGrab

        return np.asarray(ImageGrab.grab(xdisplay=self.name).convert("RGB"))


@contextlib.contextmanager
def display() -> Iterator[Display]:
    """A screen without a window manager. Skips the test where Xvfb or xdotool are missing."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: apt-get install xvfb xdotool)")
    read, write = os.pipe()
    size = f"{SIZE[0]}x{SIZE[1]}x24"
    # By default a server begins anew when its last client leaves, and refuses whoever comes in that moment.
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with open(read, encoding="ascii") as number:
            yield Display(f":{number.readline().strip()}")
    finally:
        server.terminate()
        server.wait()

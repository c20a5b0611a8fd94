"""The live window: the mirrored picture with all that is drawn on it, and the keys pressed in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import cv2

from repcount import draw
from repcount.errors import LibraryError
from repcount.moment import KEYS, Command, Moment, Notice, Say
from repcount.records import Pose
from repcount.words import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TITLE = "repcount"

NOTICE_S = 3.0
"""How long a notice stays on the screen: long enough to look up from the mat. A choice."""

_FIRST_SIZE = (1280, 720)
"""Fits on the smallest laptop screens in use, 1366 by 768."""

_MOST, _LEAST = (1920, 1080), (320, 180)
"""Pictures larger than the one take too long to draw, nothing can be read in smaller ones than the other."""

_TRIAL_S = 20.0
"""An X server that has not answered by now will not. A choice."""

_TRIAL = f"import cv2; cv2.namedWindow({TITLE!r})"

_QUIET = {"QT_LOGGING_RULES": "*=false"}
"""Qt would tell the user's terminal that it has no fonts; none are needed."""


def no_window_because() -> str | None:
    """Why no window can be shown here and what to do about it, for people; None where one can."""
    if not cv2.currentUIFramework():
        return "this OpenCV was built without windows; opencv-python has them, opencv-python-headless has not"
    if sys.platform in ("win32", "darwin"):
        return None
    if os.environ.get("DISPLAY"):
        return _tried()
    if os.environ.get("WAYLAND_DISPLAY"):
        return "OpenCV's windows need X11, and this Wayland session offers none (XWayland is off)"
    return "there is no display here (DISPLAY is not set)"


def _tried() -> str | None:
    """Qt ends the whole process where a display does not let it in, so another process tries it first."""
    command = [sys.executable, "-P", "-c", _TRIAL]
    refused = f"no window can be opened on the display {os.environ['DISPLAY']}: it is not there or does not let us in"
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **_QUIET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TRIAL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return refused
    return None if done.returncode == 0 else refused


def _is_open() -> bool:
    try:
        return bool(cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1)
    except cv2.error:
        return False  # with its last window Qt forgets that there ever was one


class Board:
    """The notices that are still to be read."""

    def __init__(self) -> None:
        self._until: list[tuple[float, str]] = []

    def lines(self, now_s: float, fresh: Sequence[Notice] = ()) -> list[str]:
        """What is to be read at a time, the oldest first. The count is on the panel anyway."""
        told = [(now_s + NOTICE_S, shown(notice)) for notice in fresh if notice.say is not Say.COUNT]
        self._until = [(until_s, text) for until_s, text in self._until if until_s > now_s] + told
        return [text for _, text in self._until]


class Window:
    """Shows moments until it is closed. A context manager; ask `no_window_because` first. Main thread only."""

    def __init__(self, *, mirror: bool = True) -> None:
        """`mirror`: show the picture as a mirror does."""
        self._mirror = mirror
        self._shown = False
        self._closed = False
        self._corner = draw.Corner.LEFT
        self._size = _FIRST_SIZE
        self._board = Board()

    def __enter__(self) -> Self:
        """Raises LibraryError."""
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        try:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise LibraryError(f"OpenCV cannot open a window: {error.err}. Count without one: --no-window") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._closed:
            self._closed = True
            cv2.destroyWindow(TITLE)
            cv2.waitKey(1)  # without it the window stays until the process ends

    def show(self, moment: Moment) -> None:
        """Show the picture of `moment`. Ask for `commands` after each: only then the system paints it."""
        if self._closed:
            return
        view = self._view(moment)
        image, pose = self._picture_of(moment, view)
        self._corner = draw.corner_beside(pose, self._corner, mirror=self._mirror)
        drawn = draw.picture(
            image,
            pose,
            moment.side,
            moment.standing,
            self._board.lines(moment.time_s, moment.notices),
            mirror=self._mirror,
            corner=self._corner,
            footer=draw.keys(moment.standing.stage),
        )
        cv2.imshow(TITLE, cv2.cvtColor(draw.framed(drawn, *view), cv2.COLOR_RGB2BGR))

    def commands(self) -> list[Command]:
        """What was asked for with keys since the last time; closing the window asks to quit."""
        found = []
        # waitKeyEx, as waitKey cuts codes off to a byte: the left arrow would be a Q.
        while not self._closed and (key := cv2.waitKeyEx(1)) != -1:
            command = KEYS.get(chr(key).lower()) if 0 <= key < 128 else None
            if command is not None:
                found.append(command)
        if not self._closed and not _is_open():
            self._closed = True
            found.append(Command.QUIT)
        return found

    def _view(self, moment: Moment) -> tuple[int, int]:
        """Width and height to draw for: those of the window, within reason."""
        if not self._shown:
            self._shown = True
            image = moment.frame.image if moment.frame else draw.blank(*_FIRST_SIZE)
            first, _ = draw.fitted(image, None, *_FIRST_SIZE)
            cv2.resizeWindow(TITLE, first.shape[1], first.shape[0])
            return first.shape[1], first.shape[0]
        _, _, width, height = cv2.getWindowImageRect(TITLE)
        if width <= 0 or height <= 0:
            return self._size
        shrink = min(1.0, _MOST[0] / width, _MOST[1] / height)
        return max(_LEAST[0], round(width * shrink)), max(_LEAST[1], round(height * shrink))

    def _picture_of(self, moment: Moment, view: tuple[int, int]) -> tuple[NDArray[np.uint8], Pose | None]:
        if moment.frame is None:
            return draw.blank(*self._size), None
        image, pose = draw.fitted(moment.frame.image, moment.pose, *view)
        self._size = image.shape[1], image.shape[0]
        return image, pose

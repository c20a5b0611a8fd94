"""The live window: the mirrored picture with all that is drawn on it, and the keys pressed in it."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from repcount.coaching.events import KEYS, Announcement, Command, Cue, LiveUpdate
from repcount.coaching.phrases import shown_text
from repcount.display import overlay
from repcount.display.widgets import BACKGROUND, BLUE, TEXT
from repcount.errors import LibraryError
from repcount.libraries import library_error, missing_library_text
from repcount.types import Pose

if TYPE_CHECKING:
    import pygame
    from numpy.typing import NDArray

TITLE = "repcount"

NOTICE_S = 3.0
"""How long a notice stays on the screen: long enough to look up from the mat. A choice."""

_FIRST_SIZE = (1280, 720)
"""Fits on the smallest laptop screens in use, 1366 by 768."""

_MOST, _LEAST = (2560, 1440), (320, 180)
"""Larger pictures than the one take too long to draw (13 ms of processor for it, 33 ms for 3840 by 2160, where all of
a frame has 66); nothing can be read in smaller ones than the other."""

_TRIAL_S = 20.0
"""A display server that has not answered by now will not. Heuristic."""

_TRIAL = "import pygame; pygame.display.init()"

_SETTINGS = {
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    # SIGINT and SIGTERM are repcount's own: SDL would make events of them.
    "SDL_NO_SIGNAL_HANDLERS": "1",
    # A person on the mat looks at the window and touches nothing.
    "SDL_VIDEO_ALLOW_SCREENSAVER": "0",
    # SDL takes every full-screen window for a game, for which KDE turns its effects off.
    "SDL_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR": "0",
    # By this name desktops know the program; pygame would take that of the script.
    "SDL_VIDEO_X11_WMCLASS": TITLE,
    "SDL_VIDEO_WAYLAND_WMCLASS": TITLE,
    # Windows: sizes in points, pictures in the pixels of the screen.
    "SDL_WINDOWS_DPI_SCALING": "1",
}
"""What SDL and pygame read from the environment, where the user has not set it."""

_FATAL_SIGNALS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGQUIT")
"""pygame replaces the default handlers of these when it is imported."""

_X11_LIBRARIES = ("libX11.so.6", "libXext.so.6")
_WAYLAND_LIBRARIES = ("libwayland-client.so.0", "libwayland-cursor.so.0", "libwayland-egl.so.1", "libxkbcommon.so.0")
_WAYLAND_FRAME = "libdecor-0.so.0"
"""SDL takes these from the system when it opens a window; all else is in its wheel."""


def _load() -> ModuleType:
    """Import pygame: no banner, no sound device, no signal handler. Raises LibraryError. Main thread only."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import pygame
    except (ImportError, OSError) as error:
        raise library_error("pygame-ce", error) from error
    if not hasattr(pygame, "Window"):
        raise library_error("pygame-ce", ImportError(f"pygame {pygame.version.ver} has no Window"))
    _restore_signals()
    return pygame


def _restore_signals() -> None:
    """Those that Python knows to be the default, and that faulthandler, which pygame leaves alone, does not use."""
    for name in _FATAL_SIGNALS:
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is not signal.SIG_DFL:
            continue
        if name == "SIGQUIT" or not faulthandler.is_enabled():
            signal.signal(number, signal.SIG_DFL)


def _driver() -> dict[str, str]:
    """Which display servers SDL may use. By itself it also tries the graphics card, and takes over the console."""
    if sys.platform in ("win32", "darwin") or os.environ.get("SDL_VIDEODRIVER"):
        return {}
    servers = ["x11"] if os.environ.get("DISPLAY") else []
    if os.environ.get("WAYLAND_DISPLAY"):
        # Wayland is sharp on HiDPI, where XWayland is scaled up; but without libdecor the window has no frame.
        servers.insert(0 if _not_loadable(_WAYLAND_FRAME) is None else 1, "wayland")
    chosen = {"SDL_VIDEODRIVER": ",".join(servers)}
    if servers == ["x11"]:
        # Through shared memory a picture costs a third to a half of what it does through OpenGL in software; Wayland
        # and macOS know no such way. Measured: benchmarks/window.py.
        chosen["SDL_FRAMEBUFFER_ACCELERATION"] = os.environ.get("SDL_FRAMEBUFFER_ACCELERATION", "0")
    return chosen


def display_problem() -> str | None:
    """Why no window can be shown here and what to do about it, for people; None where one can."""
    native = sys.platform in ("win32", "darwin")
    chosen = os.environ.get("SDL_VIDEODRIVER")
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not (native or chosen or display):
        return "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    try:
        _load()
    except LibraryError as error:
        return str(error)
    return None if native else _tried(display or str(chosen))


def _tried(display: str) -> str | None:
    """Another process tries it first: one that waits for a display server hears no signal."""
    command = [sys.executable, "-P", "-c", _TRIAL]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **_driver()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TRIAL_S,
            check=False,
        )
        if done.returncode == 0:
            return None
    except (OSError, subprocess.TimeoutExpired):
        pass
    libraries = _X11_LIBRARIES if os.environ.get("DISPLAY") else _WAYLAND_LIBRARIES
    lacking = next((library for library in libraries if _not_loadable(library)), None)
    if lacking is not None:
        return missing_library_text("the window", lacking)
    return f"no window can be opened on the display {display}: it is not there or does not let us in"


def _not_loadable(library: str) -> str | None:
    """Why a system library does not load; None where it does."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return None


class ToastQueue:
    """The notices that are still to be read."""

    def __init__(self) -> None:
        self._until: list[tuple[float, str]] = []

    def lines(self, now_s: float, fresh: Sequence[Announcement] = ()) -> list[str]:
        """What is to be read at a time, the oldest first. The count is on the panel anyway."""
        told = [(now_s + NOTICE_S, shown_text(notice)) for notice in fresh if notice.cue is not Cue.COUNT]
        self._until = [(until_s, text) for until_s, text in self._until if until_s > now_s] + told
        return [text for _, text in self._until]


class Window:
    """Shows moments until it is closed. A context manager; ask `no_window_because` first. Main thread only."""

    def __init__(self, *, mirror: bool = True) -> None:
        """`mirror`: show the picture as a mirror does."""
        self._mirror = mirror
        self._window: pygame.Window | None = None
        self._shown = False
        self._full_screen = False
        self._corner = overlay.Corner.LEFT
        self._size = _FIRST_SIZE
        self._board = ToastQueue()

    def __enter__(self) -> Self:
        """Raises LibraryError."""
        self._pygame = _load()
        os.environ.update(_driver())
        try:
            self._pygame.display.init()
            # Hidden until the first picture tells its proportions.
            self._window = self._pygame.Window(TITLE, _FIRST_SIZE, hidden=True, resizable=True, allow_high_dpi=True)
        except self._pygame.error as error:
            self._pygame.display.quit()
            raise LibraryError(f"no window can be opened: {error}. Count without one: --no-window") from error
        self._window.set_icon(self._icon())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._pygame.display.quit()

    def show(self, moment: LiveUpdate) -> None:
        """Show the picture of `moment`. Ask for `commands` after each, or the system takes the window for hung."""
        if self._window is None:
            return
        if not self._shown:
            self._open(moment)
        surface = self._window.get_surface()  # one of its own after each change of size
        view = surface.get_size()
        image, pose = self._picture_of(moment, _drawable(*view))
        self._corner = overlay.corner_beside(pose, self._corner, mirror=self._mirror)
        drawn = overlay.draw_overlay(
            image,
            pose,
            moment.side,
            moment.status,
            self._board.lines(moment.time_s, moment.announcements),
            mirror=self._mirror,
            corner=self._corner,
            footer=overlay.key_help(moment.status.stage),
        )
        self._paint(surface, overlay.fit(drawn, None, *view)[0])
        self._window.flip()

    def commands(self) -> list[Command]:
        """What was asked for with keys since the last time; closing the window asks to quit."""
        found: list[Command] = []
        for event in self._pygame.event.get() if self._window is not None else []:
            if event.type in (self._pygame.QUIT, self._pygame.WINDOWCLOSE):
                self._close()
                return [*found, Command.QUIT]
            if event.type == self._pygame.KEYDOWN:
                found += self._command(event)
        return found

    def _command(self, event: pygame.Event) -> list[Command]:
        """The command of a key; those that are about the window itself are done here."""
        # Not the key's code: on many keyboards `+` is another key with shift.
        letter = event.unicode.lower()
        if letter == "f" or (event.key == self._pygame.K_ESCAPE and self._full_screen):
            self._switch_full_screen()
        return [KEYS[letter]] if letter in KEYS else []

    def _switch_full_screen(self) -> None:
        if self._window is None:
            return
        self._full_screen = not self._full_screen
        if self._full_screen:
            self._window.set_fullscreen(True)
        else:
            self._window.set_windowed()
        self._pygame.mouse.set_visible(not self._full_screen)

    def _open(self, moment: LiveUpdate) -> None:
        """Show the window in the proportions of the picture."""
        assert self._window is not None
        self._shown = True
        if moment.frame is not None:
            first, _ = overlay.fit(moment.frame.image, None, *_FIRST_SIZE)
            self._window.size = first.shape[1], first.shape[0]
            self._window.position = self._pygame.WINDOWPOS_CENTERED
        self._window.show()

    def _icon(self) -> pygame.Surface:
        """Somebody lying with the legs up, as an L."""
        icon: pygame.Surface = self._pygame.Surface((64, 64))
        icon.fill(BACKGROUND)
        for colour, begin, end in ((TEXT, (14, 46), (40, 46)), (BLUE, (40, 46), (48, 12))):
            self._pygame.draw.line(icon, colour, begin, end, 9)
        return icon

    def _close(self) -> None:
        if self._window is not None:
            self._window.destroy()
            self._window = None

    def _paint(self, surface: pygame.Surface, picture: NDArray[np.uint8]) -> None:
        """The picture in the middle, and darkness around it."""
        height, width = picture.shape[:2]
        across, down = surface.get_size()
        if (width, height) != (across, down):
            surface.fill(BACKGROUND)
        image = self._pygame.image.frombuffer(np.ascontiguousarray(picture), (width, height), "RGB")
        surface.blit(image, ((across - width) // 2, (down - height) // 2))

    def _picture_of(self, moment: LiveUpdate, view: tuple[int, int]) -> tuple[NDArray[np.uint8], Pose | None]:
        if moment.frame is None:
            return overlay.fit(overlay.blank(*self._size), None, *view)
        image, pose = overlay.fit(moment.frame.image, moment.pose, *view)
        self._size = image.shape[1], image.shape[0]
        return image, pose


def _drawable(width: int, height: int) -> tuple[int, int]:
    """Width and height to draw for: the window's pixels, within reason; what is drawn is scaled where they differ."""
    shrink = min(1.0, _MOST[0] / width, _MOST[1] / height)
    return max(_LEAST[0], round(width * shrink)), max(_LEAST[1], round(height * shrink))

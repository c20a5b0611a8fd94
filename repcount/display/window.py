"""The live window: the screen of a session, as in a mirror, and its keys and buttons."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import subprocess
import sys
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from repcount.coaching.events import KEYS, Command, LiveUpdate
from repcount.coaching.phrases import Button
from repcount.coaching.summary import Summary
from repcount.display import overlay, screen
from repcount.display.widgets import BACKGROUND, BLUE, TEXT
from repcount.errors import LibraryError
from repcount.libraries import library_error, missing_library_text

if TYPE_CHECKING:
    import pygame
    from numpy.typing import NDArray

TITLE = "repcount"

_SCREEN_SHARE = 0.9
"""Share of the screen that the window takes before it is maximised: room for its frame and a panel of the desktop,
where nobody maximises it."""

_UNKNOWN_SCREEN = (1280, 720)
"""Where the size of the screen is not known: fits the smallest laptop screens in use, 1366 by 768."""

_MAX_SIZE, _MIN_SIZE = (2880, 1800), (320, 180)
"""The screen is drawn at a size between these and scaled to the window. HiDPI screens of laptops are within them.
Larger images take too long (8 ms of processor time for 2560 by 1600, 14 ms for 3840 by 2160, and showing them on top,
of the 66 ms that a frame has); smaller ones are illegible."""

_PROBE_TIMEOUT_S = 20.0
"""Heuristic: a display server that has not answered by then will not answer."""

_PROBE = "import pygame; pygame.display.init()"

_ENVIRONMENT = {
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    # repcount handles SIGINT and SIGTERM itself; SDL would turn them into events.
    "SDL_NO_SIGNAL_HANDLERS": "1",
    # A person on the mat watches the window and touches nothing.
    "SDL_VIDEO_ALLOW_SCREENSAVER": "0",
    # SDL treats every full-screen window as a game, for which KDE turns its effects off.
    "SDL_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR": "0",
    # The name by which desktops identify the program; by default pygame uses the script's name.
    "SDL_VIDEO_X11_WMCLASS": TITLE,
    "SDL_VIDEO_WAYLAND_WMCLASS": TITLE,
    # Windows: window sizes are in points, the surface in physical pixels.
    "SDL_WINDOWS_DPI_SCALING": "1",
}
"""Environment variables for SDL and pygame, set unless the user has set them."""

_FATAL_SIGNALS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGQUIT")
"""Importing pygame replaces the default handlers of these."""

_X11_LIBRARIES = ("libX11.so.6", "libXext.so.6")
_WAYLAND_LIBRARIES = ("libwayland-client.so.0", "libwayland-cursor.so.0", "libwayland-egl.so.1", "libxkbcommon.so.0")
_WAYLAND_FRAME = "libdecor-0.so.0"
"""System libraries that SDL loads when it opens a window; everything else is in its wheel."""


def _load() -> ModuleType:
    """Import pygame without its banner, sound device and signal handlers. Main thread only.

    Raises LibraryError.
    """
    for name, value in _ENVIRONMENT.items():
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
    """Restore the default handlers, except where Python or faulthandler, which pygame leaves alone, has its own."""
    for name in _FATAL_SIGNALS:
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is not signal.SIG_DFL:
            continue
        if name == "SIGQUIT" or not faulthandler.is_enabled():
            signal.signal(number, signal.SIG_DFL)


def _driver() -> dict[str, str]:
    """Variables that restrict SDL to the display servers that are set.

    Left to itself it also tries the graphics card directly, and takes over the console.
    """
    if sys.platform in ("win32", "darwin") or os.environ.get("SDL_VIDEODRIVER"):
        return {}
    servers = ["x11"] if os.environ.get("DISPLAY") else []
    if os.environ.get("WAYLAND_DISPLAY"):
        # Wayland is sharp on HiDPI, where XWayland is scaled up; but without libdecor the window has no title bar.
        servers.insert(0 if _load_error(_WAYLAND_FRAME) is None else 1, "wayland")
    variables = {"SDL_VIDEODRIVER": ",".join(servers)}
    if servers == ["x11"]:
        # Through shared memory a frame costs a third to a half of what it does through software OpenGL; Wayland and
        # macOS have no such path. Measured: benchmarks/window.py.
        variables["SDL_FRAMEBUFFER_ACCELERATION"] = os.environ.get("SDL_FRAMEBUFFER_ACCELERATION", "0")
    return variables


def display_problem() -> str | None:
    """A sentence on why no window can be shown here and what to do about it; None if one can."""
    native = sys.platform in ("win32", "darwin")
    driver = os.environ.get("SDL_VIDEODRIVER")
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not (native or driver or display):
        return "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    try:
        _load()
    except LibraryError as error:
        return str(error)
    return None if native else _probe(display or str(driver))


def _probe(display: str) -> str | None:
    """Open the display in another process first: a process that waits for a display server handles no signals."""
    command = [sys.executable, "-P", "-c", _PROBE]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **_driver()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
        if done.returncode == 0:
            return None
    except (OSError, subprocess.TimeoutExpired):
        pass
    libraries = _X11_LIBRARIES if os.environ.get("DISPLAY") else _WAYLAND_LIBRARIES
    missing = next((library for library in libraries if _load_error(library)), None)
    if missing is not None:
        return missing_library_text("the window", missing)
    return f"no window can be opened on the display {display}: it is not there or does not let us in"


def _load_error(library: str) -> str | None:
    """Why a system library does not load; None if it does."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return None


class Window:
    """Shows a live session until the window is closed. A context manager, for the main thread.

    Call `display_problem` first: entering it where there is no display may hang.
    """

    def __init__(self, *, mirror: bool = True) -> None:
        """`mirror`: show the frame as a mirror does."""
        self._mirror = mirror
        self._window: pygame.Window | None = None
        self._shown = False
        self._full_screen = False
        self._maximized = False
        """Whether it was maximized before it filled the screen."""
        self._picture: NDArray[np.uint8] | None = None
        """The newest frame; it stays when no more come."""
        self._cue = screen.NewestCue()

    def __enter__(self) -> Self:
        """Raises LibraryError."""
        self._pygame = _load()
        os.environ.update(_driver())
        try:
            self._pygame.display.init()
            # Hidden until there is something to show.
            size = self._initial_size()
            self._window = self._pygame.Window(TITLE, size, hidden=True, resizable=True, allow_high_dpi=True)
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

    @property
    def is_open(self) -> bool:
        """Whether it has been shown, and not closed."""
        return self._shown and self._window is not None

    def show(self, update: LiveUpdate) -> None:
        """Show one update. Call `commands` after each, or the system considers the window hung."""
        if self._window is None:
            return
        if update.frame is not None:
            self._picture = update.frame.image
        cue = self._cue.at(update.time_s, update.announcements)
        self._paint(
            screen.draw(
                self._drawing_size(self._window),
                self._picture,
                update.pose,
                update.side,
                update.status,
                cue,
                mirror=self._mirror,
                full_screen=self._full_screen,
            )
        )

    def show_summary(self, summary: Summary) -> None:
        """Show the result of the session instead. Call `closes_summary` after it."""
        if self._window is not None:
            self._paint(screen.draw_summary(self._drawing_size(self._window), summary))

    def closes_summary(self) -> bool:
        """Whether a key, a click or the window's own button asked to close the summary."""
        if self._window is None:
            return True
        closing = {self._pygame.QUIT, self._pygame.WINDOWCLOSE, self._pygame.KEYDOWN, self._pygame.MOUSEBUTTONDOWN}
        return any(event.type in closing for event in self._pygame.event.get())

    def commands(self) -> list[Command]:
        """The commands of the keys and buttons pressed since the last call; closing the window is `QUIT`."""
        commands: list[Command] = []
        for event in self._pygame.event.get() if self._window is not None else []:
            if event.type in (self._pygame.QUIT, self._pygame.WINDOWCLOSE):
                self._close()
                return [*commands, Command.QUIT]
            if event.type == self._pygame.KEYDOWN:
                # The character, not the key code: on many keyboards `+` is Shift and another key.
                leaves = event.key == self._pygame.K_ESCAPE and self._full_screen
                commands += self._press(Button.FULL_SCREEN if leaves else event.unicode.lower())
            if event.type == self._pygame.MOUSEBUTTONDOWN and event.button == self._pygame.BUTTON_LEFT:
                commands += self._press(self._button_at(*event.pos) or "")
        return commands

    def _press(self, key: str) -> list[Command]:
        """The command of a key or button, if it has one; that for the window itself acts at once."""
        if key == Button.FULL_SCREEN:
            self._switch_full_screen()
        return [KEYS[key]] if key in KEYS else []

    def _button_at(self, x: float, y: float) -> Button | None:
        """The button at a position in the window, in the points of the system."""
        if self._window is None:
            return None
        width, height = self._drawing_size(self._window)
        aspect = self._picture.shape[1] / self._picture.shape[0] if self._picture is not None else screen.ASPECT
        points_wide, points_high = self._window.size
        return screen.button_at((width, height), aspect, x * width / points_wide, y * height / points_high)

    def _switch_full_screen(self) -> None:
        if self._window is None:
            return
        self._full_screen = not self._full_screen
        if self._full_screen:
            # SDL neither tells it nor keeps it. Who made a window larger than it opened gets it back maximized, too.
            self._maximized = all(np.array(self._window.size) > self._initial_size())
            self._window.set_fullscreen(True)
            return
        self._window.set_windowed()
        if self._maximized:
            self._window.maximize()

    def _initial_size(self) -> tuple[int, int]:
        """As large as the screen allows without covering what the desktop puts at its edges."""
        width, height = next(iter(self._pygame.display.get_desktop_sizes()), _UNKNOWN_SCREEN)
        return round(_SCREEN_SHARE * width), round(_SCREEN_SHARE * height)

    def _icon(self) -> pygame.Surface:
        """A person lying with the legs up, as an L."""
        icon: pygame.Surface = self._pygame.Surface((64, 64))
        icon.fill(BACKGROUND)
        for colour, begin, end in ((TEXT, (14, 46), (40, 46)), (BLUE, (40, 46), (48, 12))):
            self._pygame.draw.line(icon, colour, begin, end, 9)
        return icon

    def _close(self) -> None:
        if self._window is not None:
            self._window.destroy()
            self._window = None

    def _drawing_size(self, window: pygame.Window) -> tuple[int, int]:
        """The size to draw at: that of the window in pixels, between _MIN_SIZE and _MAX_SIZE."""
        width, height = window.get_surface().get_size()
        shrink = min(1.0, _MAX_SIZE[0] / width, _MAX_SIZE[1] / height)
        return max(_MIN_SIZE[0], round(width * shrink)), max(_MIN_SIZE[1], round(height * shrink))

    def _paint(self, image: NDArray[np.uint8]) -> None:
        """Fill the window with an image."""
        assert self._window is not None
        surface = self._window.get_surface()  # a new one after each resize
        scaled = overlay.fit(image, None, *surface.get_size())[0]
        height, width = scaled.shape[:2]
        if (width, height) != surface.get_size():
            surface.fill(BACKGROUND)
        source = self._pygame.image.frombuffer(np.ascontiguousarray(scaled), (width, height), "RGB")
        surface.blit(source, ((surface.get_width() - width) // 2, (surface.get_height() - height) // 2))
        self._window.flip()
        if not self._shown:
            self._shown = True
            self._window.position = self._pygame.WINDOWPOS_CENTERED
            self._window.show()
            self._window.maximize()

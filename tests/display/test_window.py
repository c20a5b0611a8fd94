"""The live window on a real display, and what is said where there is none."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.programs import Ffmpeg

from repcount.coaching import phrases
from repcount.coaching.events import Command
from repcount.display import screen as drawing
from repcount.display import window
from repcount.display.widgets import BACKGROUND

WIDTH, HEIGHT = 1366, 768

Shot = NDArray[np.uint8]

SHOW = """
import itertools
from math import nan
import numpy as np
from repcount.display.widgets import BACKGROUND
from repcount.coaching.events import Command, LiveUpdate, SessionStatus, Stage
from repcount.types import Frame, Phase
from repcount.display.window import Window

image = np.full((360, 640, 3), (40, 90, 140), np.uint8)
image[:, :320] = (140, 90, 40)
status = SessionStatus(Stage.COUNTING, Phase.RAISE, full=12, lift_deg=40.0, upright_deg=67.0, back_deg=20.0)
with Window() as window:
    for number in itertools.count():
        time_s = number / 15
        frame = Frame(time_s, image) if number % 10 else None
        window.show(LiveUpdate(time_s, frame, None, "", status))
        commands = window.commands()
        for command in commands:
            print(command, flush=True)
        if number == 20:
            print("shown", flush=True)
        if Command.QUIT in commands:
            break
print("closed", flush=True)
"""


@dataclass(frozen=True)
class Screen:
    """A display with a window on it."""

    display: str
    process: subprocess.Popen[str]
    window: str
    """The window's number."""

    def line(self) -> str:
        """What the process tells next."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def press(self, *keys: str) -> None:
        _xdotool(self.display, "key", *keys)


def _xdotool(display: str, *arguments: str) -> str:
    env = {**os.environ, "DISPLAY": display}
    done = subprocess.run(["xdotool", *arguments], env=env, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A display of its own, which nobody sees."""
    for tool in ("Xvfb", "xdotool"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed: apt-get install xvfb xdotool")
    reading, writing = os.pipe()
    # By default a server begins anew when its last client leaves, and refuses whoever comes in that moment.
    options = ["-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-noreset", "-displayfd", str(writing)]
    server = subprocess.Popen(["Xvfb", *options], pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with open(reading, encoding="ascii") as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(timeout=300)


@pytest.fixture
def screen(display: str, tmp_path: Path) -> Iterator[Screen]:
    """A window that shows a live session until it is closed; it writes nothing to stderr."""
    errors = tmp_path / "stderr.txt"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", SHOW],
            env={**os.environ, "DISPLAY": display},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        try:
            shown = Screen(display, process, "")
            assert shown.line() == "shown", errors.read_text(encoding="utf-8")
            number = _xdotool(display, "search", "--onlyvisible", "--class", f"^{window.TITLE}$").splitlines()[-1]
            _xdotool(display, "windowmove", "--sync", number, "0", "0", "windowfocus", "--sync", number)
            yield Screen(display, process, number)
        finally:
            process.kill()
            process.communicate(timeout=300)
    assert errors.read_text(encoding="utf-8") == ""


def eventually(display: str, ffmpeg: Ffmpeg, path: Path, is_so: Callable[[Shot], bool]) -> bool:
    """Whether the display gets to show what is asked for: painting is up to the system."""
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        if is_so(grabbed(display, ffmpeg, path)):
            return True
    return False


def near(pixels: Shot, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixels.astype(int) - colour).max() < 4)


def grabbed(display: str, ffmpeg: Ffmpeg, path: Path) -> Shot:
    """What is on the display: (height, width, 3), red-green-blue."""
    size = f"{WIDTH}x{HEIGHT}"
    raw = ffmpeg("-f", "x11grab", "-video_size", size, "-i", display, "-frames:v", "1", "-pix_fmt", "rgb24", path)
    return np.frombuffer(raw.read_bytes(), np.uint8).reshape(HEIGHT, WIDTH, 3)


# --- the window --------------------------------------------------------------------------------------------


def test_keys_come_as_commands(screen: Screen) -> None:
    for key, command in {
        "space": Command.PAUSE,
        "r": Command.RESTART,
        "n": Command.NEXT,
        "plus": Command.ADD,
        "equal": Command.ADD,
        "KP_Add": Command.ADD,
        "minus": Command.REMOVE,
        "KP_Subtract": Command.REMOVE,
        "R": Command.RESTART,
    }.items():
        screen.press("x", "Left", "Up", key)  # only the last one means anything
        assert screen.line() == command, key
    screen.press("q")
    assert [screen.line(), screen.line()] == [Command.QUIT, "closed"]
    assert screen.process.wait(timeout=300) == 0


ORANGE, TEAL = (140, 90, 40), (40, 90, 140)


def picture_columns(shot: Shot, colour: tuple[int, int, int]) -> NDArray[np.intp]:
    """The columns in which much has that colour."""
    alike = (np.abs(shot.astype(int) - colour).max(axis=2) < 4).sum(axis=0)
    return np.flatnonzero(alike > 100)


def test_the_window_is_as_large_as_the_screen_allows_and_shows_the_mirrored_picture(
    screen: Screen, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Orange was on the left."""
    size = dict(
        re.findall(r"(WIDTH|HEIGHT)=(\d+)", _xdotool(screen.display, "getwindowgeometry", "--shell", screen.window))
    )
    assert int(size["WIDTH"]) >= 0.9 * WIDTH - 1
    assert int(size["HEIGHT"]) >= 0.9 * HEIGHT - 1

    def is_shown(shot: Shot) -> bool:
        teal, orange = picture_columns(shot, TEAL), picture_columns(shot, ORANGE)
        return len(teal) > 300 and len(orange) > 300 and teal.max() < orange.min()

    assert eventually(screen.display, ffmpeg, tmp_path / "shot.rgb", is_shown)


def test_buttons_do_what_the_keys_do(screen: Screen) -> None:
    """Clicked where they are drawn."""
    width, height = (round(0.9 * side) for side in (WIDTH, HEIGHT))
    places = drawing.layout(width, height, 640 / 360, len(phrases.BUTTONS)).buttons
    expected = {
        "PAUSE": "pause",
        "NEXT": "next",
        "RESTART": "restart",
        "REMOVE": "remove",
        "TARGET": "target",
        "ADD": "add",
        "QUIT": "quit",
    }
    for button, box in zip(phrases.BUTTONS, places, strict=True):
        if button.name not in expected:
            continue
        x, y = str(box.left + box.width // 2), str(box.top + box.height // 2)
        _xdotool(screen.display, "mousemove", "--window", screen.window, x, y, "click", "1")
        assert screen.line() == expected[button.name]
    assert screen.line() == "closed"


def test_a_resized_window_keeps_everything_in_its_place(screen: Screen, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    _xdotool(screen.display, "windowsize", "--sync", screen.window, "500", "700")

    def is_tall(shot: Shot) -> bool:
        inside = shot[:700, :500]
        teal, orange = picture_columns(inside, TEAL), picture_columns(inside, ORANGE)
        return len(teal) > 200 and len(orange) > 200 and near(inside[695:699, :3], BACKGROUND)

    assert eventually(screen.display, ffmpeg, tmp_path / "shot.rgb", is_tall)


@pytest.fixture
def window_manager(display: str) -> Iterator[None]:
    """Without one no window fills the screen."""
    if shutil.which("openbox") is None:
        pytest.skip("openbox is not installed: apt-get install openbox")
    env = {**os.environ, "DISPLAY": display}
    manager = subprocess.Popen(["openbox"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline_s = time.monotonic() + 20
    while subprocess.run(["xdotool", "get_desktop"], env=env, capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline_s, "openbox manages nothing"
    yield
    manager.terminate()
    manager.wait(timeout=300)


def geometry(screen: Screen) -> str:
    return _xdotool(screen.display, "getwindowgeometry", "--shell", screen.window)


@pytest.mark.usefixtures("window_manager")
def test_a_maximized_window_is_maximized_again_after_full_screen(
    screen: Screen, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    def is_so(now: Callable[[], bool]) -> bool:
        return eventually(screen.display, ffmpeg, tmp_path / "shot.rgb", lambda _: now())

    maximized = geometry(screen)
    assert f"WIDTH={WIDTH}\n" in maximized
    for _ in range(2):
        screen.press("f")
        assert is_so(lambda: f"HEIGHT={HEIGHT}\n" in geometry(screen))
        screen.press("f")
        assert is_so(lambda: geometry(screen) == maximized)


@pytest.mark.usefixtures("window_manager")
def test_f_fills_the_screen_and_comes_back_and_so_does_escape(screen: Screen, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    def is_full(shot: Shot) -> bool:
        edges = (shot[:3], shot[-3:], shot[:, :3], shot[:, -3:])
        return all(near(edge, BACKGROUND) for edge in edges)

    for back in ("f", "Escape"):
        screen.press("f")
        assert eventually(screen.display, ffmpeg, tmp_path / "full.rgb", is_full)
        screen.press(back)
        assert eventually(screen.display, ffmpeg, tmp_path / "back.rgb", lambda shot: not is_full(shot))
    screen.press("Escape", "q")  # which closes nothing where nothing is full
    assert [screen.line(), screen.line()] == [Command.QUIT, "closed"]


def test_signals_are_left_as_they_were_and_the_sound_device_alone(display: str) -> None:
    """pygame takes over the signals of crashes when it is imported, SDL SIGINT and SIGTERM."""
    code = """
import re, sys
def caught(): return re.search(r"SigCgt:.*", open("/proc/self/status").read())[0]
from repcount.display.window import Window
before = caught()
loaded = "pygame" in sys.modules
with Window():
    import pygame
    print(caught() == before, loaded, pygame.mixer.get_init(), pygame.display.get_allow_screensaver())
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("there is no /proc")
    env = {**os.environ, "DISPLAY": display}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True False None False\n", "")


def test_closing_the_window_quits(screen: Screen) -> None:
    _close_as_a_window_manager_does(screen.display, int(screen.window))
    assert [screen.line(), screen.line()] == [Command.QUIT, "closed"]


class _ClientMessage(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("room", ctypes.c_long * 24),
    )


def _close_as_a_window_manager_does(display: str, number: int) -> None:
    """Xvfb has no window manager, whose X button this is."""
    name = ctypes.util.find_library("X11")
    if name is None:
        pytest.skip("libX11 is not installed")
    x11 = ctypes.CDLL(name)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(x11.XOpenDisplay(display.encode()))
    protocols, delete = (x11.XInternAtom(connection, atom, 0) for atom in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    client_message = 33
    event = _ClientMessage(client_message, 0, 1, connection, number, protocols, 32, (ctypes.c_long * 5)(delete))
    x11.XSendEvent(connection, ctypes.c_ulong(number), 0, ctypes.c_long(0), ctypes.byref(event))
    x11.XCloseDisplay(connection)


class ScaledWindow:
    """As SDL gives it on a screen with a scale factor of 2: its size in points, its surface in pixels."""

    size = (1440, 900)

    def get_surface(self) -> ScaledWindow:
        return self

    def get_size(self) -> tuple[int, int]:
        return 2880, 1800


def test_with_a_scale_factor_every_pixel_is_drawn_and_buttons_are_where_they_are_drawn() -> None:
    """Text has the same share of the screen as without one, so it is as large in millimetres."""
    shown = window.Window()
    scaled = shown._window = ScaledWindow()  # type: ignore[assignment]
    size = shown._drawing_size(scaled)  # type: ignore[arg-type]
    assert size == (2880, 1800)
    assert drawing.sizes_for(*size).count == pytest.approx(2 * drawing.sizes_for(1440, 900).count, abs=2)
    places = drawing.layout(*size, drawing.ASPECT, len(phrases.BUTTONS)).buttons
    for button, box in zip(phrases.BUTTONS, places, strict=True):
        assert shown._button_at((box.left + 2) / 2, (box.top + 2) / 2) is button


# --- no window ---------------------------------------------------------------------------------------------


@pytest.fixture
def on_linux() -> None:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("there a window can always be opened")


@pytest.mark.usefixtures("on_linux")
@pytest.mark.parametrize(
    ("env", "reason"),
    [
        ({}, "there is no display here"),
        ({"WAYLAND_DISPLAY": "no-such"}, "no window can be opened on the display no-such"),
        ({"DISPLAY": ":12345"}, "no window can be opened on the display :12345"),
    ],
)
def test_without_a_display_it_is_said_why(env: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the console taken over, which SDL can, too."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    problem = window.display_problem() or ""
    # A system without the libraries of a display is told which one is missing, before anything is tried.
    assert reason in problem or (env and "the window needs the system library" in problem), problem


def test_with_a_display_nothing_is_in_the_way(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    assert window.display_problem() is None

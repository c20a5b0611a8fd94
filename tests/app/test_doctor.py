"""`repcount doctor` and `repcount cameras`: what is looked at, and what people are told to do."""

from __future__ import annotations

import os
import socket
from math import nan
from pathlib import Path

import pytest
from support import streams
from support.programs import SAMPLES, Cli, run_process

from repcount.app import doctor
from repcount.app.doctor import Check
from repcount.video import discovery as cameras
from repcount.video.discovery import CameraInfo

CLIP = SAMPLES / "07_fast_reps.mp4"


@pytest.fixture
def no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "find_cameras", list)


def line(out: str, name: str) -> str:
    """The line about this."""
    [found] = [each for each in out.splitlines() if each[4:].startswith(f"{name} ")]
    return found


# --- the whole of it ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_with_a_camera_live_counting_works(cli: Cli, model: Path) -> None:
    with streams.mjpeg(CLIP, loop=True) as stream:
        result = cli("doctor", "--camera", stream.url)
    assert result.code == 0, result.out
    assert line(result.out, "camera").startswith("OK  camera        640 x 360, ")
    assert line(result.out, "pose model").endswith(" ms a picture") or "slow" in line(result.out, "pose model")
    assert result.out.splitlines()[-1] == "Live counting works here"
    assert "\x1b" not in result.out


@pytest.mark.usefixtures("no_camera")
def test_without_a_camera_it_says_what_to_do_and_fails(cli: Cli, model: Path) -> None:
    result = cli("doctor")
    assert result.code == 1
    assert line(result.out, "camera").startswith("!!  camera        none found. ")
    assert "--camera http://" in line(result.out, "camera")
    assert result.out.splitlines()[-1] == "Live counting cannot work yet: see camera"


@pytest.mark.slow
def test_it_writes_nothing_but_its_lines_and_makes_no_file(tmp_path: Path, model: Path) -> None:
    """In a process of its own: OpenCV, FFmpeg and MediaPipe write past Python."""
    with socket.create_server((streams.HOST, 0)) as closed:
        url = f"http://me:secret@{streams.HOST}:{closed.getsockname()[1]}/video"
    env = {**os.environ, "REPCOUNT_HISTORY": str(tmp_path / "deep" / "history.sqlite3")}
    result = run_process("doctor", "--camera", url, env=env)
    assert (result.code, result.err) == (1, "")
    assert "no camera does at port" in line(result.out, "camera")
    assert "secret" not in result.out
    assert line(result.out, "history") == f"OK  history       {tmp_path / 'deep' / 'history.sqlite3'}"
    assert list(tmp_path.iterdir()) == []


# --- one by one --------------------------------------------------------------------------------------------


def test_a_missing_model_is_told_with_the_command_that_prepares_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("REPCOUNT_MODEL", raising=False)
    check = doctor.model()
    assert check.ok is False
    assert "repcount model --install" in check.text


def test_a_damaged_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pose.task").write_bytes(b"PK\x05\x06" + bytes(18))
    monkeypatch.setenv("REPCOUNT_MODEL", str(tmp_path / "pose.task"))
    assert doctor.model().ok is False


def test_settings_that_cannot_be_used_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.settings().ok
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "repcount").mkdir()
    (tmp_path / "repcount" / "config.toml").write_text("full_deg = 5\n", encoding="utf-8")
    check = doctor.settings()
    assert check.ok is False
    assert "full_deg is 5" in check.text


def test_a_history_that_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("REPCOUNT_HISTORY", str(tmp_path / "file" / "history.sqlite3"))
    check = doctor.history()
    assert check.ok is False
    assert f"{tmp_path / 'file'} is no folder" in check.text


@pytest.mark.slow
@pytest.mark.parametrize("module", ["cv2", "mediapipe"])
def test_a_library_that_does_not_load_is_told_and_what_needs_it_is_not_tried(module: str, tmp_path: Path) -> None:
    """A module that fails as the real one does on a bare Linux stands before it on the path."""
    message = "libGLESv2.so.2: cannot open shared object file: No such file or directory"
    (tmp_path / f"{module}.py").write_text(f"raise ImportError({message!r})\n", encoding="utf-8")
    result = run_process("doctor", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (result.code, result.err) == (1, "")
    assert line(result.out, "libraries").startswith("!!  libraries     ")
    assert "apt-get install libgles2" in line(result.out, "libraries")
    assert "pose model" not in result.out
    assert line(result.out, "history")
    assert result.out.splitlines()[-1].startswith("Live counting cannot work yet: see ")


def test_a_second_opencv_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.packages().ok
    folder = tmp_path / "opencv_contrib_python-4.11.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: opencv-contrib-python\nVersion: 4.11.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    check = doctor.packages()
    assert check.ok is None
    assert "pip uninstall -y opencv-contrib-python opencv-python-headless && pip install" in check.text


@pytest.mark.parametrize(
    ("wanted", "here", "expected"),
    [
        ("mediapipe<0.10.32,>=0.10.30", "0.10.31", None),
        ("mediapipe<0.10.32,>=0.10.30", "0.10.32", "mediapipe 0.10.32 was never tried"),
        ("mediapipe<0.10.32,>=0.10.30", "0.10.4", "mediapipe 0.10.4 was never tried"),
        ("mediapipe<0.10.32,>=0.10.30", "1.2.2", "mediapipe 1.2.2 reports on its use over the network: pip install 'm"),
        ("mediapipe>=5.0", "5.0.0.93", None),
        ("mediapipe>=1; sys_platform == 'none'", "0.10.31", None),
        ('mediapipe>=1; extra == "test"', "0.10.31", None),
        ("numpy>=1.26", "2.4", "numpy is not installed: pip install 'numpy>=1.26'"),
    ],
)
def test_versions_are_those_that_repcount_asks_for(wanted: str, here: str, expected: str | None) -> None:
    answer = doctor.requirement_problem(wanted, {"mediapipe": here})
    assert answer == expected if expected is None else expected in str(answer)


@pytest.mark.parametrize(
    ("system", "expected"),
    [("darwin", "System Settings > Privacy"), ("win32", "Settings > Privacy & security > Camera"), ("linux", "given")],
)
def test_where_to_look_for_a_camera_that_is_not_found(system: str, expected: str) -> None:
    assert expected in doctor.no_camera_advice(system) or "Windows itself" in doctor.no_camera_advice(system)


def test_one_camera_that_works_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    dark, good, held = (
        CameraInfo(0, "Dark", 640, 480, 8.0, "slow: more light helps, or a smaller picture"),
        CameraInfo(2, "Good", 1280, 720, 30.0),
        CameraInfo(4, "Held", note="camera 4 is used by zoom (process 7); close that program"),
    )
    monkeypatch.setattr(cameras, "find_cameras", lambda: [dark, good, held])
    assert list(doctor.cameras()) == [
        Check("camera 0", None, "Dark: 640 x 480, 8 frames a second (slow: more light helps, or a smaller picture)"),
        Check("camera 2", True, "Good: 1280 x 720, 30 frames a second"),
        Check("camera 4", None, "Held: camera 4 is used by zoom (process 7); close that program"),
    ]
    monkeypatch.setattr(cameras, "find_cameras", lambda: [held])
    assert [check.ok for check in doctor.cameras()] == [False]


# --- cameras -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_camera")
def test_no_camera_is_told_with_what_to_try(cli: Cli) -> None:
    result = cli("cameras")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("no camera found. ")


def test_cameras_are_listed_one_a_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        cameras, "find_cameras", lambda: [CameraInfo(0, "Webcam", 1280, 720, 29.97), CameraInfo(12, "USB", note="no")]
    )
    result = cli("cameras")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [" 0  Webcam: 1280 x 720, 30 frames a second", "12  USB: no"]
    monkeypatch.setattr(cameras, "find_cameras", lambda: [CameraInfo(0, "USB", rate_hz=nan, note="no")])
    assert cli("cameras").code == 1


def test_linux_lists_the_nodes_that_give_pictures(tmp_path: Path) -> None:
    """A folder cannot be opened as a device, and neither can a camera that is refused: both are listed."""
    system, dev = tmp_path / "sys", tmp_path / "dev"
    for name, node in (("video10", True), ("video2", True), ("video3", False), ("v4l-subdev0", True)):
        (system / name).mkdir(parents=True)
        (system / name / "name").write_text(f"Camera {name}\n", encoding="utf-8")
        if node:
            (dev / name).mkdir(parents=True)
    (system / "video4").mkdir()
    (dev / "video4").touch()  # opens, but is no camera
    assert cameras.linux_cameras(system, dev) == [(2, "Camera video2"), (10, "Camera video10")]


@pytest.mark.slow
def test_what_a_stream_gives_is_measured() -> None:
    with streams.mjpeg(CLIP, rate_hz=15, loop=True) as stream:
        seen = cameras.measure(stream.url)
    assert (seen.width, seen.height) == (640, 360)
    assert seen.rate_hz == pytest.approx(15, rel=0.1)
    assert seen.note == ""

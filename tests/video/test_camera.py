"""Live frames: real streams and files; faults of cameras by scripted captures."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import isnan
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
import pytest
from support import streams
from support.programs import Ffmpeg, pattern

from repcount.errors import CameraError
from repcount.types import Frame
from repcount.video import camera as cameras
from repcount.video import capture, capture_loop, diagnostics, latest_frame, reader
from repcount.video import stream as live_stream
from repcount.video.camera import Camera, open_camera
from repcount.video.capture import Capture, Opener
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault, CameraFaultKind

pytestmark = pytest.mark.slow
"""Streams in real time."""

HZ = 30.0
LATE_S = 0.2
"""Longest delay at the median."""

BUSY_S = 1.5
"""Longest delay of anything that a busy machine explains. What is left undone takes far longer, or for ever."""


@pytest.fixture(scope="module")
def counting(ffmpeg: Ffmpeg, clips: Path) -> Path:
    """6 s of grey that gets lighter with every frame, see `number`."""
    grey = "nullsrc=s=160x120:r=30:d=6,geq=lum='32+N':cb=128:cr=128"
    return ffmpeg("-f", "lavfi", "-i", grey, "-c:v", "libx264", "-crf", "5", clips / "counting.mp4")


def number(frame: Frame) -> float:
    """Which frame of that clip this is, to about two."""
    return (float(frame.image.mean()) * 219 / 255 + 16) - 32


def frames(camera: Camera, count: int, within_s: float = 30.0) -> list[Frame]:
    """The next frames."""
    until_s = perf_counter() + within_s
    found: list[Frame] = []
    while len(found) < count and perf_counter() < until_s:
        got = camera.next(0.5)
        if isinstance(got, Frame):
            found.append(got)
    assert len(found) == count
    return found


def faults_until(camera: Camera, until: CameraFaultKind, within_s: float = 30.0) -> list[CameraFault]:
    """The faults reported up to the first of this kind."""
    until_s = perf_counter() + within_s
    found: list[CameraFault] = []
    while perf_counter() < until_s:
        got = camera.next(0.5)
        if isinstance(got, CameraFault):
            found.append(got)
            if got.kind is until:
                return found
    raise AssertionError(f"{until} did not come, but {found}")


def faults_within(camera: Camera, seconds: float) -> list[CameraFault]:
    """The faults reported in this time."""
    until_s = perf_counter() + seconds
    got = [camera.next(0.1) for _ in iter(lambda: perf_counter() < until_s, False)]
    return [each for each in got if isinstance(each, CameraFault)]


class Script:
    """A capture of these frames at 50 per second, the last one for ever; None is no frame, an exception is raised."""

    def __init__(self, *frames: Any) -> None:
        self._frames = list(frames)
        self._now: Any = None
        self._pace = threading.Event()
        self.released = False

    def grab(self) -> bool:
        self._pace.wait(0.02)
        self._now = self._frames.pop(0) if len(self._frames) > 1 else self._frames[0]
        return self._now is not None

    def retrieve(self) -> tuple[bool, Any]:
        if isinstance(self._now, Exception):
            raise self._now
        return True, self._now() if callable(self._now) else self._now

    def release(self) -> None:
        self.released = True


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that starts at once, and is opened again at once."""
    monkeypatch.setattr(capture_loop, "_SETTLE_S", 0.05)
    monkeypatch.setattr(capture_loop, "_FAILING_S", 0.2)
    monkeypatch.setattr(capture_loop, "_FIRST_WAIT_S", 0.1)


GENERATOR = np.random.default_rng(12)


def noise() -> Any:
    return GENERATOR.integers(0, 255, (120, 160, 3), dtype=np.uint8)


def one_after_another(*opened: Capture | CameraFault) -> Opener:
    """An opener of these in turn, and then of the last one for ever."""
    left = list(opened)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


# --- frames ------------------------------------------------------------------------------------------------

STREAMS = [streams.mjpeg, streams.rtsp, streams.udp]


@pytest.mark.slow
@pytest.mark.parametrize("kind", STREAMS, ids=["mjpeg", "rtsp", "udp"])
def test_a_stream_is_seen_as_it_is_now(kind: Any, counting: Path) -> None:
    with kind(counting) as stream, open_camera(stream.url) as camera:
        seen = []
        for _ in range(35):
            [frame] = frames(camera, 1)
            assert camera.now_s() - frame.time_s < BUSY_S
            seen.append((frame, perf_counter()))
        assert camera.rate_hz == pytest.approx(HZ, rel=0.25)
    assert (camera.width, camera.height) == (160, 120)
    assert seen[0][0].time_s == 0
    assert all(one.time_s < other.time_s for (one, _), (other, _) in pairwise(seen))
    late_s = [at_s - stream.started_s - number(frame) / HZ for frame, at_s in seen]
    assert np.median(late_s) < LATE_S
    offset_s = [frame.time_s - number(frame) / HZ for frame, _ in seen]
    assert np.ptp(np.percentile(offset_s, [20, 80])) < 0.15
    assert camera.fault is None


def test_a_slow_reader_gets_the_newest_frame_only(counting: Path) -> None:
    work = threading.Event()
    with streams.mjpeg(counting) as stream, open_camera(stream.url) as camera:
        for _ in range(4):
            work.wait(0.25)
            [frame] = frames(camera, 1)
            assert camera.now_s() - frame.time_s < BUSY_S
        assert camera.captured > 2 * 4 + 4, "most are skipped"


def test_frames_before_the_due_time_are_skipped(counting: Path) -> None:
    with streams.mjpeg(counting) as stream, open_camera(stream.url) as camera:
        frames(camera, 1)
        got = camera.next(2.0, due_s=0.5)
        assert isinstance(got, Frame)
        assert 0.5 <= got.time_s < 0.5 + BUSY_S
        assert camera.next(0.05, due_s=60.0) is None


@pytest.mark.usefixtures("quick")
def test_frames_are_rgb_and_of_any_size() -> None:
    blue = np.zeros((120, 160, 3), np.uint8)
    blue[..., 0] = 255
    tall = np.zeros((200, 100, 3), np.uint8)
    with cameras.reconnecting_camera(lambda: Script(*[blue] * 30, tall), "test") as camera:
        first = frames(camera, 1)[0]
        assert first.image[0, 0].tolist() == [0, 0, 255]
        assert (camera.width, camera.height) == (160, 120)
        last = frames(camera, 40)[-1]
        assert last.image.shape == (200, 100, 3)
        assert (camera.width, camera.height) == (100, 200)


@pytest.mark.usefixtures("quick")
def test_damaged_frames_are_skipped() -> None:
    damaged = [np.zeros((0, 0, 3), np.uint8), np.zeros((1, 1, 3), np.uint8), None, cv2.error("damaged")]
    with cameras.reconnecting_camera(lambda: Script(*[noise] * 20, *damaged, noise), "test") as camera:
        assert {frame.image.shape for frame in frames(camera, 40)} == {(120, 160, 3)}
        assert camera.next(0.0) is None or camera.fault is None


# --- files -------------------------------------------------------------------------------------------------


def test_a_file_plays_at_its_own_speed_to_its_end(ffmpeg: Ffmpeg, clips: Path) -> None:
    path = ffmpeg(*pattern("1", rate="20"), clips / "own_speed.mp4")
    with reader.open_video(path) as video:
        stamps = [frame.time_s for frame in video.frames()]
    with open_camera(str(path)) as camera:
        begun_s = perf_counter()
        seen = []
        while not camera.ended:
            got = camera.next(1.0)
            if got is not None:
                assert isinstance(got, Frame)
                seen.append(got.time_s)
                assert got.time_s <= perf_counter() - begun_s < got.time_s + BUSY_S
    assert set(seen) <= set(stamps)
    assert len(seen) > 0.4 * len(stamps)
    assert not camera.lost_for_good
    assert (camera.source, camera.width, camera.height) == (str(path), 160, 120)


def test_a_file_waits_for_the_first_request_and_stops_at_once(counting: Path) -> None:
    camera = open_camera(str(counting))
    with camera:
        assert camera.captured == 0
        assert frames(camera, 1)[0].time_s < BUSY_S
        since_s = perf_counter()
    assert perf_counter() - since_s < BUSY_S


@pytest.mark.parametrize(
    ("source", "message"),
    [("nowhere.mp4", "there is no file nowhere.mp4"), ("-1", "no file -1"), (".", "is a folder")],
)
def test_a_path_that_is_no_video_file_is_an_error_at_once(source: str, message: str) -> None:
    with pytest.raises(CameraError, match=message):
        open_camera(source)


# --- what goes wrong with streams --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_stream_that_breaks_off_is_waited_for(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_loop, "_FIRST_WAIT_S", 0.2)
    with streams.mjpeg(counting, loop=True) as stream, open_camera(stream.url) as camera:
        before = frames(camera, 10)[-1]
        before_s = perf_counter()
        stream.cut()
        [lost] = faults_until(camera, CameraFaultKind.LOST)
        assert f"no camera does at port {stream.port}" in lost.text
        assert camera.fault == lost
        assert faults_within(camera, 3.0 - (perf_counter() - before_s)) == []
        assert isnan(camera.rate_hz)
        stream.restore()
        assert faults_until(camera, CameraFaultKind.BACK) == [diagnostics.back(camera.source)]
        assert camera.fault is None
        after = frames(camera, 1)[0]
        assert after.time_s - before.time_s == pytest.approx(perf_counter() - before_s, abs=BUSY_S)
    assert not camera.lost_for_good


@pytest.mark.slow
def test_a_stream_that_falls_silent_is_reported(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (live_stream, "READ_S", 3.0),
        (capture_loop, "_STALE_S", 2.5),
        (latest_frame, "_SILENT_S", 0.5),
    ):
        monkeypatch.setattr(module, name, value)
    with streams.rtsp(counting, loop=True) as stream, open_camera(stream.url) as camera:
        frames(camera, 5)
        stream.stall()
        [silent] = faults_until(camera, CameraFaultKind.LOST, within_s=2.5)
        assert silent.kind is CameraFaultKind.LOST
        # What the decoder had left when reading is given up is no sign of life.
        assert faults_within(camera, 3.0) == []
        stream.resume()
        assert [each.kind for each in faults_until(camera, CameraFaultKind.BACK)] == [CameraFaultKind.BACK]


@pytest.mark.slow
def test_a_program_ends_in_the_middle_of_a_dead_stream_and_prints_nothing(counting: Path) -> None:
    code = (
        "import sys\nfrom repcount.video.camera import open_camera\n"
        "with open_camera(sys.argv[1]) as camera:\n"
        "    print(camera.next(5) is not None, flush=True)\n"
        "    sys.stdin.readline()\n"
        "print('closed', flush=True)"
    )
    with streams.mjpeg(counting) as stream:
        command = [sys.executable, "-c", code, stream.url]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "True\n"
            stream.stall()
            since_s = perf_counter()
            out, err = process.communicate("\n", timeout=300)
            assert perf_counter() - since_s < cameras._CLOSE_S + 2 * BUSY_S
    assert (out, err, process.returncode) == ("closed\n", "", 0)


def test_a_stream_that_stands_still_is_reported_until_it_moves(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_loop, "_FROZEN_S", 0.3)
    with streams.mjpeg(counting) as stream, open_camera(stream.url) as camera:
        frames(camera, 5)
        stream.freeze()
        [frozen] = faults_until(camera, CameraFaultKind.FROZEN)
        assert camera.fault == frozen
        assert faults_within(camera, 0.4) == []
        stream.thaw()
        assert [each.kind for each in faults_until(camera, CameraFaultKind.BACK)] == [CameraFaultKind.BACK]


@pytest.mark.slow
def test_a_slow_stream_is_reported_once_with_its_rate(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_loop, "_SLOW_FOR_S", 0.2)
    monkeypatch.setattr(latest_frame, "_WINDOW_S", 1.2)
    with streams.mjpeg(counting, rate_hz=8, loop=True) as stream, open_camera(stream.url) as camera:
        [slow] = faults_until(camera, CameraFaultKind.SLOW)
        assert slow.number in (7, 8)
        assert camera.fault is None
        assert faults_within(camera, 0.2) == []
        assert camera.rate_hz == pytest.approx(8, rel=0.25)


def test_a_stream_is_given_up_in_the_end(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with streams.mjpeg(counting) as stream, open_camera(stream.url, give_up_s=60.0) as camera:
        frames(camera, 5)
        stream.cut()
        assert [each.kind for each in faults_until(camera, CameraFaultKind.LOST)] == [CameraFaultKind.LOST]
        assert not camera.ended
        monkeypatch.setattr(latest_frame, "clock_s", lambda: clock_s() + 60.0)
        assert camera.next(5.0) is None
        assert camera.ended
        assert camera.lost_for_good
        assert camera.next(5.0) is None


# --- addresses ---------------------------------------------------------------------------------------------


PAGES = {
    "/": (200, "text/html", b"<h1>Camera</h1>"),
    "/private": (401, "text/html", b""),
    "/elsewhere": (302, "text/html", b""),
    "/list": (200, "application/vnd.apple.mpegurl", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.2/secret\n"),
    "/photo": (200, "image/jpeg", b"\xff\xd8\xff\xd9"),
    "/broken": (500, "text/html", b""),
}


class Site(http.server.BaseHTTPRequestHandler):
    """A web server without video."""

    def do_GET(self) -> None:
        status, kind, body = PAGES.get(self.path, (404, "text/html", b""))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Location", "http://127.0.0.2/secret")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def site() -> Iterator[int]:
    with http.server.ThreadingHTTPServer((streams.HOST, 0), Site) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:{port}/", "is a web page and no video; phone apps often give the video at /video"),
        ("http://127.0.0.1:{port}/secret", "there is nothing at http://127.0.0.1:{port}/...; is the path right?"),
        ("http://127.0.0.1:{port}/private", "write them as http://NAME:PASSWORD@127.0.0.1:{port}/..."),
        ("http://me:secret@127.0.0.1:{port}/private", "http://127.0.0.1:{port}/... does not take this name and"),
        ("http://127.0.0.1:{port}/elsewhere", "refers to another address, and repcount follows none"),
        ("http://127.0.0.1:{port}/list", "is a list of other addresses (HLS, DASH or SDP), and repcount follows none"),
        ("http://127.0.0.1:{port}/photo", "is a single picture and no video"),
        ("http://127.0.0.1:{port}/broken", "answers with an error (500)"),
        ("https://127.0.0.1:{port}/", "offers no encryption that is safe today: is the port right?"),
        ("rtsp://127.0.0.1:{port}/", "answers, but gives no picture: is the path right"),
        ("nonsense://127.0.0.1:{port}/", "only addresses of http, https, rtsp, rtsps, tcp, udp can be read"),
        ("http://127.0.0.1:99999/", "needs a port between 1 and 65535"),
        ("http://no.such.host.invalid/video", "no machine called no.such.host.invalid is known here"),
    ],
)
def test_what_is_wrong_with_an_address_is_reported_at_once(address: str, message: str) -> None:
    with site() as port, pytest.raises(CameraError) as error, open_camera(address.format(port=port)):
        pass
    assert message.format(port=port) in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "message"),
    [("http", "answers too slowly or not at all"), ("udp", "nothing arrives at udp://127.0.0.1")],
)
def test_waiting_for_a_silent_server_ends(kind: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "OPEN_S", 0.5)
    with socket.create_server((streams.HOST, 0)) as silent:
        since_s = perf_counter()
        address = f"{kind}://{streams.HOST}:{silent.getsockname()[1]}"
        with pytest.raises(CameraError, match=message), open_camera(address):
            pass
        assert perf_counter() - since_s < 0.5 + 2 * BUSY_S


# --- what goes wrong with cameras --------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_a_camera_in_use_is_waited_for_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "_RETRY_S", 0.05)
    busy = CameraFault(CameraFaultKind.BUSY, "in use")
    with cameras.reconnecting_camera(one_after_another(busy, busy, Script(noise)), "test") as camera:
        frames(camera, 1)
    with pytest.raises(CameraError, match="in use"):
        cameras.reconnecting_camera(lambda: busy, "test", busy_s=0)


def test_a_camera_that_is_not_there_is_not_waited_for() -> None:
    opened = iter([CameraFault(CameraFaultKind.LOST, "not there")])
    with pytest.raises(CameraError, match="not there"):
        cameras.reconnecting_camera(lambda: next(opened), "test")


def test_a_camera_that_opens_and_gives_nothing_is_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "_FIRST_S", 0.3)
    black_box = Script(None)
    with (
        pytest.raises(CameraError, match="camera 7 gives no picture"),
        cameras.reconnecting_camera(lambda: black_box, "camera 7"),
    ):
        pass
    assert black_box.released


@pytest.mark.usefixtures("quick")
def test_a_camera_that_is_unplugged_and_back_is_reported_with_its_reason() -> None:
    gone, busy = CameraFault(CameraFaultKind.LOST, "unplugged"), CameraFault(CameraFaultKind.BUSY, "in use")
    first = Script(*[noise] * 30, None)
    opener = one_after_another(first, gone, busy, Script(noise))
    with cameras.reconnecting_camera(opener, "test") as camera:
        assert faults_until(camera, CameraFaultKind.BACK) == [gone, busy, diagnostics.back("test")]
        assert first.released
        frames(camera, 1)


@pytest.mark.usefixtures("quick")
def test_a_camera_that_stays_stuck_is_opened_again_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_loop, "_FROZEN_S", 0.1)
    monkeypatch.setattr(capture_loop, "_STUCK_S", 0.3)
    same = noise()
    opened: list[Script] = []

    def opener() -> Script:
        opened.append(Script(*[noise] * 20, same) if not opened else Script(same))
        return opened[-1]

    with cameras.reconnecting_camera(opener, "test") as camera:
        found = faults_until(camera, CameraFaultKind.FROZEN)
        while len(opened) < 2:
            found += faults_within(camera, 0.1)
        found += faults_within(camera, 1.0)
    assert [each.kind for each in found] == [CameraFaultKind.FROZEN]
    assert len(opened) == 2


class Settings:
    """A camera that records what is set; `rates` are its frames per second by width."""

    def __init__(self, rates: dict[int, float]) -> None:
        self.requested: list[tuple[int, float]] = []
        self._rates = rates
        self._width = 0

    def set(self, item: int, value: float) -> bool:
        self.requested.append((item, value))
        self._width = int(value) if item == cv2.CAP_PROP_FRAME_WIDTH else self._width
        return True

    def get(self, item: int) -> float:
        return self._rates[self._width] if item == cv2.CAP_PROP_FPS else 0.0


@pytest.mark.parametrize(("rates", "width"), [({1280: 30.0}, 1280), ({1280: 10.0, 640: 30.0}, 640), ({1280: 0}, 1280)])
def test_format_size_and_rate_are_requested_in_this_order(rates: dict[int, float], width: int) -> None:
    device = Settings(rates)
    capture.configure(device, (1280, 720))
    items = [item for item, _ in device.requested]
    order = [cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS]
    assert items[:4] == order
    assert [value for item, value in device.requested if item == cv2.CAP_PROP_FRAME_WIDTH][-1] == width


# --- why a camera does not open ----------------------------------------------------------------------------


def test_a_number_that_no_camera_has_is_reported_with_those_there_are(tmp_path: Path) -> None:
    assert "there is no camera 0 (none was found)" in diagnostics.diagnose_device(0, system="linux", dev=tmp_path).text
    for name in ("video2", "video10", "video-other"):
        (tmp_path / name).touch()
    fault = diagnostics.diagnose_device(0, system="linux", dev=tmp_path)
    assert fault.kind is CameraFaultKind.LOST
    assert "there is no camera 0 (found: 2, 10)" in fault.text


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of processes")
def test_the_program_that_uses_the_camera_is_named(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    assert diagnostics.diagnose_device(0, dev=tmp_path).kind is CameraFaultKind.LOST
    with device.open() as held, subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=held):
        fault = diagnostics.diagnose_device(0, dev=tmp_path)
        assert fault.kind is CameraFaultKind.BUSY
        assert "camera 0 is used by python" in fault.text


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (PermissionError(13, ""), CameraFaultKind.REFUSED, "sudo usermod -aG video $USER"),
        (OSError(16, ""), CameraFaultKind.BUSY, "used by another program"),
        (OSError(19, ""), CameraFaultKind.LOST, "is it plugged in?"),
    ],
)
def test_errors_of_linux_are_explained(
    error: OSError, kind: CameraFaultKind, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise error

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("os.open", refuse)
        fault = diagnostics.diagnose_device(0, system="linux", dev=tmp_path)
    assert fault.kind is kind
    assert message in fault.text


@pytest.mark.parametrize(
    ("system", "kind", "place"),
    [
        ("darwin", CameraFaultKind.REFUSED, "System Settings > Privacy & Security > Camera"),
        ("win32", CameraFaultKind.BUSY, "Settings > Privacy & security > Camera"),
    ],
)
def test_where_to_give_permission_on_other_systems(system: str, kind: CameraFaultKind, place: str) -> None:
    first = diagnostics.diagnose_device(0, system=system)
    assert first.kind is kind
    assert place in first.text
    assert diagnostics.diagnose_device(0, worked=True, system=system).kind is CameraFaultKind.LOST


def test_a_camera_of_this_computer_is_named_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []

    def device(index: int, _: object) -> Callable[[], Capture]:
        opened.append(index)
        return lambda: Script(noise)

    monkeypatch.setattr(capture, "open_device", device)
    for source in ("0", "/dev/video12"):
        open_camera(source).close()
    assert opened == [0, 12]

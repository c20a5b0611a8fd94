"""Streams whose host stalls, trickles, floods and lies: limits of time and size, true shapes, certificates, logins."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import inf
from pathlib import Path
from time import perf_counter

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile, streams
from support.hostile import Guest, Server, Step, TlsServer, certificate
from support.programs import Ffmpeg

from repcount import addresses
from repcount.errors import CameraError
from repcount.types import Frame
from repcount.video import connection
from repcount.video import stream as live_stream
from repcount.video.camera import Camera, open_camera
from repcount.video.connection import ByteStream, Deadline
from repcount.video.diagnostics import CameraFault, CameraFaultKind
from repcount.video.rtsp import AnswerParser, ProtocolError
from repcount.video.stream import StreamCapture

pytestmark = pytest.mark.slow
"""Streams in real time."""

SPARE_S = 4.0
"""What closing, and a busy machine, take on top of a limit. A limit that something renews is passed by any time."""


@contextmanager
def host(scheme: str, *steps: Step) -> Iterator[Server]:
    server = Server(scheme, steps)
    with server.running():
        yield server


def seen(camera: Camera, count: int, within_s: float = 30.0) -> list[Frame]:
    until_s = perf_counter() + within_s
    frames: list[Frame] = []
    while len(frames) < count and perf_counter() < until_s:
        got = camera.next(0.25)
        frames += [got] if isinstance(got, Frame) else []
    assert len(frames) >= count
    return frames


# --- time --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", hostile.NEVER)
def test_a_host_that_gives_no_picture_is_given_up_in_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each limit is for the whole: that a byte comes every 0.8 s renews none of them."""
    with hostile.serving(name) as server:
        since_s = perf_counter()
        with pytest.raises(CameraError) as error, open_camera(server.url, give_up_s=2.0):
            pass
        assert perf_counter() - since_s < 2.0 + SPARE_S
    assert "/video" not in str(error.value).replace("give the video at /video", ""), "the path is not shown"
    assert f"127.0.0.1:{server.port}" in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stalls", "trickles", "floods", "lies about a length", "broken pictures"])
def test_give_up_holds_in_mid_stream(name: str) -> None:
    scheme, steps = hostile.WHILE[name]
    asked = 0

    def only_once(guest: Guest) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            guest.trickle(hostile.OK)

    with host(scheme, only_once, *steps) as server, open_camera(server.url, give_up_s=3.0) as camera:
        last_s = inf
        while not camera.ended:
            if isinstance(camera.next(0.1), Frame):
                last_s = perf_counter()
        assert 2.0 < perf_counter() - last_s < 3.0 + SPARE_S
        assert camera.lost_for_good
        assert camera.fault is not None
        assert camera.fault.kind is CameraFaultKind.LOST


@pytest.mark.slow
def test_a_stream_that_stalls_again_and_again_is_opened_again_each_time() -> None:
    with hostile.serving("trickles") as server, open_camera(server.url) as camera:
        until_s, faults = perf_counter() + 60, list[CameraFaultKind]()
        while len(faults) < 2 and perf_counter() < until_s:
            got = camera.next(0.25)
            faults += [got.kind] if isinstance(got, CameraFault) else []
    assert faults == [CameraFaultKind.LOST, CameraFaultKind.BACK]
    assert server.guests >= 2


def test_a_limit_reached_while_the_format_is_looked_for_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """FFmpeg reads on after an error, and PyAV prints the traceback of every error but the last."""
    for count in range(12):
        left = [count]

        def read(size: int, left: list[int] = left) -> bytes:
            left[0] -= 1
            if left[0] < 0:
                raise TimeoutError
            return (b"<p>hello</p>\n" * 300)[:size]

        source = ByteStream(read, lambda: None)
        with pytest.raises((av.FFmpegError, ValueError, TimeoutError)):
            StreamCapture(source, Deadline(5), source.shut, wishes={"format_whitelist": live_stream._FORMATS})
    assert capfd.readouterr() == ("", "")


# --- size and shape ----------------------------------------------------------------------------------------


def picture(width: int, height: int) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", cv2.resize(noise, (width, height)))[1].tobytes()


def test_a_picture_that_grows_without_bound_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "_MAX_PX", 320 * 240)
    small, huge = streams.part(picture(160, 120)), streams.part(picture(640, 480))
    largest = streams.part(picture(320, 240))

    def play(guest: Guest) -> None:
        for each in [small] * 20 + [huge] * 10 + [largest] * 400:
            guest.send(each)
            guest.wait(0.03)

    with host("http", *hostile.HTTP, play) as server, open_camera(server.url) as camera:
        shapes = {frame.image.shape[:2] for frame in seen(camera, 30)}
    assert shapes <= {(120, 160), (240, 320)}
    assert (240, 320) in shapes, "it goes on with what fits"


def test_a_stream_that_begins_with_a_huge_picture_never_asks_for_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "_MAX_PX", 320 * 240)
    with (
        host("http", *hostile.HTTP, lambda guest: guest.flood(streams.part(picture(640, 480)))) as server,
        pytest.raises(CameraError, match="gives no picture"),
        open_camera(server.url, give_up_s=1.5),
    ):
        pass


MATROSKA = bytes.fromhex(
    "1a45dfa3 88 4282 85 7765626d00"  # EBML: webm
    "18538067 01ffffffffffffff"  # a segment of any length
    "1941a469 01ffffffffffffff 61a7 01ffffffffffffff"  # attachments, of which one is a file
    "466e 81 61 4660 81 61 46ae 81 01 465c 08ffffff"  # with 268 MB
)
ENDLESS: dict[str, list[Step]] = {
    "picture": [*hostile.HTTP, hostile.HUGE],
    "what stands before the first picture": [hostile.ASK, hostile.PLAIN, MATROSKA],
}


@pytest.mark.parametrize("name", ENDLESS)
def test_no_more_is_read_than_a_picture_takes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the host says that it is. Besides, some megabytes wait in the system."""
    monkeypatch.setattr(connection, "_MAX_BYTES", 1_000_000)
    monkeypatch.setattr(live_stream, "READ_S", 20.0)
    sent = 0

    def flood(guest: Guest) -> None:
        nonlocal sent
        while True:
            guest.send(hostile.NOISE)
            sent += len(hostile.NOISE)

    with host("http", *ENDLESS[name], flood) as server:
        opener, _ = live_stream.open_stream(addresses.parse(server.url), limit_s=20.0)
        opened = opener()
        if isinstance(opened, StreamCapture):
            assert not opened.grab()
            opened.release()
    assert sent < 20_000_000


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [("1", "2"), ("2", "1"), ("1/2", "1")])
def test_an_aspect_that_changes_in_mid_stream_is_seen_in_its_true_shape(
    before: str, after: str, ffmpeg: Ffmpeg, clips: Path
) -> None:
    shapes = {"1": (120, 160), "2": (120, 320), "1/2": (240, 160)}
    files = []
    for ratio in (before, after):
        path = clips / f"aspect{ratio.replace('/', '_')}.ts"
        source = ["-f", "lavfi", "-i", "testsrc=s=160x120:r=30:d=4", "-vf", f"setsar={ratio}", "-c:v", "libx264"]
        files.append(ffmpeg(*source, "-g", "10", "-bf", "0", "-tune", "zerolatency", "-f", "mpegts", path).read_bytes())

    def play(guest: Guest) -> None:
        for data in files:
            for begin in range(0, len(data), len(data) // 60):
                guest.send(data[begin : begin + len(data) // 60])
                guest.wait(0.03)

    typed = b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"
    with host("http", hostile.ASK, typed, play) as server, open_camera(server.url) as camera:
        found: list[tuple[int, ...]] = []
        while shapes[after] not in found:
            found += [frame.image.shape[:2] for frame in seen(camera, 1)]
    assert list(dict.fromkeys(found)) == [shapes[before], shapes[after]]


# --- logins and certificates -------------------------------------------------------------------------------


def guarded(challenge: bytes, is_right: object) -> Step:
    """Asks for a login, and plays if it is right."""

    def step(guest: Guest) -> None:
        head = guest.request()
        if is_right(head):  # type: ignore[operator]
            guest.send(hostile.OK)
            guest.play(10)
        guest.send(b"HTTP/1.0 401 No\r\nWWW-Authenticate: " + challenge + b"\r\n\r\n")

    return step


BASIC = base64.b64encode(b"me:p@ss/w#rd")
LOGINS = {
    "basic": (b'Basic realm="camera"', lambda head: b"Authorization: Basic " + BASIC in head),
    "digest": (
        b'Digest realm="camera", nonce="abc", qop="auth", algorithm=MD5',
        lambda head: b'Digest username="me"' in head and b"p@ss" not in head,
    ),
}


@pytest.mark.parametrize("kind", LOGINS)
def test_name_and_password_are_sent_when_asked_for(kind: str) -> None:
    with host("http", guarded(*LOGINS[kind])) as server:
        with open_camera(server.url.replace("://", "://me:p%40ss%2Fw%23rd@")) as camera:
            seen(camera, 3)
        assert camera.source == f"http://127.0.0.1:{server.port}/..."
        if kind == "basic":
            wrong = open_camera(server.url.replace("://", "://me:s3cret@"))
            with pytest.raises(CameraError, match="does not take this name and password") as error, wrong:
                pass
            assert "s3cret" not in str(error.value)


@pytest.fixture(scope="module")
def signed_by_itself(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return certificate(tmp_path_factory.mktemp("keys") / "camera.pem")


def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password_is_sent(signed_by_itself: Path) -> None:
    heard: list[bytes] = []
    server = TlsServer(
        [lambda guest: heard.append(guest.request()), *hostile.PLAYS[1:], hostile.STALL], signed_by_itself
    )
    address = server.url.replace("://", "://me:s3cret@")
    with server.running():
        with pytest.raises(CameraError, match=r"nobody vouches for the certificate.*--insecure"), open_camera(address):
            pass
        assert heard == []
        with open_camera(address, insecure=True) as camera:
            assert "is not checked (--insecure)" in camera.caution
            assert "s3cret" not in camera.caution
            seen(camera, 3)


def test_a_certificate_of_somebody_who_is_trusted_is_taken_for_its_own_host_only(
    signed_by_itself: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = certificate(tmp_path / "other.pem", "DNS:another.example")
    both = tmp_path / "trusted.pem"
    both.write_bytes(Path(f"{signed_by_itself}.crt").read_bytes() + Path(f"{other}.crt").read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(both))
    for held, is_right in ((signed_by_itself, True), (other, False)):
        server = TlsServer([*hostile.PLAYS, hostile.STALL], held)
        with server.running():
            if is_right:
                with open_camera(server.url) as camera:
                    assert camera.caution == ""
                    seen(camera, 3)
            else:
                with pytest.raises(CameraError, match="nobody vouches"), open_camera(server.url):
                    pass


# --- what a host answers by RTSP ---------------------------------------------------------------------------

ANSWER = (
    b"RTSP/1.0 200 Fine\r\nCSeq: 2\r\nServer: Real\r\nLocation: rtsp://127.0.0.2/\r\nContent-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n\r\nv=0\n"
)
WRITTEN_ANEW = b"RTSP/1.0 200 -\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n"
PACKET = b"$\0\0\5hello"


@given(st.lists(st.integers(1, 400), max_size=8))
def test_answers_are_written_anew_and_packets_pass_however_they_are_cut(cuts: list[int]) -> None:
    received = ANSWER + PACKET + b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n" + PACKET + ANSWER
    parser = AnswerParser()
    places = sorted({0, len(received), *(cut % len(received) for cut in cuts)})
    passed = b"".join(parser.feed(received[one:other]) for one, other in pairwise(places))
    assert passed == WRITTEN_ANEW + PACKET + PACKET + WRITTEN_ANEW
    assert parser.status == 200


@pytest.mark.parametrize(
    "received",
    [
        b"RTSP/1.0 302 Moved\r\nLocation: rtsp://127.0.0.2/\r\n\r\n",
        b"\r\nRTSP/1.0  301\r\nLocation: rtsp://127.0.0.2/\r\n\r\n",
        b"RTSP/1.1 305 Proxy\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"X" * 20000,
    ],
)
def test_a_redirection_and_what_is_no_rtsp_end_the_connection(received: bytes) -> None:
    with pytest.raises(ProtocolError):
        AnswerParser().feed(received)


@given(st.binary(max_size=300))
def test_whatever_comes_no_place_and_no_redirection_passes(received: bytes) -> None:
    parser = AnswerParser()
    try:
        passed = parser.feed(b"RTSP/1.0 " + received + b"\r\n\r\n" + ANSWER)
    except ProtocolError:
        return
    assert b"127.0.0.2" not in passed
    assert b"RTSP/1.0 3" not in passed

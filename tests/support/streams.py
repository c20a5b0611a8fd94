"""Cameras in the network that are none: a video sent in real time from this machine to itself.

`mjpeg`, `rtsp` and `udp` are context managers. Picture number n of the clip leaves at `started_s` + n / rate,
by the clock of `time.perf_counter`; where `mjpeg` and `rtsp` start is when the first one looks. With an endless
`lead_s` it is when `begin` is called: once whoever looks is ready, however long that takes.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from functools import cache
from math import inf, nan
from pathlib import Path
from time import perf_counter

import imageio_ffmpeg

HOST = "127.0.0.1"
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SOON_S = 0.05
"""How often a thread looks whether it should end."""


@cache
def pictures(path: Path, rate_hz: float) -> list[bytes]:
    """The video as JPEG pictures, `rate_hz` of them a second."""
    command = [FFMPEG, "-v", "error", "-i", str(path), "-vf", f"fps={rate_hz}"]
    command += ["-q:v", "3", "-c:v", "mjpeg", "-f", "image2pipe", "-"]
    done = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    # An end of image before a start of image: neither occurs inside a picture.
    joint = b"\xff\xd9\xff\xd8"
    cut = done.stdout.split(joint)
    return [b"\xff\xd8" * (i > 0) + part + b"\xff\xd9" * (i < len(cut) - 1) for i, part in enumerate(cut)]


class Stream:
    """Sends a clip. Its clock goes on while it is cut or frozen."""

    url: str

    def __init__(self, path: Path, rate_hz: float, *, lead_s: float, loop: bool) -> None:
        self.started_s = nan
        """When the first picture of the clip left, or will."""
        self.finished = threading.Event()
        """Set when the last picture of the clip has left."""
        self._pictures = pictures(path, rate_hz)
        self._rate_hz = rate_hz
        self._lead_s = lead_s
        self._loop = loop
        self._held: bytes | None = None
        self._last = b""
        self._stalled = False
        self._wanted = threading.Event()
        self._begun = threading.Event()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._play, daemon=True)]

    def begin(self) -> None:
        """End an endless lead."""
        self._begun.set()

    def cut(self) -> None:
        """Break off, and let nobody in."""
        raise NotImplementedError

    def restore(self) -> None:
        """Send again what is due now."""
        raise NotImplementedError

    def stall(self) -> None:
        """Send nothing, but stay connected."""
        self._stalled = True

    def resume(self) -> None:
        """Send what is due now."""
        self._stalled = False

    def freeze(self) -> None:
        """Send the same picture again and again."""
        self._held = self._last

    def thaw(self) -> None:
        """Send what is due now."""
        self._held = None

    def _send(self, picture: bytes) -> None:
        raise NotImplementedError

    def _play(self) -> None:
        self._wanted.wait()
        while self._lead_s == inf and not self._begun.wait(1 / self._rate_hz) and not self._over.is_set():
            self._send(self._pictures[0])
        lead_s = 0.0 if self._lead_s == inf else self._lead_s
        self.started_s = perf_counter() + lead_s
        number = -round(lead_s * self._rate_hz)
        while not self._over.wait(max(0.0, self.started_s + number / self._rate_hz - perf_counter())):
            if number >= len(self._pictures) and not self._loop:
                self.finished.set()
                self.cut()
                return
            self._last = self._pictures[max(number, 0) % len(self._pictures)]
            if not self._stalled:
                self._send(self._held or self._last)
            number += 1

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._wanted.set()
            for thread in self._threads:
                thread.join()
            self.cut()


class Server(Stream):
    """Sends to whoever connects."""

    def __init__(self, path: Path, rate_hz: float, *, lead_s: float, loop: bool) -> None:
        super().__init__(path, rate_hz, lead_s=lead_s, loop=loop)
        self._guests: list[socket.socket] = []
        self._listener: socket.socket | None = _listener(0)
        self.port: int = self._listener.getsockname()[1]
        self._threads.append(threading.Thread(target=self._welcome, daemon=True))

    def cut(self) -> None:
        listener, self._listener = self._listener, None
        guests, self._guests = self._guests, []
        for each in (listener, *guests):
            if each is not None:
                each.close()

    def restore(self) -> None:
        self._listener = _listener(self.port)

    def _greet(self, guest: socket.socket) -> bool:
        """Answer what a guest asks; False where it wants no pictures."""
        raise NotImplementedError

    def _welcome(self) -> None:
        while not self._over.is_set():
            listener = self._listener
            if listener is None:
                self._over.wait(SOON_S)
                continue
            with contextlib.suppress(OSError):  # nobody came, went at once, or the stream was cut
                self._let_in(listener.accept()[0])

    def _let_in(self, guest: socket.socket) -> None:
        guest.settimeout(20)
        with contextlib.ExitStack() as undo:
            undo.callback(guest.close)
            if self._greet(guest) and self._listener is not None:
                undo.pop_all()
                self._guests.append(guest)
                self._wanted.set()

    def _give(self, data: bytes) -> None:
        for guest in list(self._guests):
            try:
                guest.sendall(data)
            except OSError:
                guest.close()
                with contextlib.suppress(ValueError):
                    self._guests.remove(guest)


def _listener(port: int) -> socket.socket:
    listener = socket.create_server((HOST, port))
    listener.settimeout(SOON_S)
    return listener


class Mjpeg(Server):
    """What IP camera apps on phones serve: JPEG pictures one after another over HTTP."""

    def __init__(self, path: Path, rate_hz: float, *, lead_s: float, loop: bool) -> None:
        super().__init__(path, rate_hz, lead_s=lead_s, loop=loop)
        self.url = f"http://{HOST}:{self.port}/video"

    def _greet(self, guest: socket.socket) -> bool:
        with guest.makefile("rb") as asked:
            line = asked.readline()
            while asked.readline().strip():
                pass
        if line.split()[1:2] != [b"/video"]:
            guest.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
            return False
        guest.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=picture\r\n\r\n")
        return True

    def _send(self, picture: bytes) -> None:
        self._give(part(picture))


def part(picture: bytes) -> bytes:
    """One picture as a part of a multipart message."""
    head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + b"\r\n"


class Encoder:
    """ffmpeg, which turns pictures into H.264 without holding any back and sends them off."""

    def __init__(self, rate_hz: float, *to: str) -> None:
        command = [FFMPEG, "-v", "error", "-probesize", "32", "-f", "mpjpeg", "-use_wallclock_as_timestamps", "1"]
        command += ["-i", "-", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
        # Small enough for the buffers of sockets: what does not fit is lost.
        command += ["-b:v", "4M", "-maxrate", "4M", "-bufsize", "400k"]
        command += ["-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-g", str(round(rate_hz)), *to]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def __call__(self, picture: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(part(picture))
            self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.communicate()


class Udp(Stream):
    """What drones and some apps send: MPEG transport stream to one port, whether somebody listens or not."""

    def __init__(self, path: Path, rate_hz: float, *, lead_s: float, loop: bool) -> None:
        super().__init__(path, rate_hz, lead_s=lead_s, loop=loop)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, 0))
            self.url = f"udp://{HOST}:{free.getsockname()[1]}"
        self._encoder: Encoder | None = None
        self.restore()
        self._wanted.set()

    def cut(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()

    def restore(self) -> None:
        self._encoder = Encoder(self._rate_hz, "-f", "mpegts", f"{self.url}?pkt_size=1316")

    def _send(self, picture: bytes) -> None:
        if self._encoder is not None:
            self._encoder(picture)


class Rtsp(Server):
    """What surveillance cameras serve: RTSP with the pictures in the same connection."""

    _SDP = (
        f"v=0\r\no=- 0 0 IN IP4 {HOST}\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
        "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:video\r\n"
    )

    def __init__(self, path: Path, rate_hz: float, *, lead_s: float, loop: bool) -> None:
        super().__init__(path, rate_hz, lead_s=lead_s, loop=loop)
        self.url = f"rtsp://{HOST}:{self.port}/camera"
        self._packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._packets.bind((HOST, 0))
        self._packets.settimeout(SOON_S)
        self._encoder = Encoder(rate_hz, "-f", "rtp", f"rtp://{HOST}:{self._packets.getsockname()[1]}?pkt_size=1300")
        self._threads.append(threading.Thread(target=self._forward, daemon=True))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with contextlib.closing(self._packets), contextlib.closing(self._encoder), super().running():
            yield

    def _greet(self, guest: socket.socket) -> bool:
        with guest.makefile("rb") as asked:
            while line := asked.readline().decode():
                method = line.split()[0]
                fields = dict(iter(lambda: asked.readline().decode().strip().partition(": ")[::2], ("", "")))
                guest.sendall(self._answer(method, fields["CSeq"]).encode())
                if method == "PLAY":
                    return True
        return False

    def _answer(self, method: str, number: str) -> str:
        head = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nSession: 1\r\n"
        if method == "DESCRIBE":
            kind = f"Content-Type: application/sdp\r\nContent-Base: {self.url}/\r\nContent-Length: {len(self._SDP)}"
            return f"{head}{kind}\r\n\r\n{self._SDP}"
        if method == "SETUP":
            return f"{head}Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
        return f"{head}Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"

    def _send(self, picture: bytes) -> None:
        self._encoder(picture)

    def _forward(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                packet = self._packets.recv(65536)
                self._give(b"$\0" + len(packet).to_bytes(2, "big") + packet)


@contextlib.contextmanager
def mjpeg(path: Path, rate_hz: float = 30.0, *, lead_s: float = 0.0, loop: bool = False) -> Iterator[Mjpeg]:
    """The clip over HTTP; before it, for `lead_s`, its first picture. At its end the stream breaks off."""
    stream = Mjpeg(path, rate_hz, lead_s=lead_s, loop=loop)
    with stream.running():
        yield stream


@contextlib.contextmanager
def rtsp(path: Path, rate_hz: float = 30.0, *, lead_s: float = 0.0, loop: bool = False) -> Iterator[Rtsp]:
    """The same over RTSP."""
    stream = Rtsp(path, rate_hz, lead_s=lead_s, loop=loop)
    with stream.running():
        yield stream


@contextlib.contextmanager
def udp(path: Path, rate_hz: float = 30.0, *, lead_s: float = 0.0, loop: bool = False) -> Iterator[Udp]:
    """The same by UDP, from now on."""
    stream = Udp(path, rate_hz, lead_s=lead_s, loop=loop)
    with stream.running():
        yield stream

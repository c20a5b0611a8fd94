"""Hosts that stall, trickle, flood and lie, on 127.0.0.1: what a stream may meet.

`serving` is the context manager that runs one of `HOSTS`.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from support import streams
from support.programs import SAMPLES
from support.streams import part

TRICKLE_S = 0.8
"""Between two bytes: less than any timeout that each byte renews."""

HZ = 24.0

RNG = random.Random(19)
NOISE = RNG.randbytes(1 << 16)

OK = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=picture\r\n\r\n"


class GoneError(Exception):
    """The guest or the test has had enough."""


class Guest:
    """Somebody who has connected, and what a host may do to it."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self.connection, self._over = connection, over

    def send(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError:
            raise GoneError from None

    def wait(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise GoneError

    def trickle(self, data: bytes) -> None:
        for byte in data:
            self.send(bytes([byte]))
            self.wait(TRICKLE_S)

    def stall(self) -> None:
        while True:
            self.wait(1.0)

    def flood(self, *data: bytes) -> None:
        for each in itertools.cycle(data):
            self.send(each)
            self.wait(0)

    def request(self) -> bytes:
        """Read a request up to its empty line."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            try:
                byte = self.connection.recv(1)
            except OSError:
                raise GoneError from None
            if not byte:
                raise GoneError
            head += byte
        return head

    def play(self, seconds: float) -> None:
        """Pictures in real time."""
        for number in range(round(seconds * HZ)):
            self.send(part(clip()[number % len(clip())]))
            self.wait(1 / HZ)


@cache
def clip() -> list[bytes]:
    return streams.pictures(SAMPLES / "07_fast_reps.mp4", HZ)


Step = bytes | Callable[[Guest], object]
"""Bytes to send, or something else to do."""


def _trickle(data: bytes) -> Step:
    return lambda guest: guest.trickle(data)


def _flood(*data: bytes) -> Step:
    return lambda guest: guest.flood(*data)


def answer(data: bytes) -> Step:
    """Answer a request of RTSP."""

    def step(guest: Guest) -> None:
        head = guest.request()
        number = re.search(rb"CSeq: *([0-9]+)", head)
        if number is None:
            raise GoneError
        guest.send(data.replace(b"CSEQ", number[1]))

    return step


SDP = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    b"a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:video\r\n"
)
_HEAD = b"RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nSession: 1\r\n"
OPTIONS = _HEAD + b"Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"


def describe(sdp: bytes) -> bytes:
    """The answer that describes a stream."""
    return _HEAD + b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(sdp) + sdp


DESCRIBE = describe(SDP)
SETUP = _HEAD + b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
PLAY = _HEAD + b"\r\n"

ASK, STALL = Guest.request, Guest.stall
HTTP: list[Step] = [ASK, OK]
PLAYS: list[Step] = [*HTTP, lambda guest: guest.play(2.0)]
"""A camera for two seconds."""
RTSP: list[Step] = [answer(OPTIONS), answer(DESCRIBE), answer(SETUP), answer(PLAY)]
PICTURE = part(NOISE)
HUGE = part(b"").replace(b": 0", b": 999999999")
UNFINISHED = OK[:-2]
PLAIN = b"HTTP/1.0 200 OK\r\n\r\n"
LIST = b"HTTP/1.0 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n"
PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"
CHUNKED = UNFINISHED.replace(b"1.0", b"1.1") + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"
LOGIN = b'HTTP/1.0 401 No\r\nWWW-Authenticate: Digest realm="a", nonce="b"\r\n\r\n'
ELSEWHERE = b"HTTP/1.0 302 Found\r\nLocation: /video\r\n\r\n"
PACKET = b"$\0\4\0" + NOISE[:1024]

NEVER: dict[str, tuple[str, list[Step]]] = {
    "silent": ("http", [STALL]),
    "silent after the request": ("http", [ASK, STALL]),
    "closes": ("http", [ASK]),
    "trickled status": ("http", [ASK, _trickle(OK)]),
    "trickled headers": ("http", [ASK, UNFINISHED, _trickle(b"X: " + NOISE.hex().encode())]),
    "endless headers": ("http", [ASK, UNFINISHED, _flood(b"X: y\r\n" * 20)]),
    "endless continue": ("http", [ASK, _flood(b"HTTP/1.1 100 Continue\r\n\r\n")]),
    "headers and no more": ("http", [*HTTP, STALL]),
    "trickled picture": ("http", [*HTTP, _trickle(PICTURE)]),
    "flood of garbage": ("http", [*HTTP, _flood(NOISE)]),
    "flood of empty pictures": ("http", [*HTTP, _flood(part(b"") * 50)]),
    "flood of broken pictures": ("http", [*HTTP, _flood(part(b"\xff\xd8" + NOISE[:20000]))]),
    "a length that lies": ("http", [*HTTP, HUGE, lambda guest: guest.play(60)]),
    "one endless picture": ("http", [*HTTP, HUGE, _flood(NOISE)]),
    "no type": ("http", [ASK, PLAIN, _flood(NOISE)]),
    "an endless page": ("http", [ASK, PAGE, _flood(b"<p>hello</p>\n" * 99)]),
    "an endless chunk": ("http", [ASK, CHUNKED, _flood(NOISE)]),
    "refers to itself": ("http", [ASK, ELSEWHERE]),
    "asks for a password": ("http", [ASK, LOGIN]),
    "keys that trickle": ("https", [_trickle(b"\x16\x03\x03\x40\x00" + NOISE)]),
    "no keys": ("https", [STALL]),
    "rtsp: silent": ("rtsp", [STALL]),
    "rtsp: trickles": ("rtsp", [_trickle(OPTIONS * 100)]),
    "rtsp: garbage": ("rtsp", [_flood(NOISE)]),
    "rtsp: endless headers": ("rtsp", [_flood(b"X: y\r\n" * 20)]),
    "rtsp: no picture": ("rtsp", [*RTSP, STALL]),
    "rtsp: empty packets": ("rtsp", [*RTSP, _flood(b"$\0\0\0" * 99)]),
    "rtsp: packets of garbage": ("rtsp", [*RTSP, _flood(PACKET)]),
    "rtsp: a packet that trickles": ("rtsp", [*RTSP, _trickle(PACKET)]),
    "tcp: silent": ("tcp", [STALL]),
    "tcp: trickles": ("tcp", [_trickle(b"\x47" * 1000)]),
    "tcp: garbage": ("tcp", [_flood(NOISE)]),
}
"""Hosts that never give a picture, by name: the scheme of the address, and what is done with whoever connects."""

WHILE: dict[str, tuple[str, list[Step]]] = {
    "stalls": ("http", [*PLAYS, STALL]),
    "trickles": ("http", [*PLAYS, _trickle(PICTURE)]),
    "floods": ("http", [*PLAYS, _flood(NOISE)]),
    "breaks off": ("http", PLAYS),
    "lies about a length": ("http", [*PLAYS, HUGE, STALL]),
    "broken pictures": ("http", [*PLAYS, _flood(part(b"\xff\xd8" + NOISE[:20000]))]),
}
"""Hosts that give pictures for two seconds, each time somebody connects."""

HOSTS = {**NEVER, **WHILE}


class Server:
    """A host of `HOSTS`, or one like them, with what it met."""

    def __init__(self, scheme: str, steps: Sequence[Step], host: str = streams.HOST) -> None:
        self._listener = socket.create_server((host, 0), backlog=20)
        self._listener.settimeout(streams.SOON_S)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{scheme}://{host}:{self.port}{'' if scheme == 'tcp' else '/video'}"
        self.guests = 0
        self._steps = steps
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._welcome, daemon=True)]

    def _welcome(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                self.guests += 1
                connection.settimeout(30)
                self._threads.append(threading.Thread(target=self._host, args=[connection], daemon=True))
                self._threads[-1].start()

    def _host(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(GoneError, OSError), self._prepare(connection) as prepared:
            guest = Guest(prepared, self._over)
            for step in self._steps:
                guest.send(step) if isinstance(step, bytes) else step(guest)

    def _prepare(self, connection: socket.socket) -> socket.socket:
        return connection

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self._threads[0].start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(5)
            self._listener.close()


class TlsServer(Server):
    """The same, encrypted with this certificate and key, which are in one file."""

    def __init__(self, steps: Sequence[Step], certificate: Path) -> None:
        super().__init__("https", steps)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate)

    def _prepare(self, connection: socket.socket) -> socket.socket:
        return self._context.wrap_socket(connection, server_side=True)


def certificate(path: Path, name: str = "IP:127.0.0.1") -> Path:
    """A certificate that its owner has signed, for this host, with its key; needs openssl."""
    command: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        path,
        "-out",
        f"{path}.crt",
    ]
    command += ["-subj", "/CN=camera", "-days", "2", "-addext", f"subjectAltName={name}"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    with path.open("ab") as file:
        file.write(Path(f"{path}.crt").read_bytes())
    return path


@contextlib.contextmanager
def serving(name: str) -> Iterator[Server]:
    """The host of this name."""
    server = Server(*HOSTS[name])
    with server.running():
        yield server

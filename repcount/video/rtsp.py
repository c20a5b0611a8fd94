"""RTSP between FFmpeg and a host.

FFmpeg alone would follow a redirection to any other host, and wait for as long as bytes trickle in. So it connects
to a relay in this process, and the relay to the host. What FFmpeg sends goes on as it is; of what the host answers,
only the lines that reading needs are written anew, and never a redirection.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import ssl
import threading
from typing import Final

from repcount.video.connection import Deadline

_LOCAL: Final = "127.0.0.1"
_BLOCK_BYTES: Final = 65536

_MAX_HEAD_BYTES: Final = 16384
_MAX_BODY_BYTES: Final = 65536
"""Longest head and body of an answer. FFmpeg reads descriptions of up to 16 KB."""

_FRAME: Final = b"$"
"""Begins a packet of the stream: this sign, a channel, the length in two bytes (RFC 2326, section 10.12)."""

_STATUS_LINE: Final = re.compile(rb"RTSP/1\.[0-9] +([0-9]{3})\b")
_HEADER: Final = re.compile(rb"([A-Za-z-]+) *: *([ -~]*)")
_PASSED: Final = {
    b"cseq", b"session", b"content-type", b"content-base", b"transport", b"www-authenticate", b"public", b"range",
    b"rtp-info",
}  # fmt: skip
"""Headers that FFmpeg needs. Location is none of them, and Server would make it speak other dialects."""


class ProtocolError(Exception):
    """What the host sends is no RTSP."""


class AnswerParser:
    """Cuts what a host sends into packets and answers, and writes the answers anew."""

    def __init__(self) -> None:
        self.status = 0
        """Status of the newest answer; 0 before the first."""
        self._bytes = bytearray()

    def feed(self, received: bytes) -> bytes:
        """The packets and answers that are complete by now. Raises ProtocolError, also for a redirection."""
        self._bytes += received
        complete: list[bytes] = []
        while (message := self._next()) is not None:
            complete.append(message)
        return b"".join(complete)

    def _next(self) -> bytes | None:
        if self._bytes[:1] == _FRAME:
            size = 4 + int.from_bytes(self._bytes[2:4])
            return self._take(size) if len(self._bytes) >= max(size, 4) else None
        head, end, rest = bytes(self._bytes).partition(b"\r\n\r\n")
        if not end:
            if len(head) > _MAX_HEAD_BYTES:
                raise ProtocolError
            return None
        lines = head.lstrip(b"\r\n").split(b"\r\n")
        headers = [match.groups() for line in lines[1:] if (match := _HEADER.fullmatch(line))]
        size = _body_size(headers)
        if len(rest) < size:
            return None
        body = rest[:size]
        self._take(len(head) + len(end) + size)
        status = _STATUS_LINE.match(lines[0])
        # What is no answer is a request of the host's, such as one whether we are still there: not needed.
        return self._answer(int(status[1]), headers, body) if status else b""

    def _take(self, size: int) -> bytes:
        taken = bytes(self._bytes[:size])
        del self._bytes[:size]
        return taken

    def _answer(self, status: int, headers: list[tuple[bytes, ...]], body: bytes) -> bytes:
        self.status = status
        if 300 <= status < 400:
            raise ProtocolError
        lines = [b"RTSP/1.0 %d -" % status]
        lines += [b"%s: %s" % header for header in headers if header[0].lower() in _PASSED]
        lines += [b"Content-Length: %d" % len(body)] if body else []
        return b"\r\n".join([*lines, b"", b""]) + body


def _body_size(headers: list[tuple[bytes, ...]]) -> int:
    sizes = {value for name, value in headers if name.lower() == b"content-length"} or {b"0"}
    text = sizes.pop()
    if sizes or not text.isdigit() or len(text) > 6 or int(text) > _MAX_BODY_BYTES:
        raise ProtocolError
    return int(text)


class Relay:
    """Passes one connection of FFmpeg's on to a host, on a thread of its own, until a deadline."""

    def __init__(self, host: socket.socket, deadline: Deadline) -> None:
        """`host` is a connection to the host, which the relay closes; the owner may renew `deadline`."""
        self._host = host
        self._deadline = deadline
        self._parser = AnswerParser()
        self._listener = socket.create_server((_LOCAL, 0), backlog=1)
        self.address: str = f"{_LOCAL}:{self._listener.getsockname()[1]}"
        """Host and port at which FFmpeg finds it."""
        self._thread = threading.Thread(target=self._run, name="rtsp", daemon=True)
        self._thread.start()

    @property
    def status(self) -> int:
        """Status of the host's newest answer; 0 if there was none."""
        return self._parser.status

    def shut(self) -> None:
        """End the connections."""
        for each in (self._host, self._listener):
            # Closing alone would not wake up the thread that waits for it.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        with self._host, self._listener, contextlib.suppress(OSError, ProtocolError):
            self._listener.settimeout(self._deadline.left_s())
            reader, _ = self._listener.accept()
            self._listener.close()
            with reader:
                self._pass_on(reader)

    def _pass_on(self, reader: socket.socket) -> None:
        buffer = bytearray(_BLOCK_BYTES)
        while True:
            ready, _, _ = select.select([self._host, reader], [], [], self._deadline.left_s())
            if not ready and self._deadline.left_s():
                continue
            if reader in ready:
                request = reader.recv(_BLOCK_BYTES)
                if not request:
                    return
                self._host.sendall(request)
            pending = self._host in ready
            while pending:
                size = self._host.recv_into(buffer)
                if not size:
                    return
                reader.settimeout(self._deadline.left_s())
                reader.sendall(self._parser.feed(bytes(buffer[:size])))
                # What the encryption has read already does not show up in `select`.
                pending = isinstance(self._host, ssl.SSLSocket) and self._host.pending() > 0

"""Connections to a stream's host: to no other, with a limit of time that no trickle renews, and one of bytes."""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final, Self
from urllib.parse import quote

from repcount.addresses import Address
from repcount.video.clock import clock_s

_CHUNK_BYTES: Final = 65536


_MAX_BYTES: Final = 64_000_000
"""Most bytes until there is a frame: FFmpeg keeps all of a packet or of what stands before the first one, however long
it says that is. Heuristic: three seconds at 170 Mbit/s, or two pictures of 8K in JPEG at the best quality."""


class FloodError(ConnectionError):
    """A host has sent more than any frame takes."""


class Deadline:
    """A clock time by which something must be done; each wait on the network gets what is left until then.

    What is received until then is bounded as well.
    """

    def __init__(self, limit_s: float) -> None:
        self._is_over = False
        self.renew(limit_s)

    def renew(self, limit_s: float) -> None:
        """Start anew, with `limit_s` from now."""
        self._until_s = clock_s() + limit_s
        self._received = 0

    def receive(self, size: int) -> None:
        """Take note of so many bytes that have come. Raises FloodError if they are too many."""
        self._received += size
        if self._received > _MAX_BYTES:
            raise FloodError

    def end(self) -> None:
        """Let no further wait begin, whatever is renewed. May be called by another thread."""
        self._is_over = True

    def left_s(self) -> float:
        """Seconds left. Raises TimeoutError if there are none."""
        left_s = 0.0 if self._is_over else self._until_s - clock_s()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class _Timed:
    """Mixed into a socket: its waits end at a deadline, which takes note of what is received."""

    deadline: Deadline

    def recv_into(self, *arguments: Any) -> Any:
        self.settimeout(self.deadline.left_s())  # type: ignore[attr-defined]
        size = super().recv_into(*arguments)  # type: ignore[misc]
        self.deadline.receive(size)
        return size

    def sendall(self, *arguments: Any) -> Any:
        self.settimeout(self.deadline.left_s())  # type: ignore[attr-defined]
        return super().sendall(*arguments)  # type: ignore[misc]


class _TimedSocket(_Timed, socket.socket):
    """A socket whose waits end at a deadline."""


class _TimedTlsSocket(_Timed, ssl.SSLSocket):
    """The same, encrypted. One read or handshake of Python's keeps the timeout as a whole, whatever trickles in."""


def connect(address: Address, deadline: Deadline, *, insecure: bool) -> socket.socket:
    """Connect to the host of `address`, encrypted for https and rtsps; `insecure`: whatever its certificate.

    Raises OSError, of which TimeoutError and ssl.SSLError are kinds, and UnicodeError for a host that can be none.
    """
    error: OSError | None = None
    for family, kind, protocol, _, place in socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        connection = _TimedSocket(family, kind, protocol)
        try:
            connection.deadline = deadline
            connection.settimeout(deadline.left_s())
            connection.connect(place)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _encrypt(connection, address, deadline, insecure) if address.is_encrypted else connection
        except OSError as failed:
            connection.close()
            error = failed
            if isinstance(failed, TimeoutError | ssl.SSLError):
                break
    raise error or OSError("the name has no address")


def _encrypt(connection: socket.socket, address: Address, deadline: Deadline, insecure: bool) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.sslsocket_class = _TimedTlsSocket
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    connection.settimeout(deadline.left_s())
    encrypted = context.wrap_socket(connection, server_hostname=address.host)
    assert isinstance(encrypted, _TimedTlsSocket)
    encrypted.deadline = deadline
    return encrypted


class HttpError(Exception):
    """A response without a stream."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class ByteStream:
    """The bytes that a host sends, each read with a deadline: what PyAV reads from. It cannot seek."""

    def __init__(self, read: Callable[[int], bytes], close: Callable[[], None], content_type: str = "") -> None:
        self.content_type = content_type
        """As the host calls it, in small letters without parameters; empty if it does not."""
        self.head = b""
        """The first bytes read."""
        self.error: Exception | None = None
        """Why there is nothing more to read; None if the host has ended it."""
        self._read, self._close = read, close

    def read(self, size: int) -> bytes:
        """What has arrived, at most `size` bytes; waits for the first. Empty at the end and after an error.

        Nothing is raised: FFmpeg goes on reading after an error, and PyAV prints the traceback of all but the last.
        """
        try:
            read = self._read(size) if self.error is None else b""
        except Exception as error:
            self.error = error
            return b""
        self.head = self.head or read[:16]
        return read

    def shut(self) -> None:
        """Close the connection."""
        self._close()

    @classmethod
    def tcp(cls, address: Address, deadline: Deadline) -> Self:
        """Everything that `address` sends once somebody connects. Raises what `connect` raises."""
        connection = connect(address, deadline, insecure=False)
        buffer = bytearray(_CHUNK_BYTES)

        def read(size: int) -> bytes:
            return bytes(buffer[: connection.recv_into(buffer, min(size, len(buffer)))])

        return cls(read, connection.close)

    @classmethod
    def http(cls, address: Address, deadline: Deadline, *, insecure: bool) -> Self:
        """The body of the response to GET. Follows no redirection and uses no proxy.

        Raises HttpError, http.client.HTTPException and what `connect` raises.
        """
        url = f"{address.origin}{quote(address.target, safe=_AS_WRITTEN)}"
        opener = urllib.request.OpenerDirector()
        opener.addheaders = [("User-Agent", "repcount")]
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if address.user is not None:
            passwords.add_password(None, address.origin, address.user, address.password)
        for handler in (
            _Handler(lambda: connect(address, deadline, insecure=insecure)),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPBasicAuthHandler(passwords),
            urllib.request.HTTPDigestAuthHandler(passwords),
        ):
            opener.add_handler(handler)
        try:
            response = opener.open(url)
        except urllib.error.HTTPError as error:
            error.close()
            raise HttpError(error.code) from None
        except urllib.error.URLError as error:
            raise error.reason if isinstance(error.reason, OSError) else OSError(str(error.reason)) from None
        except ValueError as error:  # a login that urllib does not know; its text may hold what the host chose
            raise HttpError(http.client.UNAUTHORIZED) from error
        content_type = response.headers.get_content_type() if "Content-Type" in response.headers else ""
        return cls(response.read1, response.close, content_type)


_AS_WRITTEN: Final = "".join(map(chr, range(33, 127)))


class _Handler(urllib.request.AbstractHTTPHandler):
    """Sends requests through connections that `connect` makes."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        super().__init__()
        self._connection = functools.partial(_HttpConnection, connect)

    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(self._connection, request)

    https_open = http_open
    http_request = urllib.request.AbstractHTTPHandler.do_request_
    https_request = http_request


class _HttpConnection(http.client.HTTPConnection):
    def __init__(self, connect: Callable[[], socket.socket], host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._connect = connect

    def connect(self) -> None:
        self.sock = self._connect()

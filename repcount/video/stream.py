"""Streams from the network: the host that was named and no other, every frame in its own shape and of bounded size."""

from __future__ import annotations

import contextlib
import http.client
import importlib
import socket
import ssl
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from repcount.addresses import Address
from repcount.libraries import library_error
from repcount.video import diagnostics
from repcount.video.capture import Opener
from repcount.video.connection import ByteStream, Deadline, HttpError, connect
from repcount.video.diagnostics import CameraFault
from repcount.video.opencv import cv2
from repcount.video.rtsp import Relay

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OPEN_S: Final = 5.0
"""Longest time to open a stream: look up the name, connect, agree on keys, log in and learn what comes. Heuristic."""

READ_S: Final = 3.0
"""Longest wait for a frame, after which the stream is opened again. Heuristic: longer than any hiccup of a Wi-Fi."""

_MAX_PX: Final = 7680 * 4320
"""Most pixels of a frame: 8K. More are refused by the decoder before it asks for memory."""

_MAX_RATIO: Final = 4
"""A pixel that is said to be longer or higher than this is taken for square. Heuristic: DV and DVD reach 1.5, half the
lines of a picture 2."""

_MAX_STREAMS: Final = 16
"""Most streams in one: with pictures, sound and text for both there are four. Heuristic."""

_FORMATS: Final = "mpjpeg,mjpeg,mpegts,mpeg,mov,matroska,webm,flv,h264,hevc,avi,ogg,asf"
"""What is read from HTTP, TCP and UDP. Left out is all that names other places: HLS, DASH, SDP, concat and the like."""

_MULTIPART: Final = ("multipart/x-mixed-replace", "multipart/mixed")

_LISTS: Final = (b"#EXTM3U", b"<MPD", b"<?xml", b"v=0", b"ffconcat", b"[playlist]")
"""How texts begin that name other places."""


class StreamCapture:
    """A stream that PyAV reads and decodes; a `Capture`. Frames are in true shape: their pixels are made square."""

    def __init__(self, source: Any, deadline: Deadline, shut: Callable[[], None], **options: Any) -> None:
        """Open `source`, an address or a ByteStream; `options` are those of `av.open`.

        Every wait has to end at `deadline`, which each frame renews; `shut` ends it before. Raises av.FFmpegError,
        OSError and ValueError.
        """
        import av

        self._deadline, self._shut = deadline, shut
        wishes = {
            # Decoding begins with the first whole frame, and not before the size is checked.
            "codec_whitelist": "none", "analyzeduration": "1", "fpsprobesize": "0", "fflags": "nobuffer",
            "max_streams": str(_MAX_STREAMS), "protocol_whitelist": "none", **options.pop("wishes", {}),
        }  # fmt: skip
        self._container = av.open(source, container_options=wishes, **options)
        try:
            self._video = self._container.streams.video[0]
        except IndexError:
            self.release()
            raise ValueError("no video") from None
        decoder = self._video.codec_context
        # One thread: each decoding thread holds back a frame, which adds up to 0.2 s on eight cores.
        decoder.thread_count = 1
        decoder.options = {"max_pixels": str(_MAX_PX)}
        self._errors: tuple[type[BaseException], ...] = (av.FFmpegError, OSError, ValueError)
        self._frames = self._decoded()
        self._frame: Any = None

    def grab(self) -> bool:
        """Decode the next frame; False if none arrives in time."""
        self._deadline.renew(READ_S)
        try:
            self._frame = next(self._frames, None)
        except self._errors:
            self._frame = None
        if self._frame is None:
            self._frames = self._decoded()
        return self._frame is not None

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """The frame as BGR image, (height, width, 3)."""
        try:
            image = self._frame.to_ndarray(format="bgr24")
            return True, _square(image, self._video.codec_context.sample_aspect_ratio)
        except self._errors:  # such as a pixel format that cannot be converted
            return False, None

    def release(self) -> None:
        """End the connection."""
        self._shut()
        with contextlib.suppress(Exception):  # PyAV reports here what a read has met
            self._container.close()

    def _decoded(self) -> Iterator[Any]:
        # All packets pass here, not the video's alone: else a stream of nothing but sound would never come back.
        for packet in self._container.demux():
            if packet.stream is self._video:
                with contextlib.suppress(*self._errors):  # a damaged frame; the next may be sound
                    yield from packet.decode()
            self._deadline.left_s()


def _square(image: NDArray[np.uint8], ratio: Fraction | None) -> NDArray[np.uint8] | None:
    """The image with square pixels, whose width over height is `ratio` now; None if that is too large."""
    if not ratio or ratio == 1 or not 1 / _MAX_RATIO <= ratio <= _MAX_RATIO:
        return image
    height, width = image.shape[:2]
    size = (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))
    if size[0] * size[1] > _MAX_PX:
        return None
    squared: NDArray[np.uint8] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return squared


def open_stream(
    address: Address, *, insecure: bool = False, limit_s: float = OPEN_S
) -> tuple[Opener, Callable[[], None]]:
    """Opener of the stream at `address`; and what lets no wait of it or of its frames begin, for another thread.

    Opening takes `limit_s` at most, but for the name's look-up. `insecure`: whatever certificate an encrypted host
    shows. Raises LibraryError if PyAV does not load.
    """
    try:
        importlib.import_module("av")
    except ImportError as error:
        raise library_error("av", error) from error

    deadline = Deadline(limit_s)

    def opener() -> StreamCapture | CameraFault:
        deadline.renew(limit_s)
        try:
            if address.scheme in ("rtsp", "rtsps"):
                return _open_rtsp(address, deadline, insecure=insecure)
            if address.scheme == "udp":
                return _open_udp(address, deadline, limit_s)
            return _open_bytes(address, deadline, insecure=insecure)
        except _NoStreamError as error:
            return error.fault
        except ssl.SSLError as error:
            return diagnostics.bad_encryption(address, certificate=isinstance(error, ssl.SSLCertVerificationError))
        except socket.gaierror:
            return diagnostics.unknown_host(address)
        except ConnectionRefusedError:
            return diagnostics.refused_connection(address)
        except HttpError as error:
            return diagnostics.http_status(address, error.status)
        except TimeoutError:
            return diagnostics.too_slow(address)
        except (http.client.HTTPException, ConnectionError):
            return diagnostics.no_picture(address)
        except (OSError, UnicodeError):
            return diagnostics.unreachable_host(address)

    return opener, deadline.end


class _NoStreamError(Exception):
    """The host answers, but not with a stream that can be read."""

    def __init__(self, fault: CameraFault) -> None:
        self.fault = fault


def _open_bytes(address: Address, deadline: Deadline, *, insecure: bool) -> StreamCapture:
    """A stream over HTTP or bare TCP."""
    if address.scheme == "tcp":
        stream = ByteStream.tcp(address, deadline)
    else:
        stream = ByteStream.http(address, deadline, insecure=insecure)
    form = "mpjpeg" if stream.content_type in _MULTIPART else None
    try:
        return StreamCapture(stream, deadline, stream.shut, format=form, wishes={"format_whitelist": _FORMATS})
    except Exception:
        stream.shut()
        if isinstance(stream.error, TimeoutError):
            raise stream.error from None
        raise _NoStreamError(_no_video(address, stream)) from None


def _no_video(address: Address, stream: ByteStream) -> CameraFault:
    if stream.head.lstrip(b"\xef\xbb\xbf \r\n").startswith(_LISTS):
        return diagnostics.list_of_addresses(address)
    return diagnostics.not_a_stream(address, stream.content_type)


def _open_udp(address: Address, deadline: Deadline, limit_s: float) -> StreamCapture:
    source = f"udp://{address.location}:{address.port}{address.target}"
    wishes = {"protocol_whitelist": "udp", "format_whitelist": _FORMATS}
    try:
        # The first half is for probing, the other for what the decoder has to know.
        return StreamCapture(source, deadline, lambda: None, timeout=(limit_s / 2, READ_S), wishes=wishes)
    except Exception:
        raise _NoStreamError(diagnostics.nothing_sent(address)) from None


def _open_rtsp(address: Address, deadline: Deadline, *, insecure: bool) -> StreamCapture:
    relay = Relay(connect(address, deadline, insecure=insecure), deadline)
    login = "" if address.user is None else f"{quote(address.user, safe='')}:{quote(address.password, safe='')}@"
    source = f"rtsp://{login}{relay.address}{address.target}"
    wishes = {"protocol_whitelist": "tcp", "rtsp_transport": "tcp", "allowed_media_types": "video"}
    try:
        return StreamCapture(source, deadline, relay.shut, format="rtsp", wishes=wishes)
    except Exception:
        relay.shut()
        if not relay.status:
            deadline.left_s()  # raises TimeoutError if that is why
        raise _NoStreamError(diagnostics.rtsp_status(address, relay.status)) from None

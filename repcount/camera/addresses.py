"""Addresses of streams: how they are named to people, and why one of them gives no picture."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from repcount.camera.faults import CameraFault
from repcount.moment import Cue

_PORTS: Final = {"http": 80, "https": 443, "rtsp": 554, "rtmp": 1935, "tcp": 0}
"""Kinds of address with somebody who answers; the port that is meant where none is named."""

_SILENT: Final = {"udp", "rtp", "srt"}
"""Kinds where the sender just sends."""

_ANSWER_S: Final = 2.0
"""Longest wait for an answer, as machines in a home network give it in milliseconds. A choice."""

_PHONE_PATH: Final = "phone apps often give the video at /video"


def redact_url(url: str) -> str:
    """The address without the password in it."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def diagnose_stream(url: str) -> CameraFault:
    """Why `url` gives no picture; asks the machine it names, nobody else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return _lost(f"{url} is no address: {error}")
    if parts.scheme in _SILENT:
        return _lost(f"nothing arrives at {redact_url(url)}: is the sender running, and does it send to this machine?")
    if parts.scheme not in _PORTS or not parts.hostname:
        return _lost(
            f"{redact_url(url)} cannot be opened; addresses look like http://192.168.1.20:8080/video or rtsp://..."
        )
    return _of_host(parts, parts.hostname, port or _PORTS[parts.scheme])


def _lost(text: str) -> CameraFault:
    return CameraFault(Cue.CAMERA_LOST, text)


def _of_host(parts: SplitResult, host: str, port: int) -> CameraFault:
    try:
        socket.create_connection((host, port), _ANSWER_S).close()
    except socket.gaierror:
        return _lost(f"no machine called {host} is known here: is the address right, and is there a network?")
    except ConnectionRefusedError:
        return _lost(f"{host} answers, but no camera does at port {port}: is the app running, and is the port right?")
    except (OSError, UnicodeError):
        return _lost(f"{host} does not answer: is it switched on and in the same network?")
    if parts.scheme in ("http", "https"):
        return _of_answer(parts, *_asked(parts, host, port))
    return _lost(f"{host} answers, but gives no picture: is the path right in {redact_url(parts.geturl())}?")


def _asked(parts: SplitResult, host: str, port: int) -> tuple[int, str]:
    """Status and kind of what the web server gives; 0 where it gives nothing."""
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(kind(host, port, timeout=_ANSWER_S)) as connection:
        try:
            connection.request("GET", parts._replace(scheme="", netloc="").geturl() or "/", headers=_login(parts))
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            return 0, ""
        with answer:
            return answer.status, answer.headers.get_content_type()


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _of_answer(parts: SplitResult, status: int, kind: str) -> CameraFault:
    url = redact_url(parts.geturl())
    if status in (401, 403) and parts.username is not None:
        return CameraFault(Cue.CAMERA_REFUSED, f"{url} does not take this name and password: are they right?")
    if status in (401, 403):
        with_login = url.replace("://", "://NAME:PASSWORD@", 1)
        return CameraFault(Cue.CAMERA_REFUSED, f"{url} asks for a name and a password: write them as {with_login}")
    if status == 404:
        return _lost(f"there is nothing at {url}; {_PHONE_PATH}")
    if kind.startswith("text/"):
        return _lost(f"{url} is a web page and no video; {_PHONE_PATH}")
    return _lost(f"{url} answers, but gives no picture: does a browser show one there?")

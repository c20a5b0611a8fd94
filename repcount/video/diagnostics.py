"""Diagnosis of cameras and streams: why no frame arrives, and what to do about it."""

from __future__ import annotations

import base64
import contextlib
import enum
import errno
import http.client
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

PHONE: Final = (
    "A phone can be the camera: start an IP camera app on it and name the address that it shows, "
    "such as --camera http://192.168.1.20:8080/video"
)

_LIST_HINT: Final = "repcount cameras lists the cameras"

_MACOS_TEXT: Final = (
    "camera {n} does not open. Perhaps macOS does not allow it: in System Settings > Privacy & Security > Camera "
    f"switch your terminal on, then quit it and open it again. Or there is no such camera: {_LIST_HINT}"
)
_WINDOWS_TEXT: Final = (
    "camera {n} does not open. Perhaps another program has it: close that one. Perhaps Windows does not allow it: in "
    "Settings > Privacy & security > Camera switch on camera access, also for desktop apps. "
    f"Or there is no such camera: {_LIST_HINT}"
)
"""Neither system reports which of these it is."""


class CameraFaultKind(enum.StrEnum):
    """What changed about a camera or stream."""

    LOST = "lost"
    BUSY = "busy"
    """Another program uses it."""
    REFUSED = "refused"
    """The system, or a login, denies access."""
    FROZEN = "frozen"
    """It delivers the same frame over and over."""
    BACK = "back"
    """It works again."""
    SLOW = "slow"
    """It delivers fewer frames per second than counting needs."""


@dataclass(frozen=True, slots=True)
class CameraFault:
    """A change in what a camera or stream delivers, for the worse or back to normal."""

    kind: CameraFaultKind
    text: str
    """What happened and what to try, for people."""
    number: int = 0
    """Frames per second for `SLOW`, else 0."""


def lost(name: str) -> CameraFault:
    """No more frames arrive, for a reason unknown."""
    return CameraFault(CameraFaultKind.LOST, f"{name} gives no picture any more; trying again")


def frozen(name: str) -> CameraFault:
    """The same frame arrives over and over."""
    return CameraFault(
        CameraFaultKind.FROZEN, f"the picture of {name} stands still; if it stays so, start the camera anew"
    )


def back(name: str) -> CameraFault:
    """Frames arrive again."""
    return CameraFault(CameraFaultKind.BACK, f"{name} is back")


def slow(name: str, rate_hz: float) -> CameraFault:
    """Fewer frames arrive than counting needs."""
    text = (
        f"{name} gives only {rate_hz:.0f} frames a second. More light helps, for cameras slow down in the dark; "
        "for a phone, a smaller picture or a place nearer to the Wi-Fi"
    )
    return CameraFault(CameraFaultKind.SLOW, text, round(rate_hz))


def diagnose_device(
    index: int,
    *,
    worked: bool = False,
    system: str = sys.platform,
    dev: Path = Path("/dev"),
    proc: Path = Path("/proc"),
) -> CameraFault:
    """Why camera `index` does not open or delivers no frame. `worked`: it did before.

    `system` is a `sys.platform`; `dev` and `proc` are the folders of devices and processes on Linux.
    """
    if system == "linux":
        return _diagnose_on_linux(index, dev, proc)
    if worked:
        return CameraFault(CameraFaultKind.LOST, f"camera {index} is gone: plug it in again")
    if system == "darwin":
        return CameraFault(CameraFaultKind.REFUSED, _MACOS_TEXT.format(n=index))
    return CameraFault(CameraFaultKind.BUSY, _WINDOWS_TEXT.format(n=index))


def _diagnose_on_linux(index: int, dev: Path, proc: Path) -> CameraFault:
    device = dev / f"video{index}"
    try:
        # Without O_NONBLOCK some drivers block until the device is ready.
        os.close(os.open(device, os.O_RDWR | getattr(os, "O_NONBLOCK", 0)))
    except OSError as error:
        return _open_failure(index, device, error)
    holder = _other_process_using(device, proc)
    if holder:
        return CameraFault(CameraFaultKind.BUSY, f"camera {index} is used by {holder}; close that program")
    return CameraFault(
        CameraFaultKind.LOST,
        f"camera {index} is there but gives no picture: unplug it and plug it in again. {_LIST_HINT}",
    )


def _open_failure(index: int, device: Path, error: OSError) -> CameraFault:
    if error.errno in (errno.EACCES, errno.EPERM):
        text = (
            f"you may not use camera {index} ({device}): run  sudo usermod -aG video $USER  and log in again, "
            "or start repcount where the camera is shared with it (container, Flatpak, Snap)"
        )
        return CameraFault(CameraFaultKind.REFUSED, text)
    if error.errno == errno.EBUSY:
        return CameraFault(CameraFaultKind.BUSY, f"camera {index} is used by another program; close that program")
    return CameraFault(
        CameraFaultKind.LOST, f"there is no camera {index} ({_cameras_found(device.parent)}): is it plugged in? {PHONE}"
    )


def _cameras_found(dev: Path) -> str:
    numbers = sorted(int(path.name[5:]) for path in dev.glob("video*") if path.name[5:].isdecimal())
    return "found: " + ", ".join(map(str, numbers)) if numbers else "none was found"


def _other_process_using(device: Path, proc: Path) -> str | None:
    """Name and number of another process that has the device open, as far as this user may see."""
    for link in proc.glob("[0-9]*/fd/*"):
        pid = link.parts[-3]
        try:
            if int(pid) != os.getpid() and os.readlink(link) == str(device):
                return f"{(proc / pid / 'comm').read_text().strip()} (process {pid})"
        except OSError:
            continue  # it has ended, or belongs to another user
    return None


_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "rtsp": 554, "rtmp": 1935, "tcp": 0}
"""Default ports of the schemes whose server answers a connection."""

_PUSHED: Final = {"udp", "rtp", "srt"}
"""Schemes whose sender sends without being asked."""

_RESPONSE_S: Final = 2.0
"""Timeout of a connection. Heuristic: machines in a home network answer within milliseconds."""

_PHONE_PATH: Final = "phone apps often give the video at /video"


def redact_url(url: str) -> str:
    """The address without user name and password."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def diagnose_stream(url: str) -> CameraFault:
    """Why `url` delivers no frame. Connects to the host it names and to no other."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return _lost(f"{url} is no address: {error}")
    if parts.scheme in _PUSHED:
        return _lost(f"nothing arrives at {redact_url(url)}: is the sender running, and does it send to this machine?")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return _lost(
            f"{redact_url(url)} cannot be opened; addresses look like http://192.168.1.20:8080/video or rtsp://..."
        )
    return _diagnose_host(parts, parts.hostname, port or _DEFAULT_PORTS[parts.scheme])


def _lost(text: str) -> CameraFault:
    return CameraFault(CameraFaultKind.LOST, text)


def _diagnose_host(parts: SplitResult, host: str, port: int) -> CameraFault:
    try:
        socket.create_connection((host, port), _RESPONSE_S).close()
    except socket.gaierror:
        return _lost(f"no machine called {host} is known here: is the address right, and is there a network?")
    except ConnectionRefusedError:
        return _lost(f"{host} answers, but no camera does at port {port}: is the app running, and is the port right?")
    except (OSError, UnicodeError):
        return _lost(f"{host} does not answer: is it switched on and in the same network?")
    if parts.scheme in ("http", "https"):
        return _diagnose_response(parts, *_http_get(parts, host, port))
    return _lost(f"{host} answers, but gives no picture: is the path right in {redact_url(parts.geturl())}?")


def _http_get(parts: SplitResult, host: str, port: int) -> tuple[int, str]:
    """Status and content type of the web server's response; 0 and empty without one."""
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(connect(host, port, timeout=_RESPONSE_S)) as connection:
        try:
            connection.request(
                "GET", parts._replace(scheme="", netloc="").geturl() or "/", headers=_login_headers(parts)
            )
            response = connection.getresponse()
        except (OSError, http.client.HTTPException):
            return 0, ""
        with response:
            return response.status, response.headers.get_content_type()


def _login_headers(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def _diagnose_response(parts: SplitResult, status: int, content_type: str) -> CameraFault:
    url = redact_url(parts.geturl())
    if status in (401, 403) and parts.username is not None:
        return CameraFault(CameraFaultKind.REFUSED, f"{url} does not take this name and password: are they right?")
    if status in (401, 403):
        with_login = url.replace("://", "://NAME:PASSWORD@", 1)
        return CameraFault(CameraFaultKind.REFUSED, f"{url} asks for a name and a password: write them as {with_login}")
    if status == 404:
        return _lost(f"there is nothing at {url}; {_PHONE_PATH}")
    if content_type.startswith("text/"):
        return _lost(f"{url} is a web page and no video; {_PHONE_PATH}")
    return _lost(f"{url} answers, but gives no picture: does a browser show one there?")

"""Why a camera or a stream gives no picture, and what to do about it."""

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

_LISTED: Final = "repcount cameras lists the cameras"

_MAC: Final = (
    "camera {n} does not open. Perhaps macOS does not allow it: in System Settings > Privacy & Security > Camera "
    f"switch your terminal on, then quit it and open it again. Or there is no such camera: {_LISTED}"
)
_WINDOWS: Final = (
    "camera {n} does not open. Perhaps another program has it: close that one. Perhaps Windows does not allow it: in "
    "Settings > Privacy & security > Camera switch on camera access, also for desktop apps. "
    f"Or there is no such camera: {_LISTED}"
)
"""Neither system says which of these it is."""


class CameraFaultKind(enum.StrEnum):
    """What changed in what a camera delivers."""

    LOST = "lost"
    BUSY = "busy"
    """Another program has it."""
    REFUSED = "refused"
    """The system, or a login, does not allow it."""
    FROZEN = "frozen"
    """The same frame comes again and again."""
    BACK = "back"
    """It works again."""
    SLOW = "slow"
    """It delivers fewer frames per second than counting wants."""


@dataclass(frozen=True, slots=True)
class CameraFault:
    """A change in what the camera gives, for the worse or back to the better."""

    kind: CameraFaultKind
    text: str
    """For the screen: what happened and what to try."""
    number: int = 0
    """The number that belongs to it: frames per second for `SLOW`."""


def lost(name: str) -> CameraFault:
    """No picture comes any more, and it is not known why."""
    return CameraFault(CameraFaultKind.LOST, f"{name} gives no picture any more; trying again")


def frozen(name: str) -> CameraFault:
    """The same picture comes again and again."""
    return CameraFault(
        CameraFaultKind.FROZEN, f"the picture of {name} stands still; if it stays so, start the camera anew"
    )


def back(name: str) -> CameraFault:
    """All is well again."""
    return CameraFault(CameraFaultKind.BACK, f"{name} is back")


def slow(name: str, rate_hz: float) -> CameraFault:
    """Fewer frames come than counting wants."""
    text = (
        f"{name} gives only {rate_hz:.0f} frames a second. More light helps, for cameras slow down in the dark; "
        "for a phone, a smaller picture or a place nearer to the Wi-Fi"
    )
    return CameraFault(CameraFaultKind.SLOW, text, round(rate_hz))


def of_device(
    index: int,
    *,
    worked: bool = False,
    system: str = sys.platform,
    dev: Path = Path("/dev"),
    proc: Path = Path("/proc"),
) -> CameraFault:
    """Why camera `index` does not open or gives no picture; `worked` says that it did before."""
    if system == "linux":
        return _on_linux(index, dev, proc)
    if worked:
        return CameraFault(CameraFaultKind.LOST, f"camera {index} is gone: plug it in again")
    if system == "darwin":
        return CameraFault(CameraFaultKind.REFUSED, _MAC.format(n=index))
    return CameraFault(CameraFaultKind.BUSY, _WINDOWS.format(n=index))


def _on_linux(index: int, dev: Path, proc: Path) -> CameraFault:
    device = dev / f"video{index}"
    try:
        # Without O_NONBLOCK some drivers wait for the device.
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        return _refusal(index, device, error)
    user = _user_of(device, proc)
    if user:
        return CameraFault(CameraFaultKind.BUSY, f"camera {index} is used by {user}; close that program")
    return CameraFault(
        CameraFaultKind.LOST, f"camera {index} is there but gives no picture: unplug it and plug it in again. {_LISTED}"
    )


def _refusal(index: int, device: Path, error: OSError) -> CameraFault:
    if error.errno in (errno.EACCES, errno.EPERM):
        text = (
            f"you may not use camera {index} ({device}): run  sudo usermod -aG video $USER  and log in again, "
            "or start repcount where the camera is shared with it (container, Flatpak, Snap)"
        )
        return CameraFault(CameraFaultKind.REFUSED, text)
    if error.errno == errno.EBUSY:
        return CameraFault(CameraFaultKind.BUSY, f"camera {index} is used by another program; close that program")
    return CameraFault(
        CameraFaultKind.LOST, f"there is no camera {index} ({_there(device.parent)}): is it plugged in? {PHONE}"
    )


def _there(dev: Path) -> str:
    numbers = sorted(int(path.name[5:]) for path in dev.glob("video*") if path.name[5:].isdecimal())
    return "found: " + ", ".join(map(str, numbers)) if numbers else "none was found"


def _user_of(device: Path, proc: Path) -> str | None:
    """Which other process holds the device open, as far as this user may see."""
    for link in proc.glob("[0-9]*/fd/*"):
        pid = link.parts[-3]
        try:
            if int(pid) != os.getpid() and os.readlink(link) == str(device):
                return f"{(proc / pid / 'comm').read_text().strip()} (process {pid})"
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
    return None


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
    return CameraFault(CameraFaultKind.LOST, text)


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
        return CameraFault(CameraFaultKind.REFUSED, f"{url} does not take this name and password: are they right?")
    if status in (401, 403):
        with_login = url.replace("://", "://NAME:PASSWORD@", 1)
        return CameraFault(CameraFaultKind.REFUSED, f"{url} asks for a name and a password: write them as {with_login}")
    if status == 404:
        return _lost(f"there is nothing at {url}; {_PHONE_PATH}")
    if kind.startswith("text/"):
        return _lost(f"{url} is a web page and no video; {_PHONE_PATH}")
    return _lost(f"{url} answers, but gives no picture: does a browser show one there?")

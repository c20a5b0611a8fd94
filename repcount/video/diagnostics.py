"""Diagnosis of cameras and streams: why no frame arrives, and what to do about it."""

from __future__ import annotations

import enum
import errno
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from repcount.addresses import Address

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


# --- streams -----------------------------------------------------------------------------------------------

_PHONE_PATH: Final = "phone apps often give the video at /video"

_NAME_IT: Final = "Name the address of the video itself"


def _lost(text: str) -> CameraFault:
    return CameraFault(CameraFaultKind.LOST, text)


def unknown_host(address: Address) -> CameraFault:
    """The name of the host cannot be looked up."""
    return _lost(f"no machine called {address.host} is known here: is the address right, and is there a network?")


def refused_connection(address: Address) -> CameraFault:
    """The host is there, and nothing listens at that port."""
    return _lost(
        f"{address.host} answers, but no camera does at port {address.port}: is the app running, and is the port right?"
    )


def unreachable_host(address: Address) -> CameraFault:
    """No connection can be made."""
    return _lost(f"{address.host} does not answer: is it switched on and in the same network?")


def too_slow(address: Address) -> CameraFault:
    """Nothing of use came in time."""
    return _lost(
        f"{address} answers too slowly or not at all, so there is no picture: is it switched on, and is its network "
        "fast enough?"
    )


def no_picture(address: Address) -> CameraFault:
    """Whatever comes, no picture does."""
    return _lost(f"{address} gives no picture: does a browser or a player show one there?")


def bad_encryption(address: Address, *, certificate: bool) -> CameraFault:
    """No encrypted connection can be made; `certificate`: because nothing vouches for the host's."""
    if not certificate:
        text = f"{address} offers no encryption that is safe today: is the port right? Without encryption it is"
        return CameraFault(CameraFaultKind.REFUSED, f"{text} {address.scheme.removesuffix('s')}://")
    text = (
        f"nobody vouches for the certificate of {address}, so it may be another machine, and no password was sent. "
        "Cameras often sign their own: if this is yours, in your own network, --insecure connects to it all the same"
    )
    return CameraFault(CameraFaultKind.REFUSED, text)


def unchecked_certificate(address: Address) -> str:
    """What it means that the certificate of this host is not checked."""
    return f"the certificate of {address} is not checked (--insecure): whoever is in between sees picture and password"


def http_status(address: Address, status: int) -> CameraFault:
    """The host answers with this status instead of a stream."""
    if status in (401, 403) and address.user is not None:
        return CameraFault(CameraFaultKind.REFUSED, f"{address} does not take this name and password: are they right?")
    if status in (401, 403):
        with_login = f"{address}".replace("://", "://NAME:PASSWORD@", 1)
        return CameraFault(
            CameraFaultKind.REFUSED, f"{address} asks for a name and a password: write them as {with_login}"
        )
    if 300 <= status < 400:
        return _lost(f"{address} refers to another address, and repcount follows none. {_NAME_IT}")
    if status in (404, 410):
        return _lost(f"there is nothing at {address}; is the path right? {_PHONE_PATH}")
    return _lost(f"{address} answers with an error ({status}): does a browser show a video there?")


def rtsp_status(address: Address, status: int) -> CameraFault:
    """The host answers with this status, 0 if with none, and sends no stream."""
    if status >= 300:
        return http_status(address, status)
    return _lost(f"{address} answers, but gives no picture: is the path right?")


def list_of_addresses(address: Address) -> CameraFault:
    """What comes is a list that refers to other places (HLS, DASH, SDP)."""
    return _lost(f"{address} is a list of other addresses (HLS, DASH or SDP), and repcount follows none. {_NAME_IT}")


def not_a_stream(address: Address, content_type: str) -> CameraFault:
    """What comes is no video; `content_type` is what the host calls it."""
    if content_type.startswith("text/"):
        return _lost(f"{address} is a web page and no video; {_PHONE_PATH}")
    if content_type.startswith("image/"):
        return _lost(f"{address} is a single picture and no video; {_PHONE_PATH}")
    return no_picture(address)


def nothing_sent(address: Address) -> CameraFault:
    """Nothing of use arrives from a sender that sends without being asked."""
    return _lost(f"nothing arrives at {address}: is the sender running, and does it send to this machine?")

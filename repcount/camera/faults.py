"""What is wrong with a camera: found out where the system tells, and put so that it can be set right."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from repcount.moment import Cue

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


@dataclass(frozen=True, slots=True)
class CameraFault:
    """A change in what the camera gives, for the worse or back to the better."""

    say: Cue
    """One of `CAMERA_LOST` to `CAMERA_SLOW`."""
    text: str
    """For the screen: what happened and what to try."""
    number: int = 0
    """The number that belongs to it: frames a second for `CAMERA_SLOW`."""


def lost(name: str) -> CameraFault:
    """No picture comes any more, and it is not known why."""
    return CameraFault(Cue.CAMERA_LOST, f"{name} gives no picture any more; trying again")


def frozen(name: str) -> CameraFault:
    """The same picture comes again and again."""
    return CameraFault(Cue.CAMERA_FROZEN, f"the picture of {name} stands still; if it stays so, start the camera anew")


def back(name: str) -> CameraFault:
    """All is well again."""
    return CameraFault(Cue.CAMERA_BACK, f"{name} is back")


def slow(name: str, rate_hz: float) -> CameraFault:
    """Fewer frames come than counting wants."""
    text = (
        f"{name} gives only {rate_hz:.0f} frames a second. More light helps, for cameras slow down in the dark; "
        "for a phone, a smaller picture or a place nearer to the Wi-Fi"
    )
    return CameraFault(Cue.CAMERA_SLOW, text, round(rate_hz))


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
        return CameraFault(Cue.CAMERA_LOST, f"camera {index} is gone: plug it in again")
    if system == "darwin":
        return CameraFault(Cue.CAMERA_REFUSED, _MAC.format(n=index))
    return CameraFault(Cue.CAMERA_BUSY, _WINDOWS.format(n=index))


def _on_linux(index: int, dev: Path, proc: Path) -> CameraFault:
    device = dev / f"video{index}"
    try:
        # Without O_NONBLOCK some drivers wait for the device.
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        return _refusal(index, device, error)
    user = _user_of(device, proc)
    if user:
        return CameraFault(Cue.CAMERA_BUSY, f"camera {index} is used by {user}; close that program")
    return CameraFault(
        Cue.CAMERA_LOST, f"camera {index} is there but gives no picture: unplug it and plug it in again. {_LISTED}"
    )


def _refusal(index: int, device: Path, error: OSError) -> CameraFault:
    if error.errno in (errno.EACCES, errno.EPERM):
        text = (
            f"you may not use camera {index} ({device}): run  sudo usermod -aG video $USER  and log in again, "
            "or start repcount where the camera is shared with it (container, Flatpak, Snap)"
        )
        return CameraFault(Cue.CAMERA_REFUSED, text)
    if error.errno == errno.EBUSY:
        return CameraFault(Cue.CAMERA_BUSY, f"camera {index} is used by another program; close that program")
    return CameraFault(
        Cue.CAMERA_LOST, f"there is no camera {index} ({_there(device.parent)}): is it plugged in? {PHONE}"
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

"""Why a native library does not load, and the command that mends it."""

from __future__ import annotations

import re
from importlib import metadata

from repcount.errors import LibraryError

_SYSTEM_PACKAGES = {
    "libGL.so": ("libgl1", "libglvnd-glx", "mesa-gl"),
    "libEGL.so": ("libegl1", "libglvnd-egl", "mesa-egl"),
    "libGLESv2.so": ("libgles2", "libglvnd-gles", "mesa-gles"),
    "libglib-2.0.so": ("libglib2.0-0", "glib2", "glib"),
    "libgthread-2.0.so": ("libglib2.0-0", "glib2", "glib"),
    "libgobject-2.0.so": ("libglib2.0-0", "glib2", "glib"),
    "libgio-2.0.so": ("libglib2.0-0", "glib2", "glib"),
    "libX11.so": ("libx11-6", "libX11", "libx11"),
    "libxcb.so": ("libxcb1", "libxcb", "libxcb"),
    "libXext.so": ("libxext6", "libXext", "libxext"),
    "libXrender.so": ("libxrender1", "libXrender", "libxrender"),
    "libXcursor.so": ("libxcursor1", "libXcursor", "libxcursor"),
    "libXi.so": ("libxi6", "libXi", "libxi"),
    "libXrandr.so": ("libxrandr2", "libXrandr", "libxrandr"),
    "libSM.so": ("libsm6", "libSM", "libsm"),
    "libICE.so": ("libice6", "libICE", "libice"),
    "libxkbcommon.so": ("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libwayland-client.so": ("libwayland-client0", "libwayland-client", "wayland-libs-client"),
    "libwayland-cursor.so": ("libwayland-cursor0", "libwayland-cursor", "wayland-libs-cursor"),
    "libwayland-egl.so": ("libwayland-egl1", "libwayland-egl", "wayland-libs-egl"),
    "libfontconfig.so": ("libfontconfig1", "fontconfig", "fontconfig"),
    "libfreetype.so": ("libfreetype6", "freetype", "freetype"),
    "libdbus-1.so": ("libdbus-1-3", "dbus-libs", "dbus-libs"),
    "libportaudio.so": ("libportaudio2", "portaudio", "portaudio"),
    "libespeak-ng.so": ("libespeak-ng1", "espeak-ng", "espeak-ng"),
    "libsqlite3.so": ("libsqlite3-0", "sqlite-libs", "sqlite-libs"),
    "libz.so": ("zlib1g", "zlib", "zlib"),
    "libstdc++.so": ("libstdc++6", "libstdc++", "libstdc++"),
    "libgcc_s.so": ("libgcc-s1", "libgcc", "libgcc"),
    "libgomp.so": ("libgomp1", "libgomp", "libgomp"),
    "libatomic.so": ("libatomic1", "libatomic", "libatomic"),
}
"""Packages of apt, dnf and apk by the library's name up to its version."""

OPENCV = "opencv-python-headless"

_OTHER_OPENCVS = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
"""They write into the same folder: which files are there depends on what was installed or removed last."""

_MISSING = (
    re.compile(r"(\S+\.so[.\d]*): cannot open shared object file"),  # glibc
    re.compile(r"Error loading shared library (\S+\.so[.\d]*)"),  # musl
)

_BUNDLED = re.compile(r"/|-[0-9a-f]{8}[.-]")
"""A path, or a name with the hash that auditwheel adds: a file that the wheel brings, not the system."""


def missing_library(error: BaseException) -> str | None:
    """The file name of the system library without which an import failed, such as `libGL.so.1`."""
    found = next((match for pattern in _MISSING if (match := pattern.search(str(error)))), None)
    return None if found is None or _BUNDLED.search(found[1]) else found[1]


def system_package(library: str) -> str:
    """How to install the system library with the file name `library`."""
    packages = _SYSTEM_PACKAGES.get(library[: library.find(".so") + 3])
    if packages is None:
        return (
            f"find its package with: apt-file search {library}, dnf provides '*/{library}' or apk search so:{library}"
        )
    apt, dnf, apk = packages
    return f"apt-get install {apt} (Debian, Ubuntu), dnf install {dnf} (Fedora) or apk add {apk} (Alpine)"


def needs(package: str, library: str) -> str:
    """Says that `package` lacks a system library, and how to install that."""
    return f"{package} needs the system library {library}, which is not installed: {system_package(library)}"


def requirement(package: str) -> str:
    """`package` with the versions that repcount asks for, quoted for a shell; without them pip takes the newest."""
    try:
        lines = metadata.requires("repcount") or []
    except metadata.PackageNotFoundError:  # run from a folder, not installed
        lines = []
    asked = (line.partition(";")[0].strip() for line in lines)
    found = next((line for line in asked if re.match(rf"{re.escape(package)}(?![\w.-])", line)), package)
    return f'"{found}"'


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


_NO_MEMORY = ("failed to map segment", "cannot allocate memory")
"""What the loader of Linux says of a library for which there is no room."""


def library_error(package: str, error: BaseException) -> LibraryError:
    """The error to raise where importing `package` raised `error`: the command that mends it is in the message."""
    # numpy writes a page of advice around the error itself.
    told = " ".join(str(error).rpartition("Original error was:")[2].split())
    if any(cause in told.lower() for cause in _NO_MEMORY):
        return LibraryError(f"there is not enough memory to load {package} ({told}). Close other programs")
    library = missing_library(error)
    if library is not None:
        return LibraryError(needs(package, library))
    if isinstance(error, ModuleNotFoundError) and not _installed(package):
        return LibraryError(f"{package} is not installed: pip install {requirement(package)}")
    return LibraryError(
        f"{package} does not load: {told}. Install it again: pip install --force-reinstall {requirement(package)}"
    )


def opencvs() -> list[str]:
    """The distributions of OpenCV that are installed; there should be one, `OPENCV`."""
    return [name for name in (*_OTHER_OPENCVS, OPENCV) if _installed(name)]


def mend_opencv() -> str:
    """The command after which there is one OpenCV, and a whole one."""
    install = f"pip install {requirement(OPENCV)}"
    there = opencvs()
    return f"pip uninstall -y {' '.join(there)} && {install}" if there else install


def opencv_conflict() -> str | None:
    """Which other distributions of OpenCV are installed and what to do about them, for people; None without any."""
    there = opencvs()
    others = [name for name in there if name != OPENCV]
    if not others:
        return None
    names = f"{' and '.join(others)} {'is' if len(others) == 1 else 'are'} installed"
    if OPENCV in there:
        return f"{names} beside {OPENCV}, and each overwrites files of the others: {mend_opencv()}"
    return f"{names} instead of {OPENCV}, with which repcount is tested: {mend_opencv()}"

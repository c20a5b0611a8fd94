"""Why a native library does not load, and the command that fixes it."""

from __future__ import annotations

import mmap
import os
import re
import sys
import threading
from collections.abc import Sequence
from importlib import metadata
from importlib.abc import MetaPathFinder
from types import ModuleType

from repcount import elf
from repcount.errors import LibraryError, lacks_memory

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
"""The apt, dnf and apk packages of a library, by its file name without the version."""

OPENCV = "opencv-python-headless"

_DISTRIBUTIONS = {"cv2": OPENCV, "pygame": "pygame-ce", "espeakng_loader": "espeakng-loader", "PIL": "pillow"}
"""What to install for a module of another name."""

_NATIVE = frozenset({"numpy", "cv2", "mediapipe", "av", "pygame", "PIL", "matplotlib", "miniaudio"})
"""Modules with libraries of their own, which are checked before they are loaded."""

_OTHER_OPENCVS = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
"""They install into the same folder: which files are there depends on what was installed or removed last."""

_MISSING_LIBRARY = (
    re.compile(r"(\S+\.so[.\d]*): cannot open shared object file"),  # glibc
    re.compile(r"Error loading shared library (\S+\.so[.\d]*)"),  # musl
)

_BUNDLED = re.compile(r"/|-[0-9a-f]{8}[.-]")
"""A path, or a name with the hash that auditwheel adds: a file of the wheel, not of the system."""

MORE_MEMORY = "Close other programs, or allow it more (`ulimit -v`)"


def check_room(package: str, threads: int = 1, room_bytes: int = 64 << 20) -> None:
    """Raise LibraryError unless so many threads can be started, and so much address space is left, for a package.

    The default is what one thread takes, which reserves 64 MB for its heap (glibc).
    """
    over = threading.Event()
    started: list[threading.Thread] = []
    try:
        if sys.platform == "win32":
            mmap.mmap(-1, room_bytes).close()
        else:  # as reserved as heaps are: no page of it counts as used
            mmap.mmap(-1, room_bytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 0).close()
        for _ in range(threads):
            thread = threading.Thread(target=over.wait, daemon=True)
            thread.start()
            started.append(thread)
    except (OSError, MemoryError, RuntimeError) as error:
        raise library_error(package, error) from error
    finally:
        over.set()
        for thread in started:
            thread.join()


def missing_library(error: BaseException) -> str | None:
    """The file name of the system library that an import lacked, such as `libGL.so.1`; None if it failed otherwise."""
    matches = (pattern.search(str(error)) for pattern in _MISSING_LIBRARY)
    name = next((match[1] for match in matches if match), None)
    return None if name is None or _BUNDLED.search(name) else name


def system_package(library: str) -> str:
    """How to install the system library with the file name `library`."""
    packages = _SYSTEM_PACKAGES.get(library[: library.find(".so") + 3])
    if packages is None:
        return (
            f"find its package with: apt-file search {library}, dnf provides '*/{library}' or apk search so:{library}"
        )
    apt, dnf, apk = packages
    return f"apt-get install {apt} (Debian, Ubuntu), dnf install {dnf} (Fedora) or apk add {apk} (Alpine)"


def missing_library_text(package: str, library: str) -> str:
    """A message that `package` lacks a system library, and how to install it."""
    return f"{package} needs the system library {library}, which is not installed: {system_package(library)}"


def requirement(package: str) -> str:
    """`package` with repcount's version bounds, quoted for a shell; without bounds pip would take the newest."""
    try:
        lines = metadata.requires("repcount") or []
    except metadata.PackageNotFoundError:  # run from a source folder, not installed
        lines = []
    requirements = (line.partition(";")[0].strip() for line in lines)
    pattern = rf"{re.escape(package)}(?![\w.-])"
    matching = next((line for line in requirements if re.match(pattern, line)), package)
    return f'"{matching}"'


def library_error(package: str, error: BaseException) -> LibraryError:
    """The error to raise when importing `package` raised `error`; its message has the command that fixes it.

    `package` is empty where nobody knows which one it was.
    """
    if isinstance(error, LibraryError):
        return error
    # numpy writes a page of advice around the error itself.
    text = " ".join(str(error).rpartition("Original error was:")[2].split()) or type(error).__name__
    if lacks_memory(error):
        return LibraryError(f"there is not enough memory for {package or 'a library'} ({text}). {MORE_MEMORY}")
    library = missing_library(error)
    if library is not None:
        return LibraryError(missing_library_text(package, library))
    if not package:
        return LibraryError(f"a library does not load: {text}. Install repcount anew with pip, and all that it needs")
    if isinstance(error, ModuleNotFoundError) and not _is_installed(package):
        return LibraryError(f"{package} is not installed: pip install {requirement(package)}")
    return LibraryError(
        f"{package} does not load: {text}. Install it again: pip install --force-reinstall {requirement(package)}"
    )


def guard_loading() -> None:
    """From now on check libraries before any import loads them. For programs, not for libraries.

    Of a library that was cut short (by a full disk, or an installation that was broken off) Linux maps what is not
    there, and whoever touches it dies by SIGBUS; zeros (after a power cut) crash who runs into them. No import could
    report that.
    """
    # numpy's OpenBLAS starts a thread for each core, for products of matrices larger than any here. Where it cannot, it
    # raises SIGINT, which looks as if somebody had pressed Ctrl-C.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not any(isinstance(finder, _Check) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Check())


class _Check(MetaPathFinder):
    """Finds no module, but raises LibraryError for a package of which a library is not complete."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name not in _NATIVE:
            return
        package = _DISTRIBUTIONS.get(name, name)
        library = incomplete_library(package)
        if library is not None:
            again = opencv_fix() if package == OPENCV else f"pip install --force-reinstall {requirement(package)}"
            raise LibraryError(f"{package} is not complete, a part of {library} is missing. Install it again: {again}")


def incomplete_library(package: str) -> str | None:
    """The name of a library of the installed package of which a part is missing; None if there is none."""
    try:
        installed = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return None
    record = installed.read_text("RECORD") or ""  # `files` takes five times as long
    names = (line.partition(",")[0] for line in record.splitlines() if ".so" in line)
    return next((name for name in names if elf.lacks_a_part(str(installed.locate_file(name)))), None)


def import_failure(error: Exception) -> LibraryError:
    """The error to raise where any import raised `error`: which package it was about is in there, if anywhere."""
    if isinstance(error, LibraryError):
        return error
    name = str(getattr(error, "name", None) or "").partition(".")[0]
    if name.startswith("_"):  # a part of Python that is compiled for a library of the system, such as _sqlite3
        return LibraryError(f"this Python has no {name}: use one that is built with it")
    return library_error(_DISTRIBUTIONS.get(name, name), error)


def damaged_library(error: Exception) -> LibraryError | None:
    """The error to raise where a library that did load lacks a part of itself; None if `error` is of another kind."""
    module = error.obj if isinstance(error, AttributeError) else None
    name = module.__name__.partition(".")[0] if isinstance(module, ModuleType) else "repcount"
    if name == "repcount" or name in sys.stdlib_module_names:
        return None
    return library_error(_DISTRIBUTIONS.get(name, name), error)


def installed_opencvs() -> list[str]:
    """The installed distributions of OpenCV; there should be one, `OPENCV`."""
    return [name for name in (*_OTHER_OPENCVS, OPENCV) if _is_installed(name)]


def opencv_fix() -> str:
    """The command that leaves exactly one, complete OpenCV."""
    install = f"pip install {requirement(OPENCV)}"
    installed = installed_opencvs()
    return f"pip uninstall -y {' '.join(installed)} && {install}" if installed else install


def opencv_conflict() -> str | None:
    """A message about other installed distributions of OpenCV and the command that fixes it; None if there is none."""
    installed = installed_opencvs()
    others = [name for name in installed if name != OPENCV]
    if not others:
        return None
    names = f"{' and '.join(others)} {'is' if len(others) == 1 else 'are'} installed"
    if OPENCV in installed:
        return f"{names} beside {OPENCV}, and each overwrites files of the others: {opencv_fix()}"
    return f"{names} instead of {OPENCV}, with which repcount is tested: {opencv_fix()}"


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True

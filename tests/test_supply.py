"""What is installed: locked with hashes, allowed by pyproject.toml, its licence listed, and nothing that reports."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.programs import ROOT, load_script

LOCK = ROOT / "requirements.lock"
LINE = re.compile(r"^([\w.-]+)==([^\s;\\]+)(?: ; (.*?))?(?: \\)?$")
REPORTING = (b"getaddrinfo", b"\0connect\0", b"WSAConnect", b"clearcut")
"""What a library that tells somebody over the network has inside: the names of the system's calls for it, or of
Google's collector. MediaPipe 0.10.33 has none of them, 0.10.35 and 1.2.2 have."""


def locked() -> list[Requirement]:
    """The lines of the lock that name a package."""
    found = [match for line in LOCK.read_text(encoding="utf-8").splitlines() if (match := LINE.match(line))]
    return [Requirement(f"{match[1]}=={match[2]}" + (f"; {match[3]}" if match[3] else "")) for match in found]


def project() -> list[Requirement]:
    """What pyproject.toml asks for, with what builds the package and the extras that the command of the lock names."""
    read = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked_extras = re.findall(r"--extra (\w+)", LOCK.read_text(encoding="utf-8").partition("==")[0])
    assert "test" in locked_extras
    extras = [line for extra in locked_extras for line in read["project"]["optional-dependencies"][extra]]
    return [
        Requirement(line) for line in (*read["project"]["dependencies"], *extras, *read["build-system"]["requires"])
    ]


def version_of(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    return specifier.version


def needed_here() -> set[str]:
    """repcount's dependencies with all its extras, and all of theirs, on this system, by canonical name."""
    found: set[tuple[str, str]] = set()
    new: set[tuple[str, str]] = {("repcount", extra) for extra in ("", "test", "cluster")}
    while new:
        found |= new
        asked = {need for name, extra in new if here(name) for need in asked_by(name, extra)}
        new = {(str(canonicalize_name(need.name)), extra) for need in asked for extra in ("", *need.extras)} - found
    return {name for name, _ in found} - {"repcount"}


def asked_by(name: str, extra: str) -> list[Requirement]:
    needs = map(Requirement, metadata.requires(name) or [])
    return [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]


def here(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


# --- the lock ----------------------------------------------------------------------------------------------


def test_every_requirement_is_locked_at_a_version_that_it_allows() -> None:
    pins: dict[str, list[Requirement]] = {}
    for pin in locked():
        pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    for need in project():
        name = canonicalize_name(need.name)
        assert name in pins, f"{need} is not in requirements.lock: make it anew with the command at its top"
        assert all(need.specifier.contains(version_of(pin)) for pin in pins[name]), need


def test_everything_locked_has_hashes_and_no_line_names_a_registry_or_a_place() -> None:
    text = LOCK.read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\w)", text)[1:]
    assert len(blocks) == len(locked()) > 50
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert not re.search(r"://|index|--trusted|--find|@ ", text)
    # pip up to 24.2 fails on it wherever the kernel's release is no version.
    assert "platform_release" not in text


def test_the_lock_is_all_that_is_needed_on_this_system() -> None:
    """It is installed with `--no-deps`: nobody else would notice that something is missing."""
    pinned = {canonicalize_name(pin.name) for pin in locked() if pin.marker is None or pin.marker.evaluate()}
    left_out = {"pyobjc"}  # see tool.uv in pyproject.toml
    assert needed_here() - pinned - left_out == set()


# --- what must not get in ----------------------------------------------------------------------------------


def test_there_is_one_opencv() -> None:
    """Several OpenCV distributions write into the same folder and break each other."""
    installed = {str(distribution.metadata["Name"]).lower() for distribution in metadata.distributions()}
    for names in (installed, {pin.name for pin in locked()}, {need.name for need in project()}):
        assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


def test_no_mediapipe_that_reports_or_brings_a_second_opencv_is_allowed() -> None:
    (allowed,) = {need.specifier for need in project() if need.name == "mediapipe"}
    for release in ("0.10.21", "0.10.32", "0.10.33", "0.10.35", "1.0.0", "1.2.2", "2.0.0"):
        assert not allowed.contains(release)
    assert allowed.contains(metadata.version("mediapipe"))
    assert [version_of(pin) for pin in locked() if pin.name == "mediapipe"] == ["0.10.31"]


def binaries(distribution: str) -> list[Path]:
    files = [Path(str(file.locate())) for file in metadata.files(distribution) or []]
    return [path for path in files if re.search(r"\.(so|dylib|dll|pyd)(\.|$)", path.name) and path.is_file()]


def test_the_installed_mediapipe_could_not_connect_if_it_wanted_to() -> None:
    found = binaries("mediapipe")
    assert any("libmediapipe" in path.name for path in found)
    assert [(path.name, sign) for path in found for sign in REPORTING if sign in path.read_bytes()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of calls are written otherwise")
def test_a_library_that_connects_is_noticed() -> None:
    """OpenCV's FFmpeg does, for streams."""
    assert any(sign in path.read_bytes() for path in binaries("opencv-python-headless") for sign in REPORTING)


# --- licences ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    return load_script(ROOT / "docs" / "make_licences.py")


def rows() -> dict[str, list[str]]:
    """The cells of the tables of packages, by name."""
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    return {row[0]: row for row in cells if len(row) == 4 and re.match(r"\d", row[1])}


def test_everything_that_is_installed_or_locked_is_listed_with_its_licence() -> None:
    listed = rows()
    assert {name for name in needed_here() if here(name)} - set(listed) == set()
    for pin in locked():
        row = listed[canonicalize_name(pin.name)]
        assert version_of(pin) in row[1], f"{pin}: run docs/make_licences.py"
        assert all(row), row


def test_the_licences_are_those_that_the_packages_state(maker: ModuleType) -> None:
    listed = rows()
    for name in filter(here, needed_here()):
        message = metadata.metadata(name)
        if "License-Expression" in message and metadata.version(name) in listed[name][1]:
            assert listed[name][2] == message["License-Expression"]
    written = {name: row[2] for name, row in listed.items() if here(name) or name in maker.READ}
    assert written == {name: maker.licence(name) for name in written}

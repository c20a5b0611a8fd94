"""Native libraries as they are, against what their wheels say of them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from repcount.libraries import OPENCV, import_failure, library_error, native_libraries
from repcount.video import opencv


@pytest.mark.parametrize(
    ("content", "shorter", "changed"),
    [(b"whole", False, False), (b"whol", True, True), (b"who\0\0", False, True), (b"whole+", False, True), (None,) * 3],
)
def test_a_library_is_compared_with_what_its_wheel_says(
    content: bytes | None, shorter: bool, changed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every platform. What is not there is left to the import, which says so itself."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"whole").digest()).decode().rstrip("=")
    endings = ("x.so", "x.abi3.so.1.2", "x.pyd", "x-1a.dll", "x.dylib")
    lines = [f"thing/{name},sha256={digest},5" for name in endings]
    unsaid = ["thing/y.so,,", "thing/__init__.py,sha256=x,99", "thing-1.dist-info/RECORD,,", "broken", "thing/z.so"]
    _installed(tmp_path, [*lines, *unsaid])
    for name in (*endings, "y.so"):
        if content is not None:
            (tmp_path / "thing" / name).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    found = list(native_libraries("thing"))
    assert [library.name for library in found] == [f"thing/{name}" for name in endings]
    assert {(library.is_shorter(), library.is_changed()) for library in found} == {(bool(shorter), bool(changed))}


def test_of_what_was_not_installed_as_a_wheel_nothing_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _installed(tmp_path, None)
    monkeypatch.syspath_prepend(tmp_path)
    assert list(native_libraries("thing")) == list(native_libraries("no-such-thing")) == []


def test_whole_libraries_are_as_long_as_their_wheels_say() -> None:
    """Those of this environment, which work."""
    for package in ("numpy", "mediapipe", OPENCV, "av"):
        libraries = list(native_libraries(package))
        assert libraries
        assert not any(library.is_shorter() for library in libraries)


def _installed(folder: Path, record: list[str] | None) -> None:
    (folder / "thing").mkdir()
    (folder / "thing-1.dist-info").mkdir()
    (folder / "thing-1.dist-info" / "METADATA").write_text("Name: thing\nVersion: 1\n", encoding="utf-8")
    if record is not None:
        (folder / "thing-1.dist-info" / "RECORD").write_text("\n".join(record), encoding="utf-8")


@pytest.mark.parametrize(
    "error",
    [
        ImportError("/packages/cv2.abi3.so: failed to map segment from shared object"),
        OSError("libmediapipe.so: cannot allocate memory in static TLS block"),
        RuntimeError("can't start new thread"),
        MemoryError(),
    ],
)
def test_a_library_that_does_not_fit_into_memory_is_not_to_be_installed_again(error: Exception) -> None:
    for message in (library_error("mediapipe", error), import_failure(error), opencv._import_failure(error)):
        assert "not enough memory" in str(message)
        assert "pip install" not in str(message)

"""OpenCV missing, damaged, too old or installed twice: one line with the command that mends it, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.programs import SAMPLES, run_process

MEND = 'pip uninstall -y opencv-python-headless && pip install "opencv-python-headless>=5.0"'
MISSING = "cannot open shared object file: No such file or directory"

FAKES = {
    "lost its files": ("", f"OpenCV is not complete, it has no VideoCapture: {MEND}"),
    "is too old": (
        "__version__ = '4.5.5'\nVideoCapture = setNumThreads = print",
        f"OpenCV 4.5.5 is too old, 5.0 or later is needed: {MEND}",
    ),
    "is made for another numpy": (
        "import sys; sys.stderr.write('a page')\nraise ImportError('numpy.core.multiarray failed to import')",
        f"OpenCV does not load (numpy.core.multiarray failed to import): {MEND}",
    ),
    "lost a file": ("raise AttributeError('no x')", f"OpenCV does not load (no x): {MEND}"),
    "lacks a system library": (
        f"raise ImportError('libxcb.so.1: {MISSING}')",
        "opencv-python-headless needs the system library libxcb.so.1, which is not installed: apt-get install libxcb1",
    ),
}
"""A module that shadows the real one on the path, and the message."""


@pytest.mark.slow
@pytest.mark.parametrize("fake", FAKES)
def test_an_opencv_that_does_not_work_is_reported_in_a_line_and_doctor_starts(fake: str, tmp_path: Path) -> None:
    code, message = FAKES[fake]
    (tmp_path / "cv2.py").write_text(f"{code}\n", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = run_process("analyze", SAMPLES / "07_fast_reps.mp4", env=env)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"repcount: {message}")
    assert result.err.count("\n") == 1
    doctor = run_process("doctor", env=env)
    assert (doctor.code, doctor.err) == (1, "")
    assert message in doctor.out
    assert doctor.out.endswith("Live counting cannot work yet: see libraries\n")


OTHERS = ("opencv-contrib-python", "opencv-contrib-python-headless")


@pytest.mark.parametrize("other", ["opencv-python", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_another_opencv_that_works_is_noted_once_and_nothing_stops(other: str, tmp_path: Path) -> None:
    folder = tmp_path / f"{other.replace('-', '_')}-5.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Name: {other}\nVersion: 5.0\n", encoding="utf-8")
    result = run_process("cameras", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    note, *_ = result.err.splitlines()
    assert note.startswith(f"note: {other} is installed beside opencv-python-headless")
    assert note.endswith(
        f'pip uninstall -y {other} opencv-python-headless && pip install "opencv-python-headless>=5.0"'
    )
    assert "Warning" not in result.err

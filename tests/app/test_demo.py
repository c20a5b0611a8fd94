"""`repcount demo` as a program, with a window and a browser."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from support.display import display

from repcount.app.demo import free_path


@pytest.mark.slow
def test_the_demo_shows_the_window_and_opens_the_report(model: Path, history: Path, tmp_path: Path) -> None:
    """It plays the sample, which lasts 27 s. Where there is no sound device, what would be heard is in a file."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n', encoding="utf-8")
    browser.chmod(0o755)
    with display() as screen, subprocess.Popen(
        [sys.executable, "-m", "repcount", "demo"], cwd=tmp_path, env={**screen.env, "BROWSER": str(browser)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    ) as process:  # fmt: skip
        screen.window("repcount", within_s=100)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    reps = re.findall(r"rep (\d), full", err)
    assert reps in (list("12345"), list("1234")), "a busy machine may miss one"
    assert f"{len(reps)} full reps" in out
    report = tmp_path / "repcount-demo.html"
    assert report.as_uri() in (tmp_path / "opened").read_text(encoding="utf-8")
    assert report.read_text(encoding="utf-8").count("data:image/jpeg") == len(reps)
    if "is in" in err:
        with wave.open(str(tmp_path / "repcount-demo.wav")) as sound:
            assert 20 < sound.getnframes() / sound.getframerate() < 40
    assert not history.exists()


def test_a_file_of_the_same_name_is_left_as_it_is(tmp_path: Path) -> None:
    wanted = tmp_path / "demo.html"
    assert free_path(wanted) == wanted
    wanted.write_text("mine", encoding="utf-8")
    (tmp_path / "demo-2.html").symlink_to(tmp_path / "nowhere")
    assert free_path(wanted) == tmp_path / "demo-3.html"

"""Frames and their times: what containers state, what they do not, and how it is repaired."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.programs import Ffmpeg, pattern

from repcount.messages import warning_sentence
from repcount.video import reader


def times(path: Path, rate_hz: float = inf) -> list[float]:
    with reader.open_video(path) as video:
        return [frame.time_s for frame in video.frames(rate_hz)]


def warnings(path: Path) -> list[str]:
    with reader.open_video(path) as video:
        for _ in video.frames():
            pass
        return [warning_sentence(warning) for warning in video.warnings()]


@pytest.fixture(scope="module")
def steady(ffmpeg: Ffmpeg, clips: Path) -> Path:
    """2 s at 30 frames a second."""
    return ffmpeg(*pattern("2"), clips / "steady.mp4")


# --- time stamps -------------------------------------------------------------------------------------------

STAMPS = [
    ("rising, from anywhere", [5.0, 5.1, 5.3], [0, 0.1, 0.3], 0),
    ("below zero", [-0.2, -0.1, 0.0], [0, 0.1, 0.2], 0),
    ("repeated", [0, 0.1, 0.1, 0.3], [0, 0.1, 0.15, 0.3], 1),
    ("backwards once", [0, 0.1, 0.05, 0.3], [0, 0.1, 0.15, 0.3], 1),
    ("one missing", [0, 0.1, nan, 0.3], [0, 0.1, 0.2, 0.3], 1),
    ("every second one missing", [0, nan, 0.2, nan, 0.4], [0, 0.05, 0.2, 0.3, 0.4], 2),
    ("every second one of twice as many", [0, nan, 0.1, nan, 0.2], [0, 0.05, 0.1, 0.15, 0.2], 2),
    ("missing after a pause", [0, 0.1, 9.0, nan, 9.2], [0, 0.1, 9.0, 9.1, 9.2], 1),
    ("missing at first", [nan, nan, nan, 7.0, 7.1], [0, 0.1, 0.2, 0.3, 0.4], 2),
    ("infinite", [0, 0.1, inf, 0.3], [0, 0.1, 0.15, 0.3], 1),
    ("first one not a number", [nan, 7.0, 7.1], [0, 0.1, 0.2], 0),
    ("one wildly ahead", [0, 0.1, 1e9, 0.3], [0, 0.1, 0.15, 0.3], 1),
    ("a long gap is true", [0, 0.1, 3600.0], [0, 0.1, 3600.0], 0),
    ("restarted", [0, 0.1, 0.2, 0, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.6], 3),
    ("restarted, and half as many as stated", [0, 0.2, 0.4, 0, 0.2, 0.4], [0, 0.2, 0.4, 0.45, 0.5, 1.0], 3),
    ("two bad ones after good ones", [0, 0.1, 0.1, 0.1, 0.4], [0, 0.1, 0.15, 0.2, 0.4], 2),
]


def test_stamps_that_are_all_but_equal_are_none() -> None:
    """As of a program that took a thousandth for a second. Seen at the tenth frame."""
    clock = reader.TimestampRepair(frame_s=0.1)
    assert [clock.stamp(n * 1e-4) for n in range(12)][9:] == pytest.approx([9e-4, 1.0, 1.1])
    warning = clock.warning()
    assert warning is not None
    assert warning.code == "no_timestamps"


@pytest.mark.parametrize(("stamps", "expected", "moved"), [row[1:] for row in STAMPS], ids=[row[0] for row in STAMPS])
def test_times_of_stamps(stamps: list[float], expected: list[float], moved: int) -> None:
    """Seconds from the first frame for frames that last 0.1 s."""
    clock = reader.TimestampRepair(frame_s=0.1)
    assert [clock.stamp(stamp) for stamp in stamps] == pytest.approx(expected)
    assert clock.repaired == moved
    message = f"time stamps that were missing, did not rise or jumped, and were replaced: {moved} of {len(stamps)}"
    warning = clock.warning()
    assert (warning and warning_sentence(warning)) == (message if moved else None)


@pytest.mark.parametrize(("stamp", "second_s"), [(0.0, 0.05), (7.5, 0.05), (-1.0, 0.05), (nan, 0.1), (inf, 0.1)])
def test_stamps_that_stand_still_fall_back_to_the_frame_rate(stamp: float, second_s: float) -> None:
    clock = reader.TimestampRepair(frame_s=0.1)
    assert [clock.stamp(stamp) for _ in range(5)] == pytest.approx([0, second_s, 0.2, 0.3, 0.4])
    warning = clock.warning()
    assert warning is not None
    assert warning_sentence(warning) == "the file has no usable time stamps: frames are taken as 10 a second"


@given(
    stamps=st.lists(st.one_of(st.floats(), st.floats(0, 10), st.sampled_from([0.0, 1.0, nan])), min_size=1),
    frame_s=st.floats(0.001, 10),
)
def test_times_start_at_zero_and_rise_whatever_the_stamps(stamps: list[float], frame_s: float) -> None:
    clock = reader.TimestampRepair(frame_s)
    stamped = [clock.stamp(stamp) for stamp in stamps]
    assert stamped[0] == 0
    assert all(earlier < later for earlier, later in pairwise(stamped))


# --- containers --------------------------------------------------------------------------------------------


def test_times_are_those_of_the_container(steady: Path) -> None:
    assert times(steady) == pytest.approx([n / 30 for n in range(60)], abs=1e-3)
    assert warnings(steady) == []


def test_a_variable_frame_rate_is_respected(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """The first second of 30 Hz whole, of the other three every third frame: no constant rate fits."""
    kept = [n for n in range(120) if n < 30 or n % 3 == 0]
    thin = ["-vf", "select='lt(n,30)+not(mod(n,3))'", "-fps_mode", "vfr"]
    path = ffmpeg(*pattern("4"), *thin, tmp_path / "variable.mp4")
    assert times(path) == pytest.approx([n / 30 for n in kept], abs=1e-3)
    assert warnings(path) == []


def test_a_delayed_start_is_not_counted(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("1"), "-output_ts_offset", "5", tmp_path / "late.mkv")
    assert times(path)[:3] == pytest.approx([0, 1 / 30, 2 / 30], abs=2e-3)


def test_a_container_without_times_falls_back_and_says_so(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """A raw H.264 stream: OpenCV reads all its stamps as zero and its rate as 25."""
    path = ffmpeg(*pattern("1", "25"), "-f", "h264", tmp_path / "raw.h264")
    read = times(path)
    assert len(read) == 25
    assert read[2:] == pytest.approx([n / 25 for n in range(2, 25)])
    assert warnings(path) == ["the file has no usable time stamps: frames are taken as 25 a second"]


def test_joined_recordings_go_on_where_the_first_one_ends(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """Two transport streams in one file: the stamps begin anew in the middle."""
    one = ffmpeg(*pattern("2"), tmp_path / "one.ts").read_bytes()
    both = tmp_path / "both.ts"
    both.write_bytes(one + one)
    read = times(both)
    assert len(read) == 120
    assert read[-1] == pytest.approx(119 / 30, abs=0.1)
    assert "did not rise" in warnings(both)[0]


def test_rotation_gives_an_upright_picture(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """The same picture that ffmpeg shows, which turns it as the metadata ask."""
    lying = ffmpeg(*pattern("1"), tmp_path / "lying.mp4")
    turned = ffmpeg("-display_rotation", "90", "-i", lying, "-c", "copy", tmp_path / "turned.mp4")
    raw = ffmpeg("-i", turned, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", tmp_path / "upright.rgb")
    upright = np.frombuffer(raw.read_bytes(), np.uint8).reshape(160, 120, 3).astype(float)
    with reader.open_video(turned) as video:
        assert (video.info.width, video.info.height) == (120, 160)
        image = next(video.frames(15)).image.astype(float)
    assert image.shape == (160, 120, 3)
    assert np.abs(image - upright).mean() < 3
    assert np.abs(image[::-1] - upright).mean() > 30


def test_pictures_are_red_green_blue(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    red = ["-f", "lavfi", "-i", "color=red:s=160x120:d=0.2", "-pix_fmt", "yuv420p"]
    with reader.open_video(ffmpeg(*red, tmp_path / "red.mp4")) as video:
        mean = next(video.frames(15)).image.mean(axis=(0, 1))
    assert mean == pytest.approx([254, 0, 0], abs=6)


# --- thinning ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate_hz", "every"), [(30.0, 1), (15.0, 2), (10.0, 3)])
def test_thinning_keeps_the_first_frame_and_an_even_spacing(steady: Path, rate_hz: float, every: int) -> None:
    assert times(steady, rate_hz) == pytest.approx([n / 30 for n in range(0, 60, every)], abs=1e-3)


def test_thinning_to_a_rate_that_does_not_divide_keeps_the_mean_rate(steady: Path) -> None:
    read = times(steady, 24.0)
    assert read[0] == 0
    assert 46 <= len(read) <= 50
    assert min(later - earlier for earlier, later in pairwise(read)) > 0.5 / 24


def test_all_frames_count_as_read_however_few_are_analysed(steady: Path) -> None:
    with reader.open_video(steady) as video:
        assert len(list(video.frames(10.0))) == 20
        assert video.frames_read == 60
        assert video.duration_s == pytest.approx(2.0, abs=1e-3)


# --- damaged files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), [("cut.mp4", ["-movflags", "faststart"]), ("cut.mkv", [])])
def test_a_cut_file_gives_its_frames_and_a_warning(
    ffmpeg: Ffmpeg, tmp_path: Path, name: str, options: list[str]
) -> None:
    path = ffmpeg(*pattern("8"), *options, tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read = times(path)
    assert 60 < len(read) < 180
    assert read == pytest.approx([n / 30 for n in range(len(read))], abs=2e-3)
    [warning] = warnings(path)
    assert warning.startswith("the file says that it lasts 8.0 s, but only 3.")


def test_a_percent_sign_in_the_name_is_no_pattern(ffmpeg: Ffmpeg, tmp_path: Path, steady: Path) -> None:
    """FFmpeg would read `clip%03d.mp4` as a series of files."""
    odd = tmp_path / "clip%03d.mp4"
    odd.write_bytes(steady.read_bytes())
    assert len(times(odd)) == 60


def test_a_name_that_is_no_text_is_read(steady: Path, tmp_path: Path) -> None:
    """OpenCV would end the process."""
    odd = Path(str(tmp_path / "clip") + "\udcff.mp4")
    try:
        odd.write_bytes(steady.read_bytes())
    except (OSError, UnicodeEncodeError):
        pytest.skip("this file system takes no such name")
    assert times(odd) == pytest.approx(times(steady))


@pytest.fixture(scope="module")
def latin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment for an ISO-8859-1 locale, made for the purpose."""
    folder = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(folder / "en_US.ISO-8859-1")]
    if shutil.which("localedef") is None or subprocess.run(command, capture_output=True, check=False).returncode > 1:
        pytest.skip("this system cannot make a locale")
    return {"LOCPATH": str(folder), "LC_ALL": "en_US.ISO-8859-1"}


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files have one encoding")
@pytest.mark.parametrize("locale", ["Latin-1", "ASCII"])
def test_a_file_is_read_whatever_encoding_its_name_and_the_locale_have(
    locale: str, steady: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A name in UTF-8 and one in Latin-1, under a locale that knows neither or one of them."""
    for name in ("Übung.mp4".encode(), "Übung.mp4".encode("latin-1")):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(steady.read_bytes())
    code = (
        "import os, sys; from pathlib import Path; from repcount.video import reader\n"
        "for name in os.listdir(sys.argv[1]):\n"
        "    with reader.open_video(Path(sys.argv[1]) / name) as video: print(len(list(video.frames())))"
    )
    environment = request.getfixturevalue("latin") if locale == "Latin-1" else ASCII
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["60", "60"], "")

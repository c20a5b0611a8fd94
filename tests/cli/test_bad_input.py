"""Whatever is wrong with what repcount is given: one line that says so, exit code 1 or 2, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.programs import SAMPLES, Cli, Ffmpeg, Result, pattern, run_process

from repcount.errors import VideoError
from repcount.libraries import library_error
from repcount.video import reader


def assert_told(result: Result, *parts: str, code: int = 1) -> None:
    """One line on stderr, nothing on stdout."""
    assert result.code == code
    assert result.out == ""
    assert result.err.startswith("repcount: ")
    assert result.err.count("\n") == 1
    for part in parts:
        assert part in result.err


# --- videos ------------------------------------------------------------------------------------------------


def _missing(path: Path, _: Ffmpeg) -> Path:
    return path / "nowhere.mp4"


def _too_long_a_name(path: Path, _: Ffmpeg) -> Path:
    return path / ("a" * 300 + ".mp4")


def _folder(path: Path, _: Ffmpeg) -> Path:
    return path


def _empty(path: Path, _: Ffmpeg) -> Path:
    file = path / "empty.mp4"
    file.touch()
    return file


def _text(path: Path, _: Ffmpeg) -> Path:
    file = path / "text.mp4"
    file.write_text("This is no video.\n" * 100, encoding="utf-8")
    return file


def _sound_only(path: Path, ffmpeg: Ffmpeg) -> Path:
    return ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", path / "sound.mp4")


def _no_frames(path: Path, ffmpeg: Ffmpeg) -> Path:
    return ffmpeg(*pattern("1"), "-frames:v", "0", path / "none.mp4")


def _cut(path: Path, ffmpeg: Ffmpeg) -> Path:
    """Without `faststart` the index of an mp4 stands at its end."""
    file = ffmpeg(*pattern("2"), path / "cut.mp4")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return file


BAD_VIDEOS = [
    (_missing, "there is no file"),
    (_empty, "is empty"),
    (_text, "cannot be read as a video"),
    (_sound_only, "sound only"),
    (_no_frames, "cannot be read as a video"),
    (_cut, "cut short"),
]
ENDS_ALL = [(_too_long_a_name, "File name too long"), (_folder, "there is no video in the folder")]


def test_bad_videos_are_told_in_a_line_each_and_leave_no_file(cli: Cli, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    videos = [make(tmp_path, ffmpeg) for make, _ in BAD_VIDEOS]
    wanted = ["--csv", results / "reps.csv", "--json", results / "reps.json", "--signal", results]
    done = cli("analyze", *videos, *wanted)
    assert (done.code, done.out) == (1, "")
    for line, video, (_, message) in zip(done.err.splitlines(), videos, BAD_VIDEOS, strict=True):
        assert line.startswith("repcount: ")
        assert str(video) in line
        assert message in line
    assert list(results.iterdir()) == []


@pytest.mark.parametrize(("make", "message"), [BAD_VIDEOS[2], *ENDS_ALL], ids=["text", "long name", "folder"])
def test_a_bad_video_is_told_in_one_line_and_leaves_no_file(
    make: Callable[[Path, Ffmpeg], Path], message: str, cli: Cli, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    source, results = tmp_path / "source", tmp_path / "results"
    source.mkdir()
    results.mkdir()
    video = make(source, ffmpeg)
    wanted = ["--csv", results / "reps.csv", "--json", results / "reps.json", "--signal", results / "signal.csv"]
    assert_told(cli("analyze", video, *wanted), message, str(video))
    assert list(results.iterdir()) == []


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of the administrator, who may read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files that may not be read are a matter of POSIX here")
def test_a_video_that_may_not_be_read(tmp_path: Path) -> None:
    video = tmp_path / "private.mp4"
    video.write_bytes((SAMPLES / "07_fast_reps.mp4").read_bytes())
    video.chmod(0)
    with nobody(), pytest.raises(VideoError, match=r"cannot read .*private.mp4: Permission denied"):
        reader.open_video(video)


def test_nobody_in_the_picture_is_a_warning(cli: Cli, empty_room: Path, tmp_path: Path) -> None:
    result = cli("analyze", empty_room, "--json", tmp_path / "reps.json")
    assert result.code == 0
    assert result.out == "0 full reps in 1.0 s\n"
    document = json.loads((tmp_path / "reps.json").read_text(encoding="utf-8"))
    assert document["reps"] == []
    assert document["summary"] == {"full": 0, "partial": 0, "fast": 0, "sets": 0, "tracked": 0.0}
    [warning] = document["warnings"]
    assert warning.startswith("nobody was found in the picture")
    assert result.err == f"note: {warning}\n"


@pytest.mark.slow
def test_somebody_seen_less_than_half_of_the_time_is_a_warning(
    cli: Cli, ffmpeg: Ffmpeg, tmp_path: Path, model: Path
) -> None:
    """1.5 s of a sample, then 3.5 s of black."""
    sample = ["-t", "1.5", "-i", SAMPLES / "07_fast_reps.mp4"]
    path = ffmpeg(*sample, "-vf", "tpad=stop_duration=3.5:color=black", tmp_path / "gone.mp4")
    result = cli("analyze", path)
    assert result.code == 0
    assert "note: the person was found in only 3" in result.err


# --- outputs -----------------------------------------------------------------------------------------------

BAD_OUTPUTS = [
    (["--csv", "nowhere/reps.csv"], "cannot write nowhere/reps.csv: there is no folder nowhere"),
    (["--json", "."], "cannot write .: it is a folder"),
    (["--csv", "ok.csv", "--signal", "nowhere/s.csv"], "there is no folder nowhere"),
    (["--csv", "same", "--json", "same"], "same is named for two outputs"),
    (["--csv", "same", "--signal", "./same"], "same is named for two outputs"),
    (["--csv", "-", "--json", "-"], "standard output is named for two outputs"),
    (["--csv", "video.mp4"], "video.mp4 is also read"),
    (["--csv", "link.mp4"], "link.mp4 is also read"),
    (["--csv", "text/reps.csv"], "cannot write text/reps.csv"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OUTPUTS)
def test_a_bad_output_is_found_before_the_video_is_read(
    options: list[str], message: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The video is no video, and that is not what the message is about."""
    monkeypatch.chdir(tmp_path)
    Path("video.mp4").write_text("no video", encoding="utf-8")
    Path("link.mp4").symlink_to("video.mp4")
    Path("text").touch()
    assert_told(cli("analyze", "video.mp4", *options), message)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.mp4", "text", "video.mp4"]
    assert Path("video.mp4").read_text(encoding="utf-8") == "no video"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc is where not even the administrator may write")
def test_an_output_where_nobody_may_write(cli: Cli, tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    video.write_text("no video", encoding="utf-8")
    assert_told(cli("analyze", video, "--csv", "/proc/reps.csv"), "cannot write /proc/reps.csv: No such file")


def test_signals_of_several_videos_need_a_folder(cli: Cli, tmp_path: Path) -> None:
    videos = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    assert_told(cli("analyze", *videos, "--signal", "-"), "name a folder")
    (tmp_path / "file").touch()
    assert_told(cli("analyze", *videos, "--signal", tmp_path / "file"), "cannot make the folder", "file")


def test_two_videos_of_one_name_do_not_share_a_signal_file(cli: Cli, tmp_path: Path) -> None:
    """`monday/clip.mp4` and `friday/clip.mp4` would both be written to `clip.mp4.csv`."""
    videos = [tmp_path / "monday" / "clip.mp4", tmp_path / "friday" / "clip.mp4"]
    result = cli("analyze", *videos, "--signal", tmp_path)
    assert_told(result, str(videos[0]), str(videos[1]), str(tmp_path / "clip.mp4.csv"))


# --- signals -----------------------------------------------------------------------------------------------

BAD_SIGNALS = [
    (b"", "line 1: there is no column time_s and no hip_deg"),
    (b"time_s,angle\n0,1\n", "line 1: there is no column hip_deg"),
    (b"time_s;hip_deg\n0;1\n", "line 1: there is no column time_s and no hip_deg"),
    (b"time_s,hip_deg\n0,180\n0.1,abc\n", "line 3: hip_deg is 'abc'; it must be a number or empty"),
    (b"time_s,hip_deg\n0,180\nsoon,170\n", "line 3: time_s is 'soon'"),
    (b"time_s,hip_deg\n0,180\n,170\n", "line 3: time_s is ''; it must be a number of seconds"),
    (b"time_s,hip_deg\n0,inf\n", "line 2: hip_deg is 'inf'"),
    (b"time_s,hip_deg\n0,180\n0.1\n", "line 3: the number of cells is not that of the header"),
    (b"time_s,hip_deg\n0,180\n0.1,170,3\n", "line 3: the number of cells is not that of the header"),
    (b"time_s,hip_deg\n0,180\n0.1,170\n0.1,160\n", "line 4: time_s 0.1 is not later than 0.1"),
    (b"time_s,hip_deg\n5,180\n0.1,170\n", "line 3: time_s 0.1 is not later than 5"),
    (b"time_s,hip_deg\n0,180\n0.1,\xff\n", "line 3: this is not UTF-8 text"),
    (b"time_s,hip_deg\n" + b"0,180\n" * 3 + b"\xff" + b"0,180\n" * 9000, "line 5: this is not UTF-8 text"),
    (b"\x00\x01\x02\x00", "line 1"),
    (b"time_s,hip_deg\n0,1\x0080\n", "line 2: hip_deg is '1\\x0080'"),
    (b'time_s,hip_deg\n0,"' + b"9" * 200_000, "line"),
]


@pytest.mark.parametrize(("content", "message"), BAD_SIGNALS)
def test_a_malformed_signal_is_told_with_its_line(content: bytes, message: str, cli: Cli, tmp_path: Path) -> None:
    signal = tmp_path / "signal.csv"
    signal.write_bytes(content)
    result = cli("recount", signal, "--csv", tmp_path / "reps.csv", "--json", tmp_path / "reps.json")
    assert_told(result, f"{signal}, {message}")
    assert list(tmp_path.iterdir()) == [signal]


def test_a_signal_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    assert_told(cli("recount", tmp_path / "no.csv"), "cannot read", "no.csv: No such file")
    assert_told(cli("recount", tmp_path), "cannot read", "Is a directory")


def test_a_signal_is_not_overwritten_by_what_is_counted_from_it(cli: Cli, tmp_path: Path) -> None:
    signal = tmp_path / "signal.csv"
    signal.write_text("time_s,hip_deg\n0,180\n", encoding="utf-8")
    assert_told(cli("recount", signal, "--csv", signal), "is also read")


# --- settings ----------------------------------------------------------------------------------------------

BAD_SETTINGS = [
    (["--set", "full_deg=99"], "full_deg is 99.0; it must be a number from 45 to 90"),
    (["--set", "full_deg=high"], "full_deg is 'high'; it must be a number from 45 to 90"),
    (["--set", "full_deg=nan"], "full_deg is nan; it must be a number from 45 to 90"),
    (["--set", "full_deg="], "full_deg is ''; it must be a number"),
    (["--set", "ful_deg=70"], "there is no setting 'ful_deg'; the settings are strictness, tempo, fast_share"),
    (["--set", "path=1"], "there is no setting 'path'"),
    (["--set", "full_deg"], "--set full_deg: write it as name=value"),
    (["--set", "tempo=3"], "tempo is 3.0; it must be four times in seconds"),
    (["--tempo", "2/0/2"], "tempo is '2/0/2'; it must be four times in seconds, 0 to 60"),
    (["--tempo", "2/0/2/-1"], "tempo is '2/0/2/-1'"),
    (["--tempo", "2/0/2/nan"], "tempo is '2/0/2/nan'"),
    (["--tempo", "slow"], "tempo is 'slow'"),
    (["--set", "strictness=harsh"], "strictness is 'harsh'; it must be one of lenient, normal, strict"),
    (["--set", "strictness="], "strictness is ''; it must be one of"),
    (["--config", "nowhere.toml"], "cannot read the settings file nowhere.toml: No such file"),
    (["--config", "."], "cannot read the settings file .: Is a directory"),
    (["--config", "bad.toml"], "bad.toml is not valid TOML"),
    (["--config", "bytes.toml"], "bytes.toml: it is not UTF-8 text"),
    (["--config", "name.toml"], "there is no setting 'counter'"),
    (["--config", "truth.toml"], "full_deg is True; it must be a number from 45 to 90"),
    (["--config", "list.toml"], "strictness is ['strict']; it must be one of"),
]


@pytest.mark.parametrize(("options", "message"), BAD_SETTINGS)
def test_a_bad_setting_is_told_with_its_name_its_value_and_what_is_allowed(
    options: list[str], message: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text("full_deg = \n", encoding="utf-8")
    Path("bytes.toml").write_bytes(b"\xff\xfe")
    Path("name.toml").write_text("[counter]\nfull_deg = 70\n", encoding="utf-8")
    Path("truth.toml").write_text("full_deg = true\n", encoding="utf-8")
    Path("list.toml").write_text('strictness = ["strict"]\n', encoding="utf-8")
    Path("signal.csv").write_text("time_s,hip_deg\n0,180\n", encoding="utf-8")
    assert_told(cli("recount", "signal.csv", *options), message, code=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rate", "often"], "--rate often: it must be a number of frames a second, all or auto"),
        (["--rate", "1000"], "rate_hz is 1000.0; it must be a number from 5 to 240"),
    ],
)
def test_a_rate_that_cannot_be_is_wrong_usage(options: list[str], message: str, cli: Cli, tmp_path: Path) -> None:
    assert_told(cli("analyze", tmp_path / "a.mp4", *options), message, code=2)


def test_a_plan_that_cannot_be_is_wrong_usage(cli: Cli) -> None:
    assert_told(cli("live", "--plan", "3 by 30"), "plan is '3 by 30'; it must be sets x reps, such as 3x30", code=2)


def test_a_settings_file_of_the_users_own_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repcount").mkdir()
    (tmp_path / "repcount" / "config.toml").write_text("full_deg = 5\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = cli("recount", tmp_path / "signal.csv")
    assert_told(result, "config.toml: full_deg is 5; it must be a number from 45 to 90", code=2)


@pytest.mark.parametrize("arguments", [["analyze"], ["recount"], ["nonsense"], ["analyze", "x.mp4", "--nonsense"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str], cli: Cli) -> None:
    assert cli(*arguments).code == 2


# --- libraries ---------------------------------------------------------------------------------------------

LIBRARIES = [
    ("libGL.so.1", "libgl1", "libglvnd-glx", "mesa-gl"),
    ("libgthread-2.0.so.0", "libglib2.0-0", "glib2", "glib"),
    ("libxcb.so.1", "libxcb1", "libxcb", "libxcb"),
    ("libX11.so.6", "libx11-6", "libX11", "libx11"),
    ("libstdc++.so.6", "libstdc++6", "libstdc++", "libstdc++"),
    ("libgomp.so.1", "libgomp1", "libgomp", "libgomp"),
]


@pytest.mark.parametrize(("library", "apt", "dnf", "apk"), LIBRARIES)
def test_a_missing_system_library_is_told_with_its_packages(library: str, apt: str, dnf: str, apk: str) -> None:
    for text in (
        f"{library}: cannot open shared object file: No such file or directory",
        f"Error loading shared library {library}: No such file or directory (needed by /usr/lib/x.so)",
    ):
        assert str(library_error("av", ImportError(text))) == (
            f"av needs the system library {library}, which is not installed: apt-get install {apt} (Debian, Ubuntu), "
            f"dnf install {dnf} (Fedora) or apk add {apk} (Alpine)"
        )


def test_a_missing_system_library_that_nobody_listed_is_told_with_how_to_search() -> None:
    error = library_error("av", OSError("libfoo-2.so.3: cannot open shared object file: No such file or directory"))
    expected = str(error)
    assert "av needs the system library libfoo-2.so.3" in expected
    assert "apt-file search libfoo-2.so.3" in expected
    assert "dnf provides '*/libfoo-2.so.3'" in expected
    assert "nstall it again" not in expected


@pytest.mark.parametrize(
    "text",
    [
        "libavcodec-c4204469.so.62.28.101: cannot open shared object file: No such file or directory",
        "/venv/mediapipe/tasks/c/libmediapipe.so: cannot open shared object file: No such file or directory",
    ],
)
def test_a_library_that_the_package_itself_brings_is_no_system_library(text: str) -> None:
    assert "Install it again: pip install --force-reinstall" in str(library_error("av", OSError(text)))


def test_an_unknown_failure_to_load_is_told_in_a_line_with_the_versions_that_are_allowed() -> None:
    """Without them pip would take the newest MediaPipe, which reports on its use."""
    error = library_error("mediapipe", ImportError("it is\n  broken"))
    assert str(error) == (
        "mediapipe does not load: it is broken. "
        'Install it again: pip install --force-reinstall "mediapipe<0.10.32,>=0.10.30"'
    )


def test_a_package_that_is_not_installed_is_told() -> None:
    error = library_error("no-such-package", ModuleNotFoundError("No module named 'no_such'", name="no_such"))
    assert str(error) == 'no-such-package is not installed: pip install "no-such-package"'


FAKES = [
    ("cv2", "ImportError", "libGL.so.1", "libgl1"),
    ("mediapipe", "OSError", "libGLESv2.so.2", "libgles2"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("module", "kind", "library", "package"), FAKES)
def test_a_library_that_does_not_load_ends_all_videos_with_one_line(
    module: str, kind: str, library: str, package: str, tmp_path: Path, empty_room: Path
) -> None:
    """A module that fails as the real one does on a bare Linux stands before it on the path."""
    fake = tmp_path / module
    fake.mkdir()
    message = f"{library}: cannot open shared object file: No such file or directory"
    (fake / "__init__.py").write_text(f"raise {kind}({message!r})\n", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = run_process("analyze", empty_room, empty_room, "--csv", tmp_path / "reps.csv", env=env)
    assert_told(result, f"needs the system library {library}", f"apt-get install {package}")
    assert not (tmp_path / "reps.csv").exists()


def test_a_traceback_is_shown_where_it_is_asked_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "repcount", "--debug", "recount", str(tmp_path / "no.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr

"""Bad input by the thousand; for more of it: `python benchmarks/fuzz.py --cases 200000 --seed 8`."""

from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from support.histories import filled, kept_aside, opened, rep
from support.programs import ROOT, Ffmpeg

from repcount import config, formats
from repcount.errors import HistoryError, SettingError, SignalError, VideoError
from repcount.history.store import HistoryStore
from repcount.video import reader

pytest.importorskip("resource", reason="the memory of a process is limited as POSIX does it")

LEAST_CASES = 4300
ENOUGH = 4310
WATCHED = {"mp4", "avi", "mkv", "webm", "gif", "timed", "texts"}
"""Kinds in which FFmpeg may crash; `repcount` decodes in a process of its own."""


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("fuzz")


@pytest.mark.slow
def test_thousands_of_hostile_files_are_read_or_refused_in_one_line(
    fuzz: ModuleType, model: Path, tmp_path: Path
) -> None:
    report = fuzz.fuzz(fuzz.cases(ENOUGH), 7, 2, tmp_path, tmp_path / "findings", 60.0)
    output = [(*finding.case, finding.outcome, finding.text) for finding in report.findings]
    assert [finding for finding in output if finding[0] not in WATCHED or finding[2] != "crashed"] == []
    assert report.count() >= LEAST_CASES
    for kind, outcomes in report.results.items():
        assert outcomes["good"] or kind == "texts", f"{kind}: not one was read"
        assert outcomes["refused"] or kind == "stamps", f"{kind}: not one was refused"


def test_every_byte_of_a_file_is_flipped_cut_and_repeated(fuzz: ModuleType) -> None:
    """The even numbers of a kind sweep, so that the cases above reach strips of at least a sixteenth."""
    strip = importlib.import_module("hostile").strip
    size = 7001
    for level in range(5):
        strips = [strip(index, size) for index in range(2**level - 1, 2 ** (level + 1) - 1)]
        assert strips[0][0] == 0
        assert strips[-1][1] == size
        assert all(one[1] == other[0] for one, other in pairwise(strips))
    many = min(sum(kind == wanted for kind, _ in fuzz.cases(ENOUGH)) for wanted in ("mp4", "avi", "mkv", "webm", "gif"))
    assert many >= 300


@pytest.mark.slow
def test_a_worker_that_dies_or_hangs_is_told_and_the_others_go_on(
    fuzz: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same cases with a judge that ends the process, one that never ends and one that raises."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "judging.py").write_text(
        "import os, time\n"
        "MADE_AS = {}\n"
        "def run(kind, path, number, samples):\n"
        "    if number == 1: os.abort()\n"
        "    if number == 2: time.sleep(600)\n"
        "    if number == 3: raise ValueError('odd')\n"
        "    return 'good'\n",
        encoding="utf-8",
    )
    # The one that hangs is not the first of a worker, which may take longer.
    fuzz_cases = iter([("stamps", number) for number in (0, 3, 2, 1, 4, 5)])
    report = fuzz.fuzz(fuzz_cases, 7, 1, tmp_path, tmp_path / "findings", 4.0)
    outcomes = {finding.case[1]: finding for finding in report.findings}
    assert {number: finding.outcome for number, finding in outcomes.items()} == {1: "crashed", 2: "stuck", 3: "failed"}
    assert "odd" in outcomes[3].text
    assert report.count("good") == 3
    assert '--seed 7 --only "stamps/1"' in (tmp_path / "findings" / "stamps-1.txt").read_text(encoding="utf-8")
    assert (tmp_path / "findings" / "stamps-2.json").exists()


# --- what it has found, each by name -----------------------------------------------------------------------

SETTINGS = [
    ("full_deg = 0x" + "f" * 5000, "full_deg is int of thousands of digits; it must be a number from 45 to 90"),
    ("full_deg = " + "9" * 5000, "too many digits"),
    ("full_deg = " + "9" * 400, "it must be a number from 45 to 90"),
    ("full_deg = " + "[" * 3000, "lists too deep in each other"),
    (f'tempo = "{"y" * 90_000}"', "it must be four times in seconds"),
    ("#" * 200_000, "too long to be a settings file"),
]


@pytest.mark.parametrize(("text", "message"), SETTINGS, ids=[text[:14] for text, _ in SETTINGS])
def test_settings_too_long_or_too_deep_are_told_in_a_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError) as raised:
        config.load(path)
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_signal_without_lines_is_not_read_to_its_end() -> None:
    with pytest.raises(SignalError, match="/dev/zero, line 1: it is too long; is it a signal CSV"):
        list(formats.read_signal(Path("/dev/zero")))


LABELS = [
    ("[]", 'holds no list of "clips"'),
    ("[" * 20_000, "is not valid JSON"),
    ('{"clips": [{"id": "a", "file": "a.mp4"}]}', "clip 1: class is None; it must be a short text"),
    ('{"clips": [{"id": "a", "file": "a\\u0000", "class": "x"}]}', "clip 1: file is"),
    (f'{{"clips": [{{"id": "a", "file": "{"a" * 300}", "class": "x"}}]}}', "it must be a short text"),
    ('{"clips": [{"id": "a", "file": "a", "class": "x", "expected": {"full_strict": NaN}}]}', "expected is"),
    ('{"clips": [{"id": "a", "file": "a", "class": "x", "expected": {"accept": [1]}}]}', "accept is"),
    ('{"clips": [{"id": "a", "file": "a", "class": "x", "expected": {}, "reps": [{"kind": 1}]}]}', "there is a rep"),
]


@pytest.mark.parametrize(("text", "message"), LABELS, ids=[message for _, message in LABELS])
def test_labels_of_another_layout_are_told_in_a_line(fuzz: ModuleType, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError) as raised:
        importlib.import_module("scoring").read_labels(path)
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile list.mp4\n", "#EXTM3U\n#EXTINF:1,\nlist.mp4\n"])
def test_a_list_of_files_is_not_followed(text: str, tmp_path: Path) -> None:
    """FFmpeg would open the first one in itself again and again, and wait for the second one to grow."""
    path = tmp_path / "list.mp4"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VideoError, match=r"list\.mp4 is a list of other files; name the videos themselves"):
        reader.open_video(path)


def test_pictures_that_change_their_size_are_made_as_large_as_the_first_one(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """All that comes after, from the gate on, relies on it."""
    source = ["-f", "lavfi", "-i", "color=white:r=10:d=1:s=64x48", "-q:v", "2"]
    one = ffmpeg(*source, tmp_path / "one.mjpeg").read_bytes()
    other = ffmpeg(*source, "-vf", "scale=96:96", tmp_path / "other.mjpeg").read_bytes()
    both = tmp_path / "both.mjpeg"
    both.write_bytes(one + other)
    with reader.open_video(both) as video:
        assert [frame.image.shape for frame in video.frames(240)] == [(48, 64, 3)] * 20


def test_a_picture_that_says_it_is_too_large_for_the_memory_is_refused(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg("-f", "lavfi", "-i", "color=white:r=1:d=1:s=64x48", tmp_path / "large.gif")
    content = bytearray(path.read_bytes())
    content[6:10] = (15_000).to_bytes(2, "little") * 2
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"large\.gif says that its pictures are 15000 by 15000"):
        reader.open_video(path)


ROWS = [
    ("UPDATE rep SET end_s = 1e300", "end_s is 1e\\+300"),
    ("UPDATE rep SET flags = x'ff'", "flags is b'"),
    ("UPDATE rep SET day = '9999-12-31'", "it is of the year 9999"),
    ("UPDATE session SET started_utc = '9999-12-31T23:59:59+00:00'", "it is of the year 9999"),
    ("UPDATE session SET utc_offset_s = 'x'", "utc_offset_s is 'x'"),
    ("UPDATE session SET settings = '[]'", "settings is '\\[\\]'"),
    ("ALTER TABLE rep RENAME COLUMN flags TO flag", "holds what repcount did not write"),
]


@pytest.mark.parametrize(("change", "message"), ROWS, ids=[change for change, _ in ROWS])
def test_rows_that_repcount_did_not_write_are_refused_with_their_name(
    change: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "history.sqlite3"
    filled(path, rep(1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(change)
    with opened(path) as history, pytest.raises(HistoryError, match=message):
        _ = history.span(), history.sessions()


def test_a_history_whose_layout_is_no_text_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    filled(path, rep(1))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE TABLE session", b"CREATE TABLE \xff\xfe\xfd" + b"ssio"))
    output: list[str] = []
    with HistoryStore(path, output.append) as history:
        assert history.sessions() == ()
    assert "is damaged" in output[0]
    assert len(kept_aside(path)) == 1

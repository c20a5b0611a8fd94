"""What `--resume` reads back is data from a stranger: every forged or damaged form costs that result, in one line."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount import formats
from repcount.analysis import Analysis, Source
from repcount.app.documents import DocumentError, read_document
from repcount.app.journal import ResumeJournal, video_sha256
from repcount.config import Config
from repcount.errors import OutputError
from repcount.types import AnalysisWarning, Flag, Rejection, RejectionReason, Rep, WarningCode

CONTENT = b"the bytes of a video"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def rep(number: int = 1) -> Rep:
    start_s = 5.0 * number
    nan = float("nan")
    return Rep(
        *(number, 1, start_s, start_s + 2, start_s + 4, 1.9, 0.2, 1.9, None),
        *(91.3, nan, 171.0, True, (Flag.FAST_RAISE,), 0.97),
    )


def analysis(path: str, sha256: str = SHA256) -> Analysis:
    warnings = (AnalysisWarning(WarningCode.NO_TIMESTAMPS, {"rate_hz": 30}),)
    source = Source(path, 20.0, 640, 360, 600, 300)
    rejected = (Rejection(1.0, 2.0, RejectionReason.ONE_LEG),)
    return Analysis(source, Config(), (rep(1), rep(2)), rejected, None, 0.98, warnings, video_sha256=sha256)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def document(video: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(formats.document(analysis(str(video)))))
    return read


def opened(results: Path, *, resume: bool = True, force: bool = False) -> tuple[ResumeJournal, list[str]]:
    notes: list[str] = []
    return ResumeJournal(results, Config(), notes.append, resume=resume, force=force), notes


def set_(place: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Put a value at a place such as `reps.0.start_s`."""

    def change(document: dict[str, Any]) -> None:
        *way, last = place.split(".")
        target: Any = document
        for name in way:
            target = target[int(name)] if isinstance(target, list) else target[name]
        target[int(last) if isinstance(target, list) else last] = value

    return change


def without(place: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *way, last = place.split(".")
        target: Any = document
        for name in way:
            target = target[int(name)] if isinstance(target, list) else target[name]
        del target[last]

    return change


HUGE = 10**400

FORGED = [
    (set_("schema", "repcount/2"), "schema is 'repcount/2'; it must be 'repcount/1'"),
    (set_("schema", ["repcount/1"]), "schema is ['repcount/1']"),
    (set_("version", "0.0.1"), "version is '0.0.1'"),
    (without("version"), "there is no version"),
    (set_("rejected", {}), "rejected is {}; it must be a list"),
    (set_("rejected", [{}]), "there is no rejected[0].start_s"),
    (set_("rejected.0.end_s", "abc"), "rejected[0].end_s is 'abc'"),
    (set_("rejected.0.code", "magic"), "rejected[0].code is 'magic'; it must be"),
    (set_("rejected.0.code", ["cut"]), "rejected[0].code is ['cut']"),
    (set_("model_sha256", 7), "model_sha256 is 7"),
    (set_("date", 2026), "date is 2026; it must be a day"),
    (set_("date", "\x1b[2J"), "date is '\\x1b[2J'"),
    (without("source"), "there is no source"),
    (set_("source", []), "source is []; it must be an object"),
    (set_("source", "a.mp4"), "source is 'a.mp4'; it must be an object"),
    (set_("source.path", ["a.mp4"]), "source.path is ['a.mp4']; it must be the path of a video"),
    (set_("source.path", {"a": 1}), "source.path is {'a': 1}"),
    (set_("source.path", "a\0.mp4"), "source.path is 'a\\x00.mp4'"),
    (set_("source.path", ""), "source.path is ''"),
    (set_("source.path", None), "source.path is None"),
    (set_("source.path", 7), "source.path is 7"),
    (without("source.path"), "there is no source.path"),
    (set_("source.duration_s", "20"), "source.duration_s is '20'; it must be a number from 0 to 1e+07"),
    (set_("source.duration_s", HUGE), "source.duration_s is 1"),
    (set_("source.duration_s", -1), "source.duration_s is -1"),
    (set_("source.duration_s", float("nan")), "source.duration_s is nan"),
    (set_("source.duration_s", float("inf")), "source.duration_s is inf"),
    (set_("source.duration_s", True), "source.duration_s is True"),
    (set_("source.width", 0), "source.width is 0; it must be a whole number from 1"),
    (set_("source.width", 640.5), "source.width is 640.5"),
    (set_("source.frames", HUGE), "source.frames is 1"),
    (set_("source.frames", -1), "source.frames is -1"),
    (set_("source.analysed", None), "source.analysed is None"),
    (set_("source.analysed", False), "source.analysed is False"),
    (without("settings"), "there is no settings"),
    (set_("settings", {}), "settings are not those of this repcount"),
    (set_("settings", None), "settings are not those of this repcount"),
    (set_("settings.extra", 1), "settings are not those of this repcount"),
    (without("settings.tempo"), "settings are not those of this repcount"),
    (set_("settings.full_deg", 9000), "full_deg is 9000; it must be a number from 45 to 90"),
    (set_("settings.full_deg", HUGE), "full_deg is 1"),
    (set_("settings.full_deg", [67]), "full_deg is [67]"),
    (set_("settings.tempo", 3), "tempo is 3"),
    (set_("settings.tempo", "nan/0/2/0"), "tempo is 'nan/0/2/0'"),
    (set_("summary", []), "summary is []"),
    (set_("summary.full", 200), "of its reps it would be"),
    (set_("summary.extra", 1), "of its reps it would be"),
    (set_("summary.tracked", "0.98"), "summary.tracked is '0.98'; it must be a number from 0 to 1"),
    (set_("summary.tracked", 1.5), "summary.tracked is 1.5"),
    (set_("reps", "abc"), "reps is 'abc'; it must be a list"),
    (set_("reps", None), "reps is None; it must be a list"),
    (set_("reps", {"0": {}}), "reps is {'0': {}}"),
    (set_("reps", [7]), "reps[0] is 7; it must be an object"),
    (set_("reps", [None]), "reps[0] is None"),
    (without("reps.0.start_s"), "there is no reps[0].start_s"),
    (set_("reps.0.start_s", "abc"), "reps[0].start_s is 'abc'; it must be a number from 0 to 1e+07"),
    (set_("reps.0.start_s", HUGE), "reps[0].start_s is 1"),
    (set_("reps.0.start_s", None), "reps[0].start_s is None"),
    (set_("reps.0.start_s", 8), "reps[0].start_s, top_s and end_s do not rise"),
    (set_("reps.1.start_s", 1), "reps[1] does not come after the one before it"),
    (set_("reps.1.number", 1), "reps[1] does not come after the one before it"),
    (set_("reps.1.set", 0), "reps[1].set is 0"),
    (set_("reps.0.set", 2), "reps[1] does not come after the one before it"),
    (set_("reps.0.number", 1.0), "reps[0].number is 1.0; it must be a whole number from 1"),
    (set_("reps.0.number", True), "reps[0].number is True"),
    (set_("reps.0.raise_s", -1), "reps[0].raise_s is -1"),
    (set_("reps.0.pause_s", "long"), "reps[0].pause_s is 'long'"),
    (set_("reps.0.knee_deg", 1e6), "reps[0].knee_deg is 1000000.0; it must be a number from -360 to 360"),
    (set_("reps.0.full", "true"), "reps[0].full is 'true'; it must be true or false"),
    (set_("reps.0.full", 1), "reps[0].full is 1"),
    (set_("reps.0.flags", "fast_raise"), "reps[0].flags is 'fast_raise'; it must be a list"),
    (set_("reps.0.flags", ["\x1b[31m"]), "reps[0].flags is ['\\x1b[31m']; it must be a list of names"),
    (set_("reps.0.flags", [[]]), "reps[0].flags is [[]]"),
    (set_("reps.0.flags", None), "reps[0].flags is None"),
    (set_("reps.0.confidence", 2), "reps[0].confidence is 2; it must be a number from 0 to 1"),
    (set_("warnings", "no"), "warnings is 'no'; it must be a list"),
    (set_("warnings", [7]), "warnings are not a sentence for each of warning_codes"),
    (set_("warnings", [""]), "warnings are not a sentence for each of warning_codes"),
    (set_("warnings", []), "warnings are not a sentence for each of warning_codes"),
    (set_("warning_codes", ["of_a_later_version"]), "warning_codes is ['of_a_later_version']"),
    (set_("warning_codes", None), "warning_codes is None"),
    (without("warning_codes"), "there is no warning_codes"),
    (set_("interrupted", None), "interrupted is None; it must be true or false"),
    (set_("interrupted", 0), "interrupted is 0"),
    (set_("video_sha256", "abc"), "video_sha256 is 'abc'; it must be a SHA-256 in hexadecimal, or null"),
    (set_("video_sha256", 7), "video_sha256 is 7"),
    (set_("video_sha256", SHA256.upper()), "video_sha256 is"),
    (without("video_sha256"), "there is no video_sha256"),
]


@pytest.mark.parametrize(("forge", "message"), FORGED, ids=[row[1] for row in FORGED])
def test_a_forged_result_is_not_used_and_said_in_a_line(
    forge: Callable[[dict[str, Any]], None], message: str, video: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    """In the results and in a journal; beside it a sound one, which is used."""
    sound, results, journal = copy.deepcopy(document), tmp_path / "results.json", tmp_path / "other.json.journal"
    other = tmp_path / "b.mp4"
    other.write_bytes(CONTENT)
    sound["source"]["path"] = str(other)
    forge(document)
    results.write_text(json.dumps([sound, document]))
    journal.write_text(f"\n{json.dumps(sound)}\n\n\n{json.dumps(document)}\n")
    for file, place in (("results.json", f"{results}, result 2"), ("other.json", f"{journal}, line 5")):
        read, (note,) = opened(tmp_path / file)
        assert note.startswith(f"note: {place}: ")
        assert message in note
        assert note.endswith(". This result is not used")
        assert len(note) < 400
        assert read.done(video) is None
        assert read.done(other) is not None


@pytest.mark.parametrize("number", [1, 2])
def test_a_sound_result_is_used_and_written_the_same_again(
    number: int, video: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps(document if number == 1 else [document]))
    journal, notes = opened(results)
    assert notes == []
    assert journal.has_results
    done = journal.done(video)
    assert done is not None
    assert formats.document(done) == document


def test_a_result_without_the_hash_of_the_video_is_not_used(
    video: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    """That of a live session, or of an older repcount."""
    results = tmp_path / "results.json"
    results.write_text(json.dumps({**document, "video_sha256": None}))
    journal, notes = opened(results)
    assert (journal.done(video), notes) == (None, [])


def test_a_result_of_other_bytes_or_settings_is_not_used(video: Path, document: dict[str, Any], tmp_path: Path) -> None:
    """However old the file says that it is."""
    results = tmp_path / "results.json"
    results.write_text(json.dumps(document))
    video.write_bytes(CONTENT[::-1])
    os.utime(video, (0, 0))
    journal, notes = opened(results)
    assert (journal.done(video), notes) == (None, [])
    video.write_bytes(CONTENT)
    assert journal.done(video) is not None
    journal = ResumeJournal(results, replace(Config(), full_deg=70.0), notes.append, resume=True, force=False)
    assert (journal.done(video), notes) == (None, [])
    video.unlink()
    assert opened(results)[0].done(video) is None


BEGIN = '{"schema": "repcount/1", '

DAMAGED = [
    (BEGIN, "it is damaged (Expecting property name"),
    (f"[{BEGIN}", "it is damaged (Expecting property name"),
    (BEGIN + '"a": ' + "[" * 200_000 + "]" * 200_000 + "}", "its lists are too deep in each other"),
    (BEGIN + '"a": ' + "1" * 5000 + "}", "it is damaged (Exceeds the limit"),
    (BEGIN + '"a": "\udcff"}', "it is not UTF-8 text"),
    (BEGIN + '"a": "\x00"}', "it is damaged (Invalid control character"),
    (BEGIN[:-2] + "}", "there is no version"),
]


@pytest.mark.parametrize(("content", "message"), DAMAGED, ids=[row[1] for row in DAMAGED])
def test_damaged_results_are_said_in_a_line_and_the_run_goes_on(content: str, message: str, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_bytes(content.encode("utf-8", "surrogateescape"))
    journal, (note,) = opened(results)
    assert note.startswith(f"note: {results}")
    assert message in note
    assert journal.has_results


@pytest.mark.parametrize(
    "content", ["", "[]", "7", "null", '{"schema": "other"}', "x,repcount/1\n", "\x00" * 100, "[["]
)
def test_what_is_not_a_file_of_results_is_not_replaced(content: str, tmp_path: Path) -> None:
    """`has_results` is what lets a run with `--resume` write over it."""
    results = tmp_path / "results.json"
    results.write_text(content)
    journal, notes = opened(results)
    assert (journal.has_results, notes) == (False, [])


def test_hundreds_of_damaged_results_are_summed_up(document: dict[str, Any], tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps([{**document, "reps": None}] * 300))
    _, notes = opened(results)
    assert len(notes) == 6
    assert notes[-1] == f"note: {results}: 295 more results are not used"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
WHOLE = formats.document(analysis("a.mp4"))
PLACES = [
    *WHOLE,
    *(f"source.{name}" for name in WHOLE["source"]),
    *(f"settings.{name}" for name in WHOLE["settings"]),
    *(f"summary.{name}" for name in WHOLE["summary"]),
    *(f"reps.0.{name}" for name in WHOLE["reps"][0]),
]


@given(place=st.sampled_from(PLACES), value=JSON)
def test_any_value_anywhere_is_sound_or_said(place: str, value: object) -> None:
    forged = copy.deepcopy(WHOLE)
    set_(place, value)(forged)
    try:
        read = read_document(forged)
    except DocumentError:
        return
    assert read.video_sha256 in (SHA256, "")
    json.dumps(formats.document(read), allow_nan=False)


# --- the journal's own file --------------------------------------------------------------------------------


def test_a_line_that_was_not_finished_is_no_damage(video: Path, document: dict[str, Any], tmp_path: Path) -> None:
    results, path = tmp_path / "results.json", tmp_path / "results.json.journal"
    path.write_text(f'\n{json.dumps(document)}\n\n{{"schema": "repcount/1", "sou')
    journal, notes = opened(results)
    assert notes == []
    assert journal.done(video) is not None
    with journal:
        journal.add(analysis(str(video)))
    journal, notes = opened(results)
    assert len(notes) == 1, "the line in the middle that another one follows is"
    assert journal.done(video) is not None


OTHERS: dict[str, Callable[[Path, Path], object]] = {
    "a link to a file": lambda path, target: path.symlink_to(target),
    "a link to nothing": lambda path, target: path.symlink_to(target.with_name("nothing")),
    "a link to itself": lambda path, target: path.symlink_to(path),
    "a folder": lambda path, target: path.mkdir(),
    "a pipe": lambda path, target: os.mkfifo(path),
    "a file of something else": lambda path, target: path.write_bytes(target.read_bytes()),
    "another name of a file": lambda path, target: os.link(target, path),
}


@pytest.mark.parametrize(("resume", "force"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_in_the_place_of_the_journal_is_neither_followed_nor_written(
    kind: str, resume: bool, force: bool, tmp_path: Path
) -> None:
    target, path = tmp_path / "target", tmp_path / "results.json.journal"
    target.write_bytes(b"somebody else's")
    OTHERS[kind](path, target)
    before = path.lstat()
    with (
        pytest.raises(OutputError, match=r"results\.json\.journal") as message,
        opened(tmp_path / "results.json", resume=resume, force=force)[0],
    ):
        pass
    assert "\n" not in str(message.value)
    assert target.read_bytes() == b"somebody else's"
    after = path.lstat()
    assert (after.st_mode, after.st_ino, after.st_size) == (before.st_mode, before.st_ino, before.st_size)
    assert not (tmp_path / "nothing").exists()


def test_a_journal_that_is_discarded_by_force_keeps_its_content_under_its_other_name(
    document: dict[str, Any], tmp_path: Path
) -> None:
    path, kept = tmp_path / "results.json.journal", tmp_path / "kept"
    path.write_text(f"\n{json.dumps(document)}\n")
    os.link(path, kept)
    with opened(tmp_path / "results.json", resume=False, force=True)[0]:
        assert path.read_bytes() == b""
    assert json.loads(kept.read_text()) == document
    assert not path.exists()


def test_a_file_that_is_no_regular_one_has_no_hash_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert video_sha256(tmp_path / "pipe") == ""
    assert video_sha256(tmp_path) == ""
    assert video_sha256(tmp_path / "missing") == ""

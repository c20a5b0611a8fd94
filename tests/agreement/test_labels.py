"""Label files as people and programs write them."""

from __future__ import annotations

import contextlib
import json
from math import isnan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.programs import Cli

from repcount.agreement.labels import IGNORE, LabelledRep, read_labels
from repcount.errors import LabelError

PLAIN = "source,start,top,end,kind\na.mp4,1.5,2.5,4,full\na.mp4,5,,8.25,Partial\nb.mp4,,,,\n"

BORIS = (
    "Observation id,Observation date,Description,Media file,Total length,FPS,Subject,Behavior,Behavioral category,"
    "Modifiers,Behavior type,Start (s),Stop (s),Duration (s),Comment start,Comment stop\n"
    "anna,2026-11-20,,clips/a.mp4,60.0,30,No focal subject,full,,,STATE,1.500,4.000,2.5,,\n"
    "anna,2026-11-20,,clips/a.mp4,60.0,30,No focal subject,partial,,,STATE,5.000,8.250,3.25,,\n"
)

ELAN_TEXT = (
    "Begin Time - hh:mm:ss.ms\tBegin Time - ss.msec\tEnd Time - hh:mm:ss.ms\tEnd Time - ss.msec\treps\n"
    "00:00:01.500\t1.5\t00:00:04.000\t4.0\tfull\n"
    "00:00:05.000\t5.0\t00:00:08.250\t8.25\tpartial\n"
)

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-11-20T10:00:00+01:00" FORMAT="3.0" VERSION="3.0">
 <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
  <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/my%20clips/a.mp4" MIME_TYPE="video/mp4" RELATIVE_MEDIA_URL="./a.mp4"/>
 </HEADER>
 <TIME_ORDER>
  <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1500"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="4000"/>
  <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="5000"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="8250"/>
 </TIME_ORDER>
 <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="reps">
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
   <ANNOTATION_VALUE>full</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
   <ANNOTATION_VALUE>partial</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
 </TIER>
</ANNOTATION_DOCUMENT>
"""

WANTED = [(1.5, 4.0, "full"), (5.0, 8.25, "partial")]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def spans(reps: list[LabelledRep]) -> list[tuple[float, float, str]]:
    return [(rep.start_s, rep.end_s, rep.kind) for rep in reps]


def test_plain_csv(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path / "labels.csv", PLAIN))
    assert {source: spans(reps) for source, reps in labels.items()} == {"a.mp4": WANTED, "b.mp4": []}
    assert labels["a.mp4"][0].top_s == 2.5
    assert isnan(labels["a.mp4"][1].top_s)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        pytest.param(PLAIN.replace(",", ";").replace(".5", ",5").replace(".25", ",25"), "a.mp4", id="german excel"),
        pytest.param(PLAIN.replace(",", "\t"), "a.mp4", id="tabs"),
        pytest.param(PLAIN.replace("\n", "\r\n"), "a.mp4", id="windows"),
        pytest.param("\ufeff" + PLAIN, "a.mp4", id="byte order mark"),
        pytest.param(PLAIN.replace("1.5,", "0:01.5,").replace("8.25", "00:00:08.25"), "a.mp4", id="minutes"),
        pytest.param(BORIS, "clips/a.mp4", id="boris"),
        pytest.param(BORIS.replace("Media file", "Source").replace("clips/a", "player #1:clips/a"), "clips/a.mp4",
                     id="newer boris"),
        pytest.param(BORIS.replace(",", "\t"), "clips/a.mp4", id="boris with tabs"),
        pytest.param(ELAN_TEXT, "elan", id="elan text"),
        pytest.param('"#file:///clips/a.mp4"\n' + ELAN_TEXT, "elan", id="elan text with a line about the file"),
        pytest.param(ELAN_TEXT.replace("hh:mm:ss.ms\tBegin Time - ss.msec", "msec\tBegin Time - hh:mm:ss.ms")
                     .replace("hh:mm:ss.ms\tEnd Time - ss.msec", "msec\tEnd Time - hh:mm:ss.ms")
                     .replace("00:00:01.500\t1.5", "1500\t00:00:01.500").replace("00:00:04.000\t4.0", "4000\t0:04.0")
                     .replace("00:00:05.000\t5.0", "5000\t00:00:05.000").replace("00:00:08.250\t8.25", "8250\t0:08.25"),
                     "elan", id="elan text in milliseconds"),
        pytest.param(EAF, "./a.mp4", id="eaf"),
        pytest.param(EAF.replace(' RELATIVE_MEDIA_URL="./a.mp4"', ""), "C:/my clips/a.mp4", id="eaf, absolute"),
    ],
)  # fmt: skip
def test_what_other_programs_write(tmp_path: Path, text: str, source: str) -> None:
    labels = read_labels(written(tmp_path / "elan.txt", text))
    assert spans(labels[source]) == WANTED


def test_utf_16_as_excel_writes_it(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path / "a.txt", PLAIN.replace(",", "\t"), "utf-16"))
    assert spans(labels["a.mp4"]) == WANTED


def test_words_that_are_not_known_are_an_error_until_they_are_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", PLAIN.replace("Partial", "Half"))
    with pytest.raises(LabelError, match=r"line 3: 'Half' is neither full nor partial; .* --kind 'Half'=full"):
        read_labels(path)
    assert spans(read_labels(path, {"half": "partial"})["a.mp4"]) == WANTED
    assert spans(read_labels(path, {"HALF": IGNORE})["a.mp4"]) == WANTED[:1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("source,start,top,end,kind\n", "holds no labels"),
        ("video,begin\na,1\n", "line 1: the columns of labels are source, start, top, end, kind"),
        (PLAIN.replace("8.25", "4.5"), "line 3: the end (4.5) has to be later than the start (5)"),
        (PLAIN.replace("8.25", ""), "line 3: a rep needs a start and an end"),
        (PLAIN.replace("8.25", "soon"), "line 3: 'soon' is not a time"),
        (PLAIN.replace("8.25", "inf"), "line 3: 'inf' is not a time"),
        (PLAIN.replace("2.5,4", "4.5,4"), "line 2: the top (4.5) is not between start and end"),
        (BORIS.replace("STATE", "POINT"), "line 2: 'full' is a point event"),
        ("<html></html>", "not a file of ELAN"),
        ("<html>", "not valid XML"),
        ("{", "not valid JSON"),
        ('[{"schema": "repcount/2"}]', "video 1: this is no result"),
        ('{"schema": "repcount/1", "source": {"path": "a"}, "reps": [{"full": true}]}', "video 1: this is no result"),
        ("[" * 100_000, "not valid JSON"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><ANNOTATION_DOCUMENT/>', "defines entities"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LabelError) as caught:
        read_labels(written(tmp_path / "labels.csv", text))
    assert message in str(caught.value)
    assert "labels.csv" in str(caught.value)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_anything_is_labels_or_an_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = written(tmp_path_factory.mktemp("any") / "a.csv", text, "utf-8")
    with contextlib.suppress(LabelError):
        assert read_labels(path)


@pytest.mark.slow
def test_results_against_labels_of_a_person(cli: Cli, piece: Path, tmp_path: Path) -> None:
    """The JSON and the CSV of repcount, two files of labels, and what is written."""
    results, rows = tmp_path / "results.json", tmp_path / "reps.csv"
    cli("analyze", piece, "--json", results, "--csv", rows)
    reps = json.loads(results.read_text(encoding="utf-8"))["reps"]
    lines = [f"{piece.name},{rep['start_s'] + 0.1},{rep['top_s']},{rep['end_s']},full" for rep in reps]
    labels = written(tmp_path / "labels.csv", "\n".join(["source,start,top,end,kind", *lines, f"{piece.name},50,,52,"]))
    done = cli("compare", labels, results, "--json", "-", "--csv", tmp_path / "pairs.csv", "--plot", tmp_path / "a.png")
    assert done.code == 0, done.err
    figures = json.loads(done.out)
    assert (figures["recall"]["hits"], figures["recall"]["cases"]) == (2, 3)
    assert (figures["precision"]["hits"], figures["precision"]["cases"]) == (2, 2)
    assert figures["differences_s"]["start"]["bias"] == pytest.approx(-0.1, abs=0.001)
    assert figures["kinds"] == {"reps": 2, "same": 2}
    assert figures["kappa"] is None, "all are full: nothing is known of the agreement about partial reps"
    assert "50.0 s only in 1" in done.err
    pairs = (tmp_path / "pairs.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1] for line in pairs] == ["both", "true", "true", "false"]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    from_rows = cli("compare", labels, rows, "--json", "-")
    assert json.loads(from_rows.out)["differences_s"] == figures["differences_s"]


def test_files_without_a_common_video_are_not_compared(cli: Cli, tmp_path: Path) -> None:
    one, other = written(tmp_path / "a.csv", PLAIN), written(tmp_path / "b.csv", PLAIN.replace(".mp4", "x.mp4"))
    done = cli("compare", one, other, "--json", tmp_path / "figures.json")
    assert (done.code, done.out) == (1, "")
    assert "no video in common" in done.err
    assert not (tmp_path / "figures.json").exists()


def test_a_kind_that_is_none_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", PLAIN)
    done = cli("compare", path, path, "--kind", "half=most")
    assert done.code == 2
    assert "word=ignore" in done.err

"""JSON and CSV: the contract with other programs, to the letter."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import fields
from datetime import date, timedelta
from math import cos, isnan, nan, pi
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.programs import Cli, Result, run_process

import repcount
from repcount import __version__, formats
from repcount.analysis import Analysis, Source
from repcount.config import Config
from repcount.types import AnalysisWarning, Flag, Phase, Rep, Sample, Update, WarningCode

REP_KEYS = [
    *("number", "set", "start_s", "top_s", "end_s", "raise_s", "hold_s", "lower_s", "pause_s"),
    *("top_flexion_deg", "rest_flexion_deg", "knee_deg", "full", "flags", "confidence", "reach"),
]
FLAGS = {
    *("short_top", "short_bottom", "fast_raise", "fast_lower", "bent_knees", "legs_apart"),
    *("hands_off_head", "low_confidence"),
}


@pytest.fixture(scope="module")
def analysed(piece: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The folder with reps.csv, reps.json and signal.csv of the short piece, and what was printed."""
    folder = tmp_path_factory.mktemp("analysed")
    wanted: list[str | Path] = [
        "--csv",
        folder / "reps.csv",
        "--json",
        folder / "reps.json",
        "--signal",
        folder / "signal.csv",
    ]
    return folder, run_process("analyze", piece, *wanted)


def document(folder: Path) -> Any:
    return json.loads((folder / "reps.json").read_text(encoding="utf-8"))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


# --- JSON --------------------------------------------------------------------------------------------------


def test_the_json_is_the_one_that_is_promised(analysed: tuple[Path, Result], piece: Path) -> None:
    """Keys in their order, and the types of what stands under them."""
    read = document(analysed[0])
    assert list(read) == [
        *("schema", "source", "settings", "summary", "reps", "warnings", "warning_codes", "interrupted", "rejected"),
        *("version", "model_sha256", "video_sha256", "date"),
    ]
    assert read["video_sha256"] == hashlib.sha256(piece.read_bytes()).hexdigest()
    assert read["schema"] == "repcount/1"
    assert read["source"] == {
        **{"path": str(piece), "duration_s": 4.0, "width": 640, "height": 360},
        **{"frames": 120, "analysed": 60, "reader": "OpenCV", "from_s": None, "to_s": None, "subject": None},
    }
    assert list(read["source"]) == [
        *("path", "duration_s", "width", "height", "frames", "analysed", "reader", "from_s", "to_s", "subject")
    ]
    assert list(read["settings"]) == [item.name for item in fields(Config)]
    assert read["summary"] == {"full": 2, "partial": 0, "fast": 2, "sets": 1, "tracked": 1.0}
    assert list(read["summary"]) == ["full", "partial", "fast", "sets", "tracked"]
    assert (read["warnings"], read["warning_codes"], read["interrupted"]) == ([], [], False)
    assert (read["rejected"], read["version"]) == ([], __version__)
    assert re.fullmatch("[0-9a-f]{64}", read["model_sha256"])
    assert abs(date.fromisoformat(read["date"]) - date.today()) <= timedelta(days=1)


def test_each_rep_has_the_promised_keys_and_types(analysed: tuple[Path, Result]) -> None:
    reps = document(analysed[0])["reps"]
    assert [rep["number"] for rep in reps] == [1, 2]
    for rep in reps:
        assert list(rep) == REP_KEYS
        assert all(type(rep[name]) is int for name in ("number", "set"))
        numbers = [name for name in REP_KEYS if name.endswith(("_s", "_deg"))]
        assert all(type(rep[name]) is float for name in numbers if name != "pause_s")
        assert rep["full"] is True
        assert {"fast_raise", "fast_lower"} <= set(rep["flags"]) <= FLAGS
        assert 0 <= rep["confidence"] <= 1
        assert rep["start_s"] < rep["top_s"] < rep["end_s"]
    assert type(reps[0]["pause_s"]) is float
    assert reps[1]["pause_s"] is None


def test_the_flags_are_those_of_the_contract() -> None:
    assert {str(flag) for flag in Flag if flag is not Flag.BY_HAND} == FLAGS


def rep(**changed: Any) -> Rep:
    values: dict[str, Any] = {
        **{"number": 1, "set": 1, "start_s": 1.0204, "top_s": 2.8, "end_s": 4.71, "raise_s": 1.6, "hold_s": 0.3},
        **{"lower_s": 1.79, "pause_s": None, "top_flexion_deg": 91.349, "rest_flexion_deg": -0.01},
        **{"knee_deg": nan, "full": False, "flags": (Flag.SHORT_TOP, Flag.BENT_KNEES), "confidence": 0.966},
    }
    return Rep(**{**values, **changed})


WARNINGS = (
    AnalysisWarning(WarningCode.FILE_CUT_SHORT, {"stated_s": 9.96, "read_s": 5.0}),
    AnalysisWarning(WarningCode.MOVEMENTS_REJECTED, {"movements": 7, "one_leg": 2, "not_lying": 1}),
)


def analysis(path: str, *reps: Rep) -> Analysis:
    return Analysis(Source(path, 10.0, analysed=150), Config(), reps, (), None, 1.0, WARNINGS)


def test_numbers_are_rounded_and_unknown_is_null() -> None:
    """Milliseconds, tenths of a degree, no NaN (which JSON does not know) and no minus zero."""
    read = formats.document(analysis("x", rep()))["reps"][0]
    assert (read["start_s"], read["top_flexion_deg"], read["confidence"]) == (1.02, 91.3, 0.97)
    assert (read["knee_deg"], read["pause_s"]) == (None, None)
    assert str(read["rest_flexion_deg"]) == "0.0"


def test_one_video_is_an_object_and_several_are_an_array_in_their_order() -> None:
    one, two = analysis("one"), analysis("two")
    assert json.loads(formats.as_json([one]))["source"]["path"] == "one"
    assert [read["source"]["path"] for read in json.loads(formats.as_json([two, one]))] == ["two", "one"]
    assert [read["source"]["path"] for read in json.loads(formats.as_json([one], array=True))] == ["one"]


def test_warnings_are_sentences_with_codes_beside_them() -> None:
    read = formats.document(analysis("x"))
    assert read["warnings"] == [
        "the file says that it lasts 10.0 s, but only 5.0 s of it can be read",
        "movements not counted: 3 of 7 (only one leg moved: 2; the trunk was not lying: 1)",
    ]
    assert read["warning_codes"] == ["file_cut_short", "movements_rejected"]


# --- CSV of reps -------------------------------------------------------------------------------------------


def test_the_rep_csv_to_the_letter() -> None:
    """Header, flags, quoting, line ends: as RFC 4180 and the contract ask."""
    file = io.StringIO(newline="")
    full = rep(number=2, full=True, flags=(), knee_deg=171.0, pause_s=0.9)
    formats.write_reps(file, [analysis('my "best", yet.mp4', rep(), full), analysis("empty.mp4")])
    assert file.getvalue() == (
        "source,number,set,start_s,top_s,end_s,raise_s,hold_s,lower_s,pause_s,"
        "top_flexion_deg,rest_flexion_deg,knee_deg,full,flags,confidence,reach\r\n"
        '"my ""best"", yet.mp4",1,1,1.02,2.8,4.71,1.6,0.3,1.79,,91.3,0.0,,false,short_top;bent_knees,0.97,1.0\r\n'
        '"my ""best"", yet.mp4",2,1,1.02,2.8,4.71,1.6,0.3,1.79,0.9,91.3,0.0,171.0,true,,0.97,1.0\r\n'
    )


def test_the_header_is_there_without_any_rep() -> None:
    file = io.StringIO(newline="")
    formats.write_reps(file, [])
    assert file.getvalue() == ",".join(["source", *REP_KEYS]) + "\r\n"


def test_the_csv_of_a_video_says_what_its_json_says(analysed: tuple[Path, Result], piece: Path) -> None:
    folder = analysed[0]
    header, *body = rows((folder / "reps.csv").read_bytes().decode("utf-8"))
    assert header == ["source", *REP_KEYS]
    for row, shown in zip(body, document(folder)["reps"], strict=True):
        cells = dict(zip(header, row, strict=True))
        assert cells["source"] == str(piece)
        assert float(cells["start_s"]) == shown["start_s"]
        assert cells["full"] == "true"
        assert cells["flags"].split(";") == shown["flags"]


# --- signal CSV --------------------------------------------------------------------------------------------


def test_the_signal_has_a_row_for_each_analysed_frame(analysed: tuple[Path, Result]) -> None:
    header, *body = rows((analysed[0] / "signal.csv").read_bytes().decode("utf-8"))
    assert header[:7] == ["time_s", "hip_deg", "knee_deg", "smooth_deg", "phase", "side", "visibility"]
    assert set(header) == {item.name for item in fields(Sample)} | {"smooth_deg", "phase"}
    assert [float(row[0]) for row in body] == pytest.approx([n / 15 for n in range(60)], abs=1e-3)
    assert {row[4] for row in body} <= {str(phase) for phase in Phase}
    assert {"raise", "lower"} <= {row[4] for row in body}


def test_recount_gives_the_same_reps_to_the_byte(cli: Cli, analysed: tuple[Path, Result], tmp_path: Path) -> None:
    folder = analysed[0]
    signal = folder / "signal.csv"
    shown = cli("recount", signal, "--csv", tmp_path / "reps.csv", "--json", tmp_path / "reps.json")
    assert shown.code == 0
    assert shown.out == analysed[1].out.replace("in 4.0 s", "in 3.9 s")
    of_video, of_signal = ((place / "reps.json").read_text(encoding="utf-8") for place in (folder, tmp_path))
    assert between(of_signal, '"settings"', '"warnings"') == between(of_video, '"settings"', '"warnings"')
    csvs = [rows((place / "reps.csv").read_bytes().decode("utf-8")) for place in (folder, tmp_path)]
    assert [row[1:] for row in csvs[0]] == [row[1:] for row in csvs[1]]
    assert [row[0] for row in csvs[1]] == ["source", str(signal), str(signal)]


def between(text: str, start: str, end: str) -> str:
    found = text[text.index(start) : text.index(end)]
    assert '"raise_s"' in found
    return found


def test_other_settings_give_other_verdicts_from_the_same_signal(cli: Cli, analysed: tuple[Path, Result]) -> None:
    """What recount is for: the piece has two fast reps of about 80°."""

    def summary(*options: str) -> Any:
        return json.loads(cli("recount", analysed[0] / "signal.csv", "--json", "-", *options).out)["summary"]

    assert summary()["fast"] == 2
    assert summary("--tempo", "0.4/0/0.4/0")["fast"] == 0
    assert summary("--set", "full_deg=90")["full"] == 0
    assert summary("--set", "full_deg=90")["partial"] == 2


def test_a_target_makes_a_rep_full_that_reaches_it_and_every_output_says_so(
    cli: Cli, analysed: tuple[Path, Result]
) -> None:
    """At the top of one rep it is full, a tenth of a degree higher it is partial; what was measured is the same."""
    before = document(analysed[0])["reps"]
    top_deg = min(shown["top_flexion_deg"] for shown in before)
    for target_deg, full in ((top_deg - 0.1, True), (top_deg + 0.1, False)):
        result = cli("recount", analysed[0] / "signal.csv", "--json", "-", "--target", f"{target_deg:.1f}")
        shown = json.loads(result.out)
        lowest = min(shown["reps"], key=lambda each: float(each["top_flexion_deg"]))
        assert (lowest["full"], "short_top" in lowest["flags"]) == (full, not full)
        assert [each["reach"] for each in shown["reps"]] == [each["reach"] for each in before] == [1.0, 1.0]
        assert shown["settings"]["full_deg"] == pytest.approx(target_deg)
        # A top that is a tenth of a degree from the target is a guess, and said to be one.
        assert [code for code in shown["warning_codes"] if code != "low_confidence"] == ["own_target"]
        assert f"(target {target_deg:.1f}°)" in result.err
    assert cli("recount", analysed[0] / "signal.csv", "--target", "67").out.count("target") == 0


@pytest.mark.parametrize("target_deg", ["44.9", "90.1", "nan", "high"])
def test_a_target_lies_between_half_way_and_vertical(cli: Cli, analysed: tuple[Path, Result], target_deg: str) -> None:
    assert cli("recount", analysed[0] / "signal.csv", "--target", target_deg).code == 2


@pytest.mark.parametrize(
    ("top_deg", "reach"), [(0.0, 0.0), (-4.0, 0.0), (33.5, 0.5), (66.9, 0.999), (67.0, 1.0), (95.0, 1.0), (nan, None)]
)
def test_the_reach_of_a_rep_is_its_share_of_upright(top_deg: float, reach: float | None) -> None:
    assert formats.document(analysis("x", rep(top_flexion_deg=top_deg)))["reps"][0]["reach"] == reach


def test_two_columns_are_enough_to_count(cli: Cli, tmp_path: Path) -> None:
    """Three raises of 3 s to 90° with a second between them, with the byte order mark that Excel writes."""
    lines = ["time_s,hip_deg"]
    for i in range(13 * 15):
        into_s = i / 15 % 4 - 1
        lift = 45 * (1 - cos(2 * pi * into_s / 3)) if 0 < into_s < 3 and i < 180 else 0.0
        lines.append(f"{i / 15},{180 - lift}")
    (tmp_path / "own.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    result = cli("recount", tmp_path / "own.csv", "--json", "-")
    assert result.code == 0
    assert json.loads(result.out)["summary"]["full"] == 3
    tops = [shown["top_s"] for shown in json.loads(result.out)["reps"]]
    assert tops == pytest.approx([2.5, 6.5, 10.5], abs=0.1)


ANGLES = [item.name for item in fields(Sample) if item.name not in {"time_s", "side"}]
NUMBER = st.one_of(st.just(nan), st.floats(allow_nan=False, allow_infinity=False))
SAMPLES = st.builds(
    lambda time_s, values, side: Sample(time_s, side=side, **dict(zip(ANGLES, values, strict=True))),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(NUMBER, min_size=len(ANGLES), max_size=len(ANGLES)),
    st.sampled_from(["left", "right", ""]),
)


@given(samples=st.lists(SAMPLES, unique_by=lambda sample: sample.time_s))
def test_samples_come_back_from_a_signal_file_as_they_went(
    samples: list[Sample], tmp_path_factory: pytest.TempPathFactory
) -> None:
    ordered = sorted(samples, key=lambda sample: sample.time_s)
    path = tmp_path_factory.getbasetemp() / "round_trip.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = formats.SignalWriter(file)
        for sample in ordered:
            writer.write(Update(sample, sample.hip_deg, Phase.UNKNOWN, ()))
    read = list(formats.read_signal(path))
    assert [known(sample) for sample in read] == [known(sample) for sample in ordered]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1.csv", "'=1+1.csv"),
        ("+1.csv", "'+1.csv"),
        ("-1.csv", "'-1.csv"),
        ("@SUM(1).csv", "'@SUM(1).csv"),
        ("\t=1.csv", "'\t=1.csv"),
        ("\r=1.csv", "'\r=1.csv"),
        ("\n=1.csv", "'\n=1.csv"),
        ("＝1.csv", "'＝1.csv"),
        ('a=1+1,"b".csv', 'a=1+1,"b".csv'),
        (" =1.csv", " =1.csv"),
        ("'a.csv", "'a.csv"),
    ],
)
def test_a_cell_of_text_is_no_formula(
    name: str, cell: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the CSV alone: JSON has the name as it is. A number below 0 stays one."""
    monkeypatch.chdir(tmp_path)
    lines = [f"{i / 15!r},{185 - 45 * (1 - cos(2 * pi * max(i / 15 - 1, 0) / 3))!r}" for i in range(15 * 4)]
    Path(name).write_text("time_s,hip_deg\n" + "\n".join(lines) + "\n", encoding="utf-8")
    done = cli("recount", "--csv", "reps.csv", "--json", "reps.json", "--", name)
    assert (done.code, done.err) == (0, "")
    (row,) = csv.DictReader(io.StringIO(Path("reps.csv").read_bytes().decode("utf-8"), newline=""))
    assert row["source"] == cell
    assert float(row["rest_flexion_deg"]) == -5.0
    assert document(tmp_path)["source"]["path"] == name


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("c;=1+1;x.mp4", '"c;=1+1;x.mp4"'),
        ("a\t=1+1.mp4", '"a\t=1+1.mp4"'),
        ("a|b.mp4", '"a|b.mp4"'),
        ("a\r\n=1.mp4", '"a\r\n=1.mp4"'),
        ('";=1+1;".mp4', '""";=1+1;"".mp4"'),
        ("=1;2.mp4", '"\'=1;2.mp4"'),
        ("plain name.mp4", "plain name.mp4"),
    ],
)
def test_a_name_is_one_cell_whatever_a_reader_splits_at(name: str, cell: str) -> None:
    """Excel splits at `;` in half of Europe."""
    file = io.StringIO(newline="")
    formats.write_reps(file, [analysis(name, rep())])
    assert file.getvalue().split("\r\n", 1)[1].startswith(f"{cell},1,1,")
    for separator in ",;\t|":
        _, row, *_ = csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter=separator)
        assert not any(found.startswith(formats.FORMULAS) for found in row), separator
        assert row[0].startswith(name.removeprefix("=")) or row[0].startswith(f"'{name}")
    assert next(csv.DictReader(io.StringIO(file.getvalue(), newline="")))["source"].removeprefix("'") == name


TEXT = st.text(st.sampled_from("=+-@;,|\t\r\n\"' a＝"), max_size=12)


@given(before=st.text("a1 ;"), text=TEXT, first=st.booleans())
def test_no_text_in_a_row_becomes_a_formula_whatever_a_reader_splits_at(before: str, text: str, first: bool) -> None:
    """In the first cell, where quotes count for all readers, and in the others, where they do not."""
    cells = [formats.text_cell(text, first=True)] if first else [formats.text_cell(before), formats.text_cell(text)]
    row = ",".join(["", "7"] * (not first) + cells + ["8"]) + "\r\n"
    for separator in ",;\t|":
        for read in csv.reader(io.StringIO(row, newline=""), delimiter=separator):
            assert not any(cell.startswith(formats.FORMULAS) for cell in read), (separator, row)
    (whole,) = csv.reader(io.StringIO(row, newline=""))
    assert len(whole) == (2 if first else 5)
    assert whole[-2].replace("'", "") == text.replace("'", "")


def known(sample: Sample) -> dict[str, float | str]:
    """The fields that are not NaN, which equals nothing."""
    values = {item.name: getattr(sample, item.name) for item in fields(Sample)}
    return {name: value for name, value in values.items() if not (isinstance(value, float) and isnan(value))}


def test_a_rep_that_ends_with_the_video_is_in_the_signal(tmp_path: Path) -> None:
    """What the end makes known comes with an update that has no frame of its own; it is no sample."""
    pairs = [(i / 15, 180 - 45 * (1 - cos(2 * pi * max(i / 15 - 1, 0) / 3))) for i in range(15 * 4)]
    direct = repcount.count(pairs)
    assert direct.summary.full == 1
    assert direct.source.analysed == 60
    path = tmp_path / "signal.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = formats.SignalWriter(file)
        for update in repcount.pipeline.updates((Sample(*pair) for pair in pairs), Config()):
            writer.write(update)
    assert len(list(formats.read_signal(path))) == 60
    assert repr(repcount.recount(path).reps) == repr(direct.reps)  # NaN is equal to nothing


def test_a_cell_of_text_holds_nothing_that_acts_or_is_invisible() -> None:
    assert formats.text_cell("a\x1b[31m\u202e\u200b\x9b.mp4") == r"a\x1b[31m\u202e\u200b\x9b.mp4"

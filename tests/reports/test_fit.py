"""FIT files, read back by fitdecode, which shares no code with what writes them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any

import fitdecode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.histories import START, rep

from repcount.config import Config
from repcount.errors import OutputError
from repcount.history.progress import sets_of
from repcount.history.totals import Session
from repcount.reports.fit import fit_bytes
from repcount.types import Flag, Rep

Message = tuple[str, dict[str, Any]]


def messages(content: bytes) -> list[Message]:
    """All messages; a checksum that is wrong and anything out of order are errors."""
    with fitdecode.FitReader(
        io.BytesIO(content), check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.RAISE
    ) as reader:
        return [
            (frame.name, {field.name: field.value for field in frame.fields if field.value is not None})
            for frame in reader
            if frame.frame_type == fitdecode.FIT_FRAME_DATA
        ]


def session(*reps: Rep, started: datetime = START, length_s: float = 130.0) -> Session:
    return Session(12, started, started + timedelta(seconds=length_s), "0", "free", Config(), reps, "Anna")


BY_HAND = rep(8, set=3, start_s=nan, top_s=nan, raise_s=nan, end_s=120.0, flags=(Flag.BY_HAND,))
SECOND_SET = (rep(6, set=2, start_s=60.0, end_s=65.0), rep(7, set=2, full=False, start_s=66.0, end_s=70.0))
THREE_SETS = (*map(rep, range(1, 6)), *SECOND_SET, BY_HAND)


def test_a_session_is_a_strength_workout_of_lying_straight_leg_raises_with_sets_and_rests() -> None:
    found = messages(fit_bytes(session(*THREE_SETS)))
    assert [name for name, _ in found] == [
        "file_id", "event", *["set"] * 5, "event", "lap", "session", "activity"
    ]  # fmt: skip
    sets = [fields for name, fields in found if name == "set"]
    assert [(each["set_type"], each.get("repetitions"), each["duration"]) for each in sets] == [
        ("active", 5, pytest.approx(24.4)),
        ("rest", None, 35.0),
        ("active", 1, 10.0),
        ("rest", None, 50.0),
        ("active", 1, 0.0),
    ]
    active = [each for each in sets if each["set_type"] == "active"]
    assert {each["category"] for each in active} == {"leg_raise"}
    assert {each["category_subtype"] for each in active} == {8}
    assert [each["message_index"] for each in sets] == [0, 1, 2, 3, 4]
    by_name = dict(found)
    assert by_name["file_id"]["type"] == "activity"
    assert by_name["file_id"]["time_created"] == datetime(2026, 11, 22, 6, 30, 5, tzinfo=UTC)
    assert (by_name["session"]["sport"], by_name["session"]["sub_sport"]) == ("training", "strength_training")
    assert by_name["session"]["total_elapsed_time"] == 130
    assert by_name["activity"]["local_timestamp"].replace(tzinfo=None) == datetime(2026, 11, 22, 7, 32, 15)


REPS = st.lists(
    st.builds(
        lambda number, full, gap_s, known: (number, full, gap_s, known),
        st.just(0), st.booleans(), st.floats(0.5, 90), st.booleans(),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(max_examples=25)
@given(REPS)
def test_whatever_was_done_is_read_back(made: list[tuple[int, bool, float, bool]]) -> None:
    reps, at_s, number = [], 0.0, 1
    for i, (_, full, gap_s, known) in enumerate(made, 1):
        number += gap_s > 20
        start_s, at_s = at_s + gap_s, at_s + gap_s + 4
        reps.append(rep(i, set=number, full=full, start_s=start_s if known else nan, end_s=at_s))
    done = session(*reps, length_s=at_s)
    content = fit_bytes(done)
    assert fit_bytes(done) == content
    sets = [fields for name, fields in messages(content) if name == "set"]
    active = [each for each in sets if each["set_type"] == "active"]
    assert [each["repetitions"] for each in active] == [result.full for result in sets_of(done)]
    assert len(sets) == 2 * len(active) - 1
    assert [each["start_time"] for each in sets] == sorted(each["start_time"] for each in sets)
    assert all(each["start_time"] <= each["timestamp"] for each in sets)
    assert sum(each["duration"] for each in sets) <= at_s + 0.01


def test_a_session_without_known_times_is_written_nevertheless() -> None:
    found = messages(fit_bytes(session(rep(1, start_s=nan, end_s=nan), length_s=10)))
    assert [fields["repetitions"] for name, fields in found if name == "set"] == [1]


def test_a_clock_that_was_never_set_is_refused() -> None:
    with pytest.raises(OutputError, match="session 12 cannot be a FIT file: its clock says 1970"):
        fit_bytes(session(rep(1), started=datetime(1970, 1, 1, 1, tzinfo=UTC)))

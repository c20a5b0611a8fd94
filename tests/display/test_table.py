"""The table of reps in the terminal: complete where it is wide, readable where it is narrow."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from math import nan
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount.analysis import Analysis, Source
from repcount.config import Config
from repcount.display.table import print_analysis, rep_remarks
from repcount.types import Flag, Rep

COLUMNS = ["start s", "top s", "end s", "raise s", "hold s", "lower s", "pause s", "top °"]

REP = Rep(1, 1, 0.6, 2.6, 5.0, 2.0, 0.4, 2.0, 1.25, 90.0, 4.0, 170.0, True, (), 0.95)
PARTIAL = replace(
    REP, number=2, start_s=10.6, top_s=12.6, end_s=15.0, top_flexion_deg=58.4, full=False, flags=(Flag.SHORT_TOP,)
)
BY_HAND = replace(REP, number=104, raise_s=nan, pause_s=None, top_flexion_deg=nan, end_s=520.0, flags=(Flag.BY_HAND,))


class Terminal(io.StringIO):
    """As wide as $COLUMNS says."""

    def isatty(self) -> bool:
        return True


def printed(*reps: Rep, columns: int | None = None, config: Config | None = None) -> list[str]:
    """The lines on a terminal of so many columns; None is a pipe."""
    file = io.StringIO() if columns is None else Terminal()
    analysis = Analysis(Source("video.mp4", 30.0), config or Config(), reps, (), None, nan, ())
    with patch.dict(os.environ, {"COLUMNS": str(columns), "TERM": "xterm"} if columns else {}):
        print_analysis(analysis, file)
    return [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("columns", [None, 79, 120])
def test_where_it_fits_the_table_is_complete(columns: int | None) -> None:
    assert printed(REP, PARTIAL, BY_HAND, columns=columns) == [
        "     start    top     end  raise  hold  lower  pause  top",
        "         s      s       s      s     s      s      s    °",
        "  1   0.60   2.60    5.00   2.00  0.40   2.00   1.25   90  full",
        "  2  10.60  12.60   15.00   2.00  0.40   2.00   1.25   58  partial: higher",
        "104   0.60   2.60  520.00         0.40   2.00              full: by hand",
        "2 full reps, 1 partial in 30.0 s",
    ]


def test_a_target_that_is_not_the_default_is_in_the_counts() -> None:
    assert printed(REP, PARTIAL, config=Config(full_deg=55.5))[-1] == "1 full rep, 1 partial (target 55.5°) in 30.0 s"
    assert printed(REP, config=Config(full_deg=75.0))[-1] == "1 full rep (target 75°) in 30.0 s"
    assert printed(config=Config(full_deg=55.0))[-1] == "0 full reps (target 55°) in 30.0 s"


def test_where_it_does_not_fit_the_most_important_columns_stay() -> None:
    assert printed(REP, PARTIAL, BY_HAND, columns=40) == [
        "        end  raise  lower  top",
        "          s      s      s    °",
        "  1    5.00   2.00   2.00   90  full",
        "  2   15.00   2.00   2.00   58  partial:",
        "                                higher",
        "104  520.00          2.00       full: by",
        "                                hand",
        "2 full reps, 1 partial in 30.0 s",
    ]


def test_the_counts_break_between_words() -> None:
    fast = (Flag.FAST_RAISE, Flag.FAST_LOWER)
    reps = [replace(REP, flags=fast), replace(PARTIAL, set=2, flags=(Flag.SHORT_TOP, *fast)), REP]
    assert printed(*reps, columns=40)[-2:] == ["2 full reps, 1 partial, 2 fast in 2", "sets, in 30.0 s"]
    assert printed(*reps)[-1] == "2 full reps, 1 partial, 2 fast in 2 sets, in 30.0 s"


@given(
    columns=st.integers(40, 200),
    number=st.integers(1, 9999),
    end_s=st.floats(0.0, 99_999.0),
    flags=st.sets(st.sampled_from(Flag)),
    second_set=st.booleans(),
)
def test_from_40_columns_on_nothing_is_cut(
    columns: int, number: int, end_s: float, flags: set[Flag], second_set: bool
) -> None:
    rep = replace(PARTIAL, number=number, end_s=end_s, set=1 + second_set, flags=tuple(flags - {Flag.HANDS_OFF_HEAD}))
    lines = printed(REP, rep, columns=columns)
    assert max(map(len, lines)) <= columns
    counts = next(number for number, line in enumerate(lines) if line.startswith("1 full rep"))
    assert " ".join(lines[counts:]).startswith("1 full rep, 1 partial")
    table = lines[:counts]
    assert not any("…" in line for line in table)
    heading, units, first, second, *_ = table
    assert (units.split()[0] == "set") is second_set
    shown = [" ".join(pair) for pair in zip(heading.split(), units.split()[second_set:], strict=True)]
    assert shown == [name for name in COLUMNS if name in shown]
    assert "raise s" in shown
    assert second.split()[0] == str(number)
    remarks = " ".join(line[re.search("full|partial", first).start() :] for line in table[3:])  # type: ignore[union-attr]
    assert remarks.split() == rep_remarks(rep).split()

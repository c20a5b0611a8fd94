"""What is drawn: the curve, the levels and the rows, whatever was counted."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sessions import PAUSE_S, counted, seen, tiring
from support.signals import Shape, made

from repcount import Sample, messages
from repcount.analysis import Analysis, Source
from repcount.config import Config
from repcount.reports import findings
from repcount.reports.timeline import LaneKind, Timeline, build_timeline, clock, strips, ticks
from repcount.reports.traces import AngleTrace
from repcount.types import Flag, Phase, Rejection, RejectionReason, Rep, UnfinishedRep, Update


def rep(number: int = 1, start_s: float = 1.0, length_s: float = 4.0, **changed: object) -> Rep:
    made = Rep(
        number=number,
        set=1,
        start_s=start_s,
        top_s=start_s + length_s / 2,
        end_s=start_s + length_s,
        raise_s=0.45 * length_s,
        hold_s=0.1 * length_s,
        lower_s=0.45 * length_s,
        pause_s=None,
        top_flexion_deg=88.0,
        rest_flexion_deg=4.0,
        knee_deg=170.0,
        full=True,
        flags=(),
        confidence=0.95,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def analysis(*reps: Rep, duration_s: float = 30.0, refusals: tuple[Rejection, ...] = ()) -> Analysis:
    return Analysis(Source("clip.mp4", duration_s), Config(), reps, refusals, None, 1.0, ())


def curve(points: list[tuple[float, float]]) -> AngleTrace:
    kept = AngleTrace()
    for time_s, flexion in points:
        kept.write(Update(Sample(time_s, 180.0 - flexion), 180.0 - flexion, Phase.PAUSE, (), flexion))
    return kept


class TestCurve:
    def test_no_line_is_drawn_over_what_is_not_known(self) -> None:
        points = [(i / 10, nan if 20 <= i < 30 else 5.0) for i in range(50)]
        kept = curve(points)
        assert [(line[0][0], line[-1][0]) for line in kept.lines(0, 10)] == [(0.0, 1.9), (3.0, 4.9)]
        assert kept.gaps() == [pytest.approx((1.9, 3.0))]

    def test_one_lost_frame_does_not_break_it(self) -> None:
        kept = curve([(i / 15, nan if i == 20 else 5.0) for i in range(50)])
        assert len(kept.lines(0, 10)) == 1
        assert kept.gaps() == []

    @given(st.lists(st.floats(-20, 120), min_size=2, max_size=80))
    def test_left_out_points_are_on_the_line(self, flexions: list[float]) -> None:
        kept = curve([(i / 15, flexion) for i, flexion in enumerate(flexions)])
        (line,) = kept.lines(0, 100)
        for time_s, flexion in zip(kept.time_s, kept.flexion_deg, strict=True):
            after = next(i for i, (at_s, _) in enumerate(line) if at_s >= time_s)
            (a_s, a), (b_s, b) = line[max(after - 1, 0)], line[after]
            drawn = b if a_s == b_s else a + (b - a) * (time_s - a_s) / (b_s - a_s)
            assert drawn == pytest.approx(flexion, abs=0.31)

    def test_a_plain_line_needs_two_points(self) -> None:
        assert len(curve([(i / 15, 10 + i) for i in range(60)]).lines(0, 10)[0]) == 2

    def test_memory_is_bounded_and_the_whole_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("repcount.reports.traces._MAX_SAMPLES", 100)
        kept = curve([(i / 15, 10.0) for i in range(1000)])
        assert len(kept.time_s) < 100
        (line,) = kept.lines(0, 100)
        assert line[0][0] < 2
        assert line[-1][0] > 64

    def test_an_update_without_a_frame_leaves_no_trace(self) -> None:
        kept = AngleTrace()
        kept.write(Update(None, nan, Phase.UNKNOWN, ()))
        assert len(kept.time_s) == 0
        assert kept.lines(0, 1) == []
        assert kept.gaps() == []


class TestLevels:
    @pytest.mark.parametrize("trunk_deg", [-10.0, 0.0, 20.0])
    def test_the_curve_tops_the_upright_level_exactly_in_full_reps(self, trunk_deg: float) -> None:
        """Verdict and drawing are of the elevation of the legs, on whatever the trunk lies."""
        tops = [90.0, 62.0, 78.0, 50.0, 85.0]
        shapes = [Shape(top=top + trunk_deg, rest=5 + trunk_deg) for top in tops]
        result = counted(seen(made(*shapes, rate_hz=15.0), trunk_deg))
        bands = build_timeline(*result).reps
        assert [band.rep.full for band in bands] == [True, False, True, False, True]
        for band in bands:
            assert (band.rep.top_flexion_deg >= band.upright_deg) == band.rep.full
            assert band.upright_deg == 67

    def test_the_lower_level_is_crossed_where_the_legs_come_back(self) -> None:
        shapes = [Shape(top=88), Shape(rest=40.0, top=88.0, pause_s=0.2), Shape(top=88)]
        drawing = build_timeline(*counted(seen(made(*shapes, rate_hz=15.0))))
        for band in drawing.reps:
            after = [deg for line in drawing.trace.lines(band.rep.top_s, band.level_span[1] + 0.5) for _, deg in line]
            assert (min(after) < band.back_deg) == (Flag.SHORT_BOTTOM not in band.rep.flags), band.rep.number

    def test_of_a_rep_by_hand_nothing_is_drawn_but_where_it_is(self) -> None:
        unknown = {"raise_s": nan, "hold_s": nan, "lower_s": nan, "top_flexion_deg": nan, "rest_flexion_deg": nan}
        by_hand = rep(1, 3.0, 0.0, knee_deg=nan, confidence=nan, flags=(Flag.BY_HAND,), **unknown)
        (band,) = build_timeline(analysis(by_hand), AngleTrace()).reps
        assert isnan(band.upright_deg)
        assert isnan(band.back_deg)


class TestRows:
    @settings(max_examples=60)
    @given(st.lists(st.tuples(st.floats(0.0, 90.0), st.floats(0.5, 60.0)), max_size=40), st.sampled_from([20.0, 75.0]))
    def test_every_rep_is_in_a_row_and_no_row_is_too_long(
        self, pauses: list[tuple[float, float]], longest_s: float
    ) -> None:
        reps, time_s = [], 0.0
        for number, (pause_s, length_s) in enumerate(pauses, 1):
            reps.append(rep(number, time_s + pause_s, length_s))
            time_s = reps[-1].end_s
        drawing = build_timeline(analysis(*reps, duration_s=time_s + 5), AngleTrace())
        rows = strips(drawing, longest_s)
        assert all(0 <= start_s < end_s <= drawing.duration_s for start_s, end_s in rows)
        assert all(a[1] <= b[0] for a, b in pairwise(rows))
        if reps:
            assert all(end_s - start_s <= longest_s + 1e-6 for start_s, end_s in rows)
        for each in reps:
            covered = sum(max(min(end_s, each.end_s) - max(start_s, each.start_s), 0.0) for start_s, end_s in rows)
            assert covered == pytest.approx(each.end_s - each.start_s, abs=1e-6)

    def test_a_short_video_is_one_row_and_long_sets_end_between_reps(self) -> None:
        assert strips(build_timeline(analysis(rep()), AngleTrace()), 75) == ((0.0, 30.0),)
        reps = [rep(i + 1, 5.0 * i + 1, 4.0) for i in range(40)]
        rows = strips(build_timeline(analysis(*reps, duration_s=202), AngleTrace()), 75)
        assert len(rows) == 3
        assert max(end_s - start_s for start_s, end_s in rows) <= 70
        assert all(not each.start_s < end_s < each.end_s for each in reps for _, end_s in rows)

    def test_long_pauses_are_left_out_of_a_long_session(self) -> None:
        drawing = build_timeline(*counted(tiring()))
        rows = strips(drawing, 75)
        assert len(rows) == 3
        assert [group.number for group in drawing.sets] == [1, 2, 3]
        assert [round(group.pause_s or 0) for group in drawing.sets] == [PAUSE_S, PAUSE_S, 0]
        assert sum(end_s - start_s for start_s, end_s in rows) < drawing.duration_s - 1.5 * PAUSE_S

    def test_an_hour_in_which_nothing_happens_is_one_row(self) -> None:
        assert strips(build_timeline(analysis(duration_s=3600), AngleTrace()), 75) == ((0.0, 3600.0),)


def test_there_is_a_lane_for_each_remark_and_no_other() -> None:
    flagged = rep(1, flags=(Flag.FAST_RAISE, Flag.SHORT_TOP, Flag.LOW_CONFIDENCE), full=False)
    refused = Rejection(10.0, 12.0, RejectionReason.TRUNK_MOVED)
    unseen = curve([(0.0, 5.0), (20.0, 5.0), (30.0, 5.0)])
    lanes = build_timeline(analysis(flagged, rep(2, 6.0), refusals=(refused,)), unseen).lanes
    assert [(lane.kind, lane.name) for lane in lanes] == [
        (LaneKind.FAULT, "higher"),
        (LaneKind.FAULT, "raise slower"),
        (LaneKind.NOTE, "hard to see"),
        (LaneKind.NO_REP, "not counted"),
        (LaneKind.NO_REP, "not seen"),
    ]
    assert lanes[0].spans == lanes[2].spans == ((1.0, 5.0),)
    assert lanes[3].spans == ((10.0, 12.0),)


def test_every_flag_has_words() -> None:
    assert set(messages.FLAG_WORDS) == set(Flag)


def test_times_are_written_round() -> None:
    assert [clock(7.4, minutes=False), clock(65), clock(59.6), clock(3725)] == ["7 s", "1:05", "1:00", "1:02:05"]
    assert ticks((3.0, 31.0), 6, minutes=False) == [(i, f"{i} s") for i in (5, 10, 15, 20, 25, 30)]
    assert len(ticks((0.0, 86400.0), 8, minutes=True)) <= 9


FULL, PARTIAL = rep(), rep(full=False, flags=(Flag.SHORT_TOP,))
FAST = rep(flags=(Flag.FAST_RAISE, Flag.FAST_LOWER))
HUNG = rep(full=False, flags=(Flag.SHORT_BOTTOM,))


@pytest.mark.parametrize(
    ("reps", "message"),
    [
        ([FULL], "The only rep was full."),
        ([PARTIAL], "The only rep was partial: higher."),
        ([FULL, FULL], "Both reps were full."),
        ([FULL] * 6, "All 6 reps were full. Well done: every rep full, slow and straight."),
        ([PARTIAL] * 3, "None of 3 reps was full; 3 did not come upright."),
        ([FULL, PARTIAL, PARTIAL], "1 of 3 reps was full; 2 did not come upright."),
        ([FULL, PARTIAL, HUNG], "1 of 3 reps was full; 1 did not come upright, 1 did not come back down."),
        ([FULL, FAST, FAST], "All 3 reps were full; 2 were faster than asked."),
        ([FULL, FAST], "Both reps were full; 1 was faster than asked."),
        ([FAST, FAST], "Both reps were full; 2 were faster than asked."),
        ([FAST] * 3, "All 3 reps were full; 3 were faster than asked."),
    ],
)
def test_the_verdict_is_a_sentence(reps: list[Rep], message: str) -> None:
    assert findings.summary_sentence(analysis(*reps)) == message


def test_the_verdict_names_a_target_that_is_not_the_default() -> None:
    own = replace(analysis(FULL, PARTIAL), settings=Config(full_deg=55.0))
    expected = "1 of 2 reps was full; 1 did not reach the target; the target was 55°, not upright."
    assert findings.summary_sentence(own) == expected


def test_the_verdict_without_reps_says_why() -> None:
    refused = replace(analysis(), rejections=(Rejection(1.0, 3.0, RejectionReason.ONE_LEG),))
    assert findings.summary_sentence(refused) == "No leg raise was counted: 1 movement did not qualify."
    assert findings.summary_sentence(replace(analysis(), tracked=0.0)).endswith("nobody was found in the picture.")
    assert findings.summary_sentence(analysis()).endswith("the legs did not move enough.")
    stopped = replace(analysis(FULL), interrupted=True, unfinished=UnfinishedRep(7.0))
    assert findings.summary_sentence(stopped) == "The only rep was full; the count was stopped by hand."


def test_the_verdict_tells_how_the_sets_changed() -> None:
    one, _ = counted(tiring((12,)))
    assert "; towards the end the reps got 3" in findings.summary_sentence(one)
    several, _ = counted(tiring((10, 3, 10)))
    assert "towards the end of 2 of 3 sets, most in set" in findings.summary_sentence(several)
    assert "° lower" in findings.summary_sentence(several)


def test_hands_off_the_head_are_told_once() -> None:
    flagged = rep(flags=(Flag.FAST_RAISE, Flag.FAST_LOWER, Flag.HANDS_OFF_HEAD))
    assert messages.flag_words(flagged.flags) == ["slower"]
    assert findings.notes(analysis(flagged, FULL)) == ["hands not at the head in 1 of 2 reps"]
    assert findings.notes(analysis(FULL)) == []


def test_a_chart_of_nothing_can_be_drawn() -> None:
    drawing: Timeline = build_timeline(analysis(duration_s=0.0), AngleTrace())
    assert strips(drawing, 75) == ((0.0, 1.0),)
    assert (len(drawing.reps), len(drawing.lanes), len(drawing.sets)) == (0, 0, 0)

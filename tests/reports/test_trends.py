"""A trend is told where there is one, of the right size, and hardly ever where there is none."""

from __future__ import annotations

import random
from itertools import permutations
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sessions import counted, tiring

from repcount.reports import findings
from repcount.reports.trends import clear_tempo_trend, clear_trend, fit_trend, set_trends

values = st.lists(st.floats(0.1, 200.0), min_size=5, max_size=25)


@given(values, st.floats(-50, 50), st.floats(0.1, 10))
def test_it_shifts_and_scales_with_the_values(given_values: list[float], shift: float, scale: float) -> None:
    one, other = fit_trend(given_values), fit_trend([shift + scale * value for value in given_values])
    assert one
    assert other
    assert other.change == pytest.approx(scale * one.change, abs=1e-6)
    assert other.first == pytest.approx(shift + scale * one.first, abs=1e-6)


@given(values)
def test_backwards_it_is_the_other_way_round(given_values: list[float]) -> None:
    one, other = fit_trend(given_values), fit_trend(given_values[::-1])
    assert one
    assert other
    assert other.change == pytest.approx(-one.change, abs=1e-9)
    assert other.chance == one.chance


@given(st.floats(-100, 100), st.floats(-10, 10), st.integers(8, 40), st.data())
def test_one_wild_rep_does_not_move_it(level: float, slope: float, count: int, data: st.DataObject) -> None:
    line = [level + slope * i for i in range(count)]
    at = data.draw(st.integers(1, count - 2))
    line[at] += data.draw(st.sampled_from([-500.0, 500.0]))
    trend = fit_trend(line)
    assert trend
    assert trend.change == pytest.approx(slope * (count - 1), abs=1e-6)


def test_unknown_values_are_passed_over() -> None:
    trend = fit_trend([nan, 1.0, 2.0, nan, 4.0, 5.0, 6.0, nan])
    assert trend
    assert (trend.first, trend.last) == (1.0, 6.0)
    assert fit_trend([1.0, 2.0, nan, 3.0, 4.0]) is None


def test_the_chance_is_counted_right() -> None:
    """Against all orders of six values."""
    orders = list(permutations(range(6)))

    def order(found: tuple[int, ...]) -> int:
        return abs(sum((b > a) - (b < a) for i, a in enumerate(found) for b in found[i + 1 :]))

    for found in orders[:: len(orders) // 40]:
        trend = fit_trend([float(value) for value in found])
        assert trend
        as_ordered = sum(order(other) >= order(found) for other in orders)
        assert trend.chance == pytest.approx(as_ordered / len(orders))


def test_counted_out_and_by_the_normal_curve_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(2)
    lines = [[0.01 * i + rng.gauss(0, 1) for i in range(60)] for _ in range(20)]
    exact = [fit_trend(line) for line in lines]
    monkeypatch.setattr("repcount.reports.trends._MAX_EXACT", 59)
    for one, other in zip(exact, map(fit_trend, lines), strict=True):
        assert one
        assert other
        assert other.chance == pytest.approx(one.chance, abs=0.002)


def test_reps_in_no_order_hardly_ever_make_one() -> None:
    rng = random.Random(3)
    trends = [clear_trend([rng.gauss(80, 30) for _ in range(rng.randint(5, 30))], 0.0) is not None for _ in range(1000)]
    assert 0.01 < sum(trends) / len(trends) < 0.03


def test_a_small_change_is_not_told_however_clear() -> None:
    assert clear_trend([90 - 0.4 * i for i in range(10)], 5.0) is None
    assert clear_trend([90 - 0.6 * i for i in range(10)], 5.0) is not None
    assert clear_tempo_trend([4.0 - 0.04 * i for i in range(10)]) is None
    assert clear_tempo_trend([4.0 - 0.05 * i for i in range(10)]) is not None


def test_a_thousand_reps_and_more_are_no_trouble() -> None:
    trend = fit_trend([0.01 * i for i in range(5000)])
    assert trend
    assert trend.change == pytest.approx(50, abs=0.1)


def test_a_set_that_tires_is_told_and_a_steady_one_is_not() -> None:
    analysis, _ = counted(tiring((12,)))
    (trend,) = set_trends(analysis.reps)
    assert trend.tempo
    assert trend.top
    assert trend.tempo.share == pytest.approx(-1.6 / 4.3, abs=0.06)
    assert trend.top.change == pytest.approx(-12, abs=4)
    assert findings.set_sentence(trend).startswith("The reps got 3")
    steady, _ = counted(tiring((12,), tire=0.0))
    assert [findings.set_sentence(each) for each in set_trends(steady.reps)] == ["No clear change."]


def test_sets_are_looked_at_one_by_one() -> None:
    analysis, _ = counted(tiring((10, 3, 10)))
    assert [(each.set, len(each.reps), each.tempo is not None) for each in set_trends(analysis.reps)] == [
        (1, 10, True),
        (2, 3, False),
        (3, 10, True),
    ]
    assert findings.set_sentence(set_trends(analysis.reps)[1]) == "Too few reps to tell a change from chance."

"""Figures of agreement against published examples."""

from __future__ import annotations

from math import isnan

import pytest

from repcount.agreement.labels import FULL, PARTIAL, LabelledRep
from repcount.agreement.matching import match_labels
from repcount.agreement.statistics import Differences, Share, agreement, icc, kappa, percentile


def test_kappa_of_a_table_with_a_known_value() -> None:
    """20 and 15 alike, 5 and 10 not: 0.4 (https://en.wikipedia.org/wiki/Cohen%27s_kappa)."""
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("yes", "yes"), ("no", "no")]) == 1
    assert isnan(kappa([("yes", "yes")] * 7))
    assert isnan(kappa([]))


def test_icc_of_shrout_and_fleiss() -> None:
    """Table 2 of Shrout and Fleiss (1979), six targets by four judges: ICC(2,1) is 0.29."""
    table = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    assert icc(table) == pytest.approx(0.2898, abs=0.0001)
    assert icc([(1.0, 1.0), (2.0, 2.0), (5.0, 5.0)]) == pytest.approx(1)
    assert icc([(1.0, 2.0), (2.0, 3.0), (5.0, 6.0)]) < 1, "a rater who is always a second late does not agree"
    assert isnan(icc([(1.0, 1.0)]))
    assert isnan(icc([(2.0, 2.0), (2.0, 2.0)]))


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"), [(8, 10, 0.4902, 0.9433), (40, 40, 0.9124, 1.0), (0, 50, 0.0, 0.0713)]
)
def test_wilson_interval(hits: int, cases: int, low: float, high: float) -> None:
    assert Share(hits, cases).interval == pytest.approx((low, high), abs=0.0002)


def test_differences() -> None:
    differences = Differences((-0.1, 0.1, 0.3, 0.1))
    assert differences.median_abs == pytest.approx(0.1)
    assert differences.bias == pytest.approx(0.1)
    assert differences.limits == pytest.approx((-0.2201, 0.4201), abs=0.0002)  # sd 0.1633
    assert isnan(Differences(()).bias)
    assert all(map(isnan, Differences((0.1,)).limits))
    assert percentile(range(1, 21), 0.95) == 20
    assert isnan(percentile([], 0.5))


def test_agreement_over_videos() -> None:
    ones = {
        "a.mp4": [LabelledRep(1, 4, 2.5, FULL), LabelledRep(5, 8, 6.5, PARTIAL), LabelledRep(20, 23, kind=FULL)],
        "b.mp4": [],
    }
    others = {
        "a.mp4": [LabelledRep(1.2, 4.1, 2.6, FULL), LabelledRep(5, 8.2, 6.5, FULL)],
        "b.mp4": [LabelledRep(1, 2)],
    }
    found = agreement(match_labels(ones, others))
    assert (found.recall, found.precision) == (Share(2, 3), Share(2, 3))
    assert found.same_count == Share(1, 2)
    assert found.kinds == (("full", "full"), ("partial", "full"))
    assert found.start.values == pytest.approx((0.2, 0.0))
    assert found.top.values == pytest.approx((0.1, 0.0))
    assert found.duration.values == pytest.approx((-0.1, 0.2))

"""Which rep of one rater is which of the other's, and which video which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount.agreement.labels import LabelledRep, Labels
from repcount.agreement.matching import MIN_OVERLAP, match, match_labels, overlap
from repcount.errors import LabelError


def rep(start_s: float, end_s: float) -> LabelledRep:
    return LabelledRep(start_s, end_s)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [((0, 4), (0, 4), 1), ((0, 4), (2, 6), 1 / 3), ((0, 4), (4, 8), 0), ((0, 4), (1, 2), 0.25), ((0, 1), (5, 6), 0)],
)
def test_overlap(one: tuple[float, float], other: tuple[float, float], share: float) -> None:
    assert overlap(rep(*one), rep(*other)) == pytest.approx(share)
    assert overlap(rep(*other), rep(*one)) == pytest.approx(share)


def test_the_ones_that_overlap_most_belong_together() -> None:
    ones = [rep(0, 4), rep(4, 8)]
    assert match(ones, [rep(1, 5), rep(4.1, 8)]) == [(0, 0), (1, 1)]
    assert match(ones, [rep(2.1, 6.1)]) == [(0, 0)] or match(ones, [rep(2.1, 6.1)]) == [(1, 0)]
    assert match(ones, [rep(0, 8)]) == [(0, 0)], "one long rep is one of the two, not both"
    assert match(ones, []) == []


def test_the_least_overlap_is_exact() -> None:
    assert match([rep(0, 10)], [rep(0, 10 * MIN_OVERLAP)]) == [(0, 0)]
    assert match([rep(0, 10)], [rep(0, 10 * MIN_OVERLAP - 0.01)]) == []


spans = st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 10)).map(lambda x: rep(x[0], x[0] + x[1])), max_size=12)


@given(spans, spans)
def test_each_rep_is_in_one_pair_at_most(ones: list[LabelledRep], others: list[LabelledRep]) -> None:
    pairs = match(ones, others)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(overlap(ones[i], others[j]) >= MIN_OVERLAP for i, j in pairs)
    assert match(ones, ones)[: len(ones)] == match(ones, ones)


def test_videos_are_paired_by_their_paths_from_the_end() -> None:
    ones: Labels = {"a.mp4": [], "tue/b.mov": [], r"C:\clips\wed\b.mp4": [], "none.mp4": []}
    others = {"/data/mon/a.mkv": [rep(0, 1)], "/data/wed/b.mp4": [], "/data/tue/b.mp4": [rep(0, 2)], "x.mp4": []}
    found = match_labels(ones, others)
    assert [(video.source, len(video.others)) for video in found.videos] == [
        *(("a.mp4", 1), ("tue/b.mov", 1), (r"C:\clips\wed\b.mp4", 0))
    ]
    assert (found.only_one, found.only_other) == (["none.mp4"], ["x.mp4"])


def test_a_name_that_may_be_two_videos_is_an_error() -> None:
    with pytest.raises(LabelError, match=r"mon/a\.mp4 or tue/a\.mp4"):
        match_labels({"a.mp4": []}, {"mon/a.mp4": [], "tue/a.mp4": []})
    with pytest.raises(LabelError, match="more than one"):
        match_labels({"mon/a.mp4": [], "tue/a.mp4": []}, {"a.mp4": []})

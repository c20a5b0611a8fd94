"""Who is followed when there is more than one person."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import SAMPLES, Ffmpeg

import repcount
from repcount.errors import VideoError
from repcount.types import Subject, WarningCode

BESIDE = (
    "[0:v]split[x][y];[x]transpose=1,scale=-2:720[upright];"
    "[y]scale=600:-2,pad=600:720:0:(oh-ih)[lying];[upright][lying]hstack"
)
"""The same person twice: turned upright and larger on the left, lying on the right."""


@pytest.mark.slow
def test_somebody_upright_beside_does_not_matter(ffmpeg: Ffmpeg, piece: Path, clips: Path) -> None:
    analysis = repcount.analyze(ffmpeg("-i", piece, "-filter_complex", BESIDE, clips / "two.mp4"))
    assert (analysis.summary.full, analysis.summary.partial) == (2, 0)
    assert analysis.summary.tracked == 1.0


NEIGHBOURS = (
    "[0:v]fps=15,scale=480:-2,pad=640:300:80:30[raising];"
    "[1:v]fps=15,trim=end_frame=1,loop=-1:1,setpts=N/15/TB,scale=640:360[still];[raising][still]vstack=shortest=1"
)
"""Two people who lie: the nearer one still, the one behind raising the legs once in 1.3 s."""


@pytest.mark.slow
def test_of_two_who_lie_the_one_who_raises_the_legs_is_counted_and_said(ffmpeg: Ffmpeg, clips: Path) -> None:
    """Which one that is is known after a rep at most."""
    quick, still = SAMPLES / "07_fast_reps.mp4", SAMPLES / "21_as_described.mp4"
    both = ffmpeg("-i", quick, "-i", still, "-filter_complex", NEIGHBOURS, "-t", "9", clips / "neighbours.mp4")
    analysis = repcount.analyze(both)
    assert [rep.full for rep in analysis.reps] == [True] * len(analysis.reps)
    assert 4 <= len(analysis.reps) <= 6
    assert WarningCode.SEVERAL_LYING in [warning.code for warning in analysis.warnings]


SIDE_BY_SIDE = "[0:v]fps=15,scale=480:-2[fast];[1:v]fps=15,scale=480:-2[partial];[fast][partial]hstack"


@pytest.mark.slow
def test_of_two_who_raise_the_legs_each_can_be_counted(ffmpeg: Ffmpeg, clips: Path) -> None:
    """As in the videos of each alone: quick full reps on the left, a full and a partial one on the right."""
    quick, partial = SAMPLES / "07_fast_reps.mp4", SAMPLES / "09_partial_and_full.mp4"
    both = ffmpeg("-i", quick, "-i", partial, "-filter_complex", SIDE_BY_SIDE, "-t", "6.6", clips / "side by side.mp4")
    left, right = (repcount.analyze(both, subject=wanted) for wanted in (Subject(1), Subject(point=(0.75, 0.65))))
    assert [rep.full for rep in left.reps] == [True] * 4
    assert [rep.full for rep in right.reps] == [True, False]
    assert (left.source.subject, right.source.subject) == ("1", "0.75,0.65")
    assert left.summary.tracked == right.summary.tracked == 1.0
    assert not left.warnings
    with pytest.raises(VideoError, match=r"side by side\.mp4: --subject 3: nobody lies there; 2 people lie"):
        repcount.analyze(both, subject=Subject(3))


@pytest.mark.slow
def test_of_one_who_lies_alone_nothing_is_said(piece: Path) -> None:
    assert WarningCode.SEVERAL_LYING not in [warning.code for warning in repcount.analyze(piece).warnings]

"""Who is followed when there is more than one person."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import Ffmpeg

import repcount

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

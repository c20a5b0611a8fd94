"""The sample video that `repcount demo` counts."""

from __future__ import annotations

from pathlib import Path

from repcount.errors import VideoError

NAME = "02_side_man_shorts.mp4"


def sample_video_path() -> Path:
    """The sample inside an installed package, or the one in the checkout. Raises VideoError."""
    here = Path(__file__).parent
    for folder in (here / "sample_videos", here.parent / "sample_videos"):
        if (folder / NAME).is_file():
            return folder / NAME
    raise VideoError(f"the sample video {NAME} is not installed; install repcount again")

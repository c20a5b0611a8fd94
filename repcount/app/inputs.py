"""Which videos are meant by the files and folders that were named, and what the outputs of each are called."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from repcount.errors import VideoError

ENDINGS = frozenset([
    *(".264", ".265", ".3g2", ".3gp", ".apng", ".asf", ".avi", ".dav", ".divx", ".dv", ".f4v", ".flv", ".gif"),
    *(".h264", ".h265", ".hevc", ".ivf", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mod", ".mov"),
    *(".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".tod", ".ts", ".vob"),
    *(".webm", ".webp", ".wmv", ".wtv", ".y4m"),
])  # fmt: skip
"""What phones, cameras and editors call a video. It decides only what is taken from a folder: a file that is named is
read whatever it is called."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The videos to count, in order."""

    videos: list[Path]
    hidden: list[Path] = field(default_factory=list)
    """Hidden videos in the folders, which are left out: macOS and some cameras leave `._a.mp4` beside `a.mp4`."""
    errors: list[tuple[Path, VideoError]] = field(default_factory=list)
    """Folders that cannot be read or hold no video."""
    relative: dict[Path, Path] = field(default_factory=dict)
    """The path of a video inside the folder that was named."""

    def output_names(self, ending: str) -> list[Path]:
        """A relative path for an output of each video, such as `Tuesday/lena.csv`.

        It keeps the ending of the video where two would get the same name: `lena.mov.csv` and `lena.mp4.csv`.
        """
        paths = [self.relative.get(video, Path(video.name)) for video in self.videos]
        short = [path.with_suffix(ending) for path in paths]
        return [
            name if short.count(name) == 1 else path.with_name(path.name + ending)
            for path, name in zip(paths, short, strict=True)
        ]


def find_videos(named: Sequence[Path], *, recursive: bool = False) -> Inputs:
    """The files that were named, and the videos in the folders that were named, in natural order.

    `recursive`: and in the folders inside those. A video in a folder is taken once.
    """
    inputs = Inputs([])
    taken: set[str] = set()
    for path in named:
        if not path.is_dir():
            inputs.videos.append(path)
            taken.add(os.path.realpath(path))
            continue
        found = False
        for video in _videos_in(path, inputs, recursive=recursive):
            found = True
            if os.path.realpath(video) not in taken:
                taken.add(os.path.realpath(video))
                inputs.videos.append(video)
                inputs.relative[video] = video.relative_to(path)
        if not found and not any(folder == path for folder, _ in inputs.errors):
            inputs.errors.append((path, VideoError(_empty(path, recursive=recursive))))
    return inputs


def _videos_in(folder: Path, inputs: Inputs, *, recursive: bool) -> Iterator[Path]:
    """Hidden videos and folders that cannot be read are noted in `inputs`. Links to folders are not followed."""

    def fail(error: OSError) -> None:
        path = Path(error.filename)
        inputs.errors.append((path, VideoError(f"cannot read the folder {path}: {error.strerror}")))

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted((name for name in folders if recursive and not name.startswith(".")), key=natural)
        for name in sorted(names, key=natural):
            path = Path(parent, name)
            if path.suffix.lower() not in ENDINGS or not path.is_file():
                continue
            if name.startswith("."):
                inputs.hidden.append(path)
            else:
                yield path


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts `clip 2` before `clip 10`, and capital letters with the others."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _empty(folder: Path, *, recursive: bool) -> str:
    text = f"there is no video in the folder {folder}"
    try:
        has_folders = any(entry.is_dir() for entry in folder.iterdir())
    except OSError:
        has_folders = False
    return text if recursive or not has_folders else f"{text} itself; --recursive looks into the folders inside it, too"

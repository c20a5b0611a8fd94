"""The landmarks of every analysed frame as a table, for those who want the pose itself."""

from __future__ import annotations

import io
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from repcount.errors import LibraryError, OutputError
from repcount.formats import TableWriter
from repcount.types import Landmark

if TYPE_CHECKING:
    from repcount.types import Pose

LANDMARKS = tuple(landmark.name.lower() for landmark in Landmark)

COLUMNS = ("source", "time_s", "landmark", "x_px", "y_px", "x_m", "y_m", "z_m", "visibility")

_VALUES = 6
"""Numbers of one landmark: the columns from x_px on."""


def check_name(path: Path) -> None:
    """Raise OutputError if the ending of `path` is no table's, LibraryError if what writes it is not installed."""
    if path.suffix.lower() == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise LibraryError(
                "Parquet needs the package pyarrow: pip install 'pyarrow>=18', or name a .csv file"
            ) from error
    elif path.suffix.lower() != ".csv":
        raise OutputError(f"{path}: landmarks are written as .csv or .parquet")


class LandmarkTable:
    """Collects poses: one row per landmark and frame. A frame with nobody in it has none."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._times_s = array("d")
        self._values = array("f")

    def on_pose(self, time_s: float, pose: Pose | None) -> None:
        """Add the pose of a frame."""
        if pose is None:
            return
        self._times_s.append(time_s)
        for xy, xyz, visibility in zip(pose.xy_px, pose.world_m, pose.visibility, strict=True):
            self._values.extend((*xy, *xyz, visibility))

    def content(self, ending: str) -> bytes:
        """The content of a file with this ending, `.csv` or `.parquet`."""
        return self._parquet() if ending.lower() == ".parquet" else self._csv()

    def _csv(self) -> bytes:
        text = io.StringIO(newline="")
        table = TableWriter(text, COLUMNS)
        for i, time_s in enumerate(self._times_s):
            for j, landmark in enumerate(LANDMARKS):
                at = (i * len(LANDMARKS) + j) * _VALUES
                x_px, y_px, x_m, y_m, z_m, visibility = self._values[at : at + _VALUES]
                pixels, metres = (f"{x_px:.2f}", f"{y_px:.2f}"), (f"{x_m:.4f}", f"{y_m:.4f}", f"{z_m:.4f}")
                table.row([self._source, f"{time_s:.3f}", landmark, *pixels, *metres, f"{visibility:.3f}"])
        return text.getvalue().encode("utf-8", "backslashreplace")

    def _parquet(self) -> bytes:
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        frames, per_frame = len(self._times_s), len(LANDMARKS)
        values = np.frombuffer(self._values, dtype=np.float32).reshape(-1, _VALUES)
        source = self._source.encode("utf-8", "backslashreplace").decode()
        names = pa.DictionaryArray.from_arrays(np.tile(np.arange(per_frame, dtype=np.int32), frames), list(LANDMARKS))
        columns = [
            pa.DictionaryArray.from_arrays(np.zeros(frames * per_frame, dtype=np.int32), [source]),
            pa.array(np.repeat(np.frombuffer(self._times_s), per_frame)),
            names,
            *(pa.array(values[:, column]) for column in range(_VALUES)),
        ]
        file = io.BytesIO()
        pq.write_table(pa.table(columns, names=list(COLUMNS)), file)
        return file.getvalue()

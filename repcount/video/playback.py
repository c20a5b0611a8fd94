"""A recorded file in place of a camera, at its own speed."""

from __future__ import annotations

from pathlib import Path

from repcount.video import reader
from repcount.video.clock import clock_s
from repcount.video.diagnostics import CameraFault
from repcount.video.latest_frame import CapturedFrame, LatestFrameBuffer


class FilePlayback:
    """A recorded file, played at its own speed from the first request on."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises VideoError."""
        self.silence_fault: CameraFault | None = None
        self._video = reader.open_video(path)

    def close(self) -> None:
        """Release the file. Only to be called while it does not run."""
        self._video.__exit__(None, None, None)

    def interrupt(self) -> None:
        """Nothing to do: what it waits for is the buffer's."""

    def run(self, buffer: LatestFrameBuffer) -> None:
        """Fill the buffer until it is stopped or the file ends."""
        buffer.started.set()
        buffer.requested.wait()
        start_s = clock_s()
        with self._video:
            for frame in self._video.frames():
                if buffer.stop.wait(max(0.0, start_s + frame.time_s - clock_s())):
                    return
                buffer.put(CapturedFrame(frame.image, clock_s(), frame.time_s))

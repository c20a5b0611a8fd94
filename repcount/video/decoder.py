"""What both readers of recorded files have in common: pictures one after the other, converted only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from repcount.video.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_PX = 7680 * 4320 * 2
"""Most pixels of a picture, twice those of 8K. A damaged header may ask for more than memory holds."""


class Thinning:
    """Chooses which frames are looked at, so that there are about `rate_hz` a second, evenly spaced."""

    def __init__(self, rate_hz: float, from_s: float = 0.0) -> None:
        """None before `from_s` is looked at. `rate_hz` may be infinite: then all others are."""
        self.interval_s, self._from_s = 1 / rate_hz, from_s
        self._due_s = from_s

    def wants(self, time_s: float) -> bool:
        """Whether the next frame is looked at; its time is in seconds from the first one."""
        due = self.is_due(time_s)
        if due:
            self.take(time_s)
        return due

    def is_due(self, time_s: float) -> bool:
        """Whether it is time to look at a frame."""
        return time_s >= max(self._from_s, self._due_s - 0.25 * self.interval_s)

    def take(self, time_s: float) -> None:
        """Take note of a frame that is looked at."""
        self._due_s = max(self._due_s + self.interval_s, time_s + 0.5 * self.interval_s)


class Decoder(Protocol):
    """Decodes a recorded file once, from its beginning to its end."""

    width: int
    height: int
    """Size of the first picture in true shape: square pixels, upright. All pictures are made that large."""
    rate_hz: float
    """Frames per second; NaN if the file does not say."""
    last_frame_s: float
    """How long the newest picture is shown; NaN if the file does not say."""

    @property
    def chosen(self) -> bool | None:
        """Whether the newest picture is looked at, where the decoder has chosen beforehand; None where it has not."""

    def thin(self, rate_hz: float, from_s: float = 0.0) -> None:
        """Allow to choose the frames that are looked at as `Thinning` does, and to leave out the decoding of others.

        To be called before the first `grab`, if at all.
        """

    def grab(self) -> float | None:
        """Go to the next picture; its time stamp in seconds, NaN if it has none. None after the last picture."""

    def picture(self, shrink: int) -> NDArray[np.uint8] | None:
        """The picture grabbed last, (height // shrink, width // shrink, 3), RGB; None if it cannot be decoded."""

    def damaged(self) -> bool:
        """Whether something could not be decoded, known at the end."""

    @property
    def spoiled(self) -> float:
        """Share of the pictures that are spoiled, known at the end: their data, or those of one before, are missing."""

    @property
    def read_until(self) -> int:
        """Where in the file the last picture that was read begins, -1 if unknown; known at the end."""

    def close(self) -> None:
        """Release the file."""


def downscale(image: Any, factor: int) -> Any:
    """Downscale `image`, (height, width, ...), by a whole factor; a remainder at the right and the bottom is cut off.

    Every pixel is the mean of a block of `factor` by `factor`: that is three times as fast in OpenCV as other ratios,
    and coordinates scale exactly. Halving repeatedly is faster still.
    """
    if factor == 1:
        return image
    if factor > 2 and factor % 2 == 0:
        return downscale(downscale(image, 2), factor // 2)
    height, width = max(image.shape[0] // factor, 1), max(image.shape[1] // factor, 1)
    blocks = image[: height * factor, : width * factor]
    return cv2.resize(blocks, (width, height), interpolation=cv2.INTER_AREA)

"""Whether a leg still lies where the legs lay, told from the picture alone: the landmarks of the leg further from the
camera may be on somebody who lies behind, and then stay behind though both legs were raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import dist, hypot, inf, nan

import numpy as np
from numpy.typing import NDArray

from repcount.pose.body import Body, body_of, middle, near_and_far
from repcount.types import ANKLES, HIPS, KNEES, Frame, Pose
from repcount.video.opencv import cv2

_LYING_DEG, _TOGETHER_DEG, _STRAIGHT_DEG = 15.0, 15.0, 150.0
"""Legs lie if they are within the first of the line of the trunk and the second of each other, with knees beyond the
third. Heuristic: measured angles of legs on the floor are off by some degrees, and the camera may look down."""

_STILL_SHINS, _STILL_S = 0.2, 0.25
"""They lie still if knee and ankle moved by no more than this share of the shin's length for so long: landmarks of
somebody who lies beside another one shake by 0.15. A look counts once they have lain still for that long again: those
who raise the legs slowly would else be looked at on the way up, where there is only floor later (rendered clips)."""

_HIPS_TRUNKS = 0.25
"""Whose hips are further away than this share of a trunk length lies elsewhere, or the landmarks hop. Heuristic."""

_FROM, _TO, _PARTS, _ALONG, _ACROSS = 0.15, 0.95, 5, 3, 3
_BESIDE, _BANDS, _HALF_WIDTH = 0.3, 13, 0.04
"""The picture is compared along the shin in bands beside each other, up to the sixth share of its length to either
side, where the other leg lies. Each has so many parts, and of each of these the median of some pixels is taken."""

_LEAST_BANDS, _MOST_BESIDE, _OFF = 3, 3, 2
"""A leg is at least so many bands broad, and reaches at most so many from its line to either side: a shin is a quarter
as broad as long. Its landmarks may be off by the third, in the gap between the legs for example."""

_CHROMA, _SHADE, _ALIKE = 6.0, 30.0, 10.0
"""Beside the shin a band is of the same leg while its a* and b* are within the first of those of the shin and its
lightness changes by no more than the second from band to band, of 255: legs are round, their upper side is in the light
and the lower one in the shade. Whatever else is within the third of any of these is a leg as well. Heuristic."""


@dataclass(frozen=True, slots=True)
class _Look:
    """The legs as they lay."""

    shape: tuple[int, ...]
    """That of the image: a stream may go on in another size."""
    hips: list[float]
    pixels: NDArray[np.intp]
    """(bands, parts, pixels, x and y), only bands that show a leg."""
    colours: NDArray[np.float64]
    """(colours, L a b), of one leg from its light to its dark side."""

    def holds_for(self, image: NDArray[np.uint8], body: Body) -> bool:
        """Whether the body still lies there, in a picture of the same size."""
        return image.shape == self.shape and dist(middle(body.flat, HIPS), self.hips) <= _HIPS_TRUNKS * body.trunk_px

    def difference(self, image: NDArray[np.uint8]) -> float:
        """How different the colours of the band are that looks most as a leg did."""
        return float(_differences(_bands(image, self.pixels), self.colours).min())


class RestingLegs:
    """Tells of the poses of one person in one video how different it looks where the legs lay."""

    def __init__(self) -> None:
        self._look: _Look | None = None
        self._newest: _Look | None = None
        """Takes the place of the one before once the legs have lain on for a while: they may be on their way up."""
        self._newest_s = -inf
        self._still: tuple[float, list[float]] | None = None
        """Since when knee and ankle have been where they are, and where."""

    def forget(self) -> None:
        """Another scene begins."""
        self._look = self._newest = self._still = None

    def tell(self, frame: Frame, pose: Pose) -> Pose:
        """A pose found in `frame`, with the difference. The times of the frames must rise."""
        body = body_of(pose)
        near, _ = near_and_far(body.space)
        look = self._look
        gone = look.difference(frame.image) if look and look.holds_for(frame.image, body) else nan
        self._see(frame.time_s, _lying(body, near))
        if self._still is not None and frame.time_s - max(self._still[0], self._newest_s) >= _STILL_S:
            self._look = self._newest or self._look
            self._newest, self._newest_s = _look(frame.image, body, near), frame.time_s
        return replace(pose, legs_gone=gone)

    def _see(self, time_s: float, shin: list[float] | None) -> None:
        """Note where the shin lies, if it does."""
        if shin is None or self._still is None or dist(shin, self._still[1]) > _STILL_SHINS * dist(shin[:2], shin[2:]):
            self._still, self._newest = (time_s, shin) if shin else None, None


def _lying(body: Body, leg: int) -> list[float] | None:
    """Knee and ankle of a leg, x and y each; None unless it lies with the other one."""
    flexion, other = body.flexion(leg), body.flexion(1 - leg)
    lies = abs(flexion) <= _LYING_DEG and abs(flexion - other) <= _TOGETHER_DEG and body.knee(leg) >= _STRAIGHT_DEG
    return [*body.flat[KNEES[leg]], *body.flat[ANKLES[leg]]] if lies else None


def _look(image: NDArray[np.uint8], body: Body, leg: int) -> _Look | None:
    """The legs as they lie; None where a part of what is compared is outside the picture.

    `leg` is the one nearer to the camera, 0 or 1: its landmarks are its own.
    """
    knee, ankle = (np.array(body.flat[part[leg]]) for part in (KNEES, ANKLES))
    along = ankle - knee
    if hypot(*along) < 1.0:
        return None
    across = along[::-1] * (1.0, -1.0)
    pixels = (knee + _grid() @ np.stack([along, across])).astype(np.intp)
    if pixels.min() < 0 or (pixels >= image.shape[1::-1]).any():
        return None
    bands = _bands(image, pixels)
    colours = _leg_colours(np.median(bands, axis=1))
    if not len(colours):
        return None
    alike = _differences(bands, colours) <= _ALIKE
    if not alike.any():  # noise may leave none
        return None
    return _Look(image.shape, middle(body.flat, HIPS), pixels[alike], colours)


def _leg_colours(usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those of the bands that show the leg, (bands, L a b): the first that are broad enough from the shin outwards."""
    lines = sorted(range(-_OFF, _OFF + 1), key=abs)
    legs = (_around(usual, len(usual) // 2 + off) for off in lines)
    return next((leg for leg in legs if len(leg) >= _LEAST_BANDS), usual[:0])


def _around(usual: NDArray[np.float64], line: int) -> NDArray[np.float64]:
    """The bands of one leg around that on its line."""
    same = np.hypot(*(usual - usual[line])[:, 1:].T) <= _CHROMA
    steady = np.abs(np.diff(usual[:, 0])) <= _SHADE
    first = last = line
    while first > line - _MOST_BESIDE and same[first - 1] and steady[first - 1]:
        first -= 1
    while last < line + _MOST_BESIDE and same[last + 1] and steady[last]:
        last += 1
    return usual[first : last + 1]


def _bands(image: NDArray[np.uint8], pixels: NDArray[np.intp]) -> NDArray[np.float64]:
    """The colours of the parts of each band in CIELAB as OpenCV has it, 0 to 255, (bands, parts, 3)."""
    colours = image[pixels[..., 1], pixels[..., 0]]
    lab = cv2.cvtColor(colours.reshape(1, -1, 3), cv2.COLOR_RGB2LAB).reshape(colours.shape)
    lab.sort(axis=2)  # the median of each channel is good enough
    usual: NDArray[np.float64] = lab[:, :, lab.shape[2] // 2].astype(np.float64)
    return usual


def _differences(bands: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each band from the nearest of some colours, the median of its parts. Lightness counts half, as shadows do."""
    apart = (bands[:, None] - colours[None, :, None]) * (0.5, 1.0, 1.0)
    nearest: NDArray[np.float64] = np.median(np.linalg.norm(apart, axis=-1), axis=2).min(axis=1)
    return nearest


@cache
def _grid() -> NDArray[np.float64]:
    """Shares of the way along the shin and across it, (bands, parts, pixels, 2)."""
    beside, along = np.linspace(-_BESIDE, _BESIDE, _BANDS), np.linspace(_FROM, _TO, _PARTS * _ALONG)
    across = np.linspace(-_HALF_WIDTH, _HALF_WIDTH, _ACROSS)
    shares = np.meshgrid(beside, along, across, indexing="ij")
    return np.stack([shares[1], shares[0] + shares[2]], axis=-1).reshape(_BANDS, _PARTS, _ALONG * _ACROSS, 2)

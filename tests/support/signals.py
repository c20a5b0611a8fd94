"""Made-up signals of leg raises: the way people move, with what cameras and models do to it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

from repcount import Sample


def least_jerk(share: float) -> float:
    """Way made after `share` of the time (Flash and Hogan 1985)."""
    share = min(max(share, 0.0), 1.0)
    return share**3 * (10 - 15 * share + 6 * share**2)


@dataclass(frozen=True)
class Shape:
    """One rep, seconds and degrees of flexion."""

    rest: float = 5.0
    top: float = 90.0
    raise_s: float = 2.0
    hold_s: float = 0.5
    lower_s: float = 2.0
    pause_s: float = 1.0

    @property
    def length_s(self) -> float:
        return self.raise_s + self.hold_s + self.lower_s + self.pause_s

    def flexion(self, time_s: float) -> float:
        way = self.top - self.rest
        up = least_jerk(time_s / self.raise_s)
        down = least_jerk((time_s - self.raise_s - self.hold_s) / self.lower_s)
        return self.rest + way * (up - down)


def flexions(shapes: Iterable[Shape], rate_hz: float = 15.0, lead_s: float = 1.0) -> list[tuple[float, float]]:
    """(time, flexion) of reps one after another, after `lead_s` of rest and before as much again."""
    reps = list(shapes)
    total_s = 2 * lead_s + sum(rep.length_s for rep in reps)
    points = []
    for frame in range(round(total_s * rate_hz) + 1):
        time_s = frame / rate_hz
        points.append((time_s, _at(reps, time_s - lead_s)))
    return points


def _at(reps: list[Shape], into_s: float) -> float:
    for rep in reps:
        if into_s < rep.length_s:
            return rep.flexion(max(into_s, 0.0))
        into_s -= rep.length_s
    return reps[-1].rest


def samples(points: Iterable[tuple[float, float]]) -> list[Sample]:
    """Samples that know the hip angle alone."""
    return [Sample(time_s, 180.0 - flexion) for time_s, flexion in points]


def made(*shapes: Shape, rate_hz: float = 15.0) -> list[Sample]:
    """Samples of clean reps."""
    return samples(flexions(shapes, rate_hz))


def spoiled(clean: list[Sample], rng: random.Random, *, noise: float, wild: float, gaps: int) -> list[Sample]:
    """Noise of a standard deviation in degrees, a share of wild values, and drop-outs of up to 0.5 s."""
    end_s = clean[-1].time_s
    holes = [(start, start + rng.uniform(0.05, 0.5)) for start in (rng.uniform(0, end_s) for _ in range(gaps))]
    result = []
    for sample in clean:
        hip = sample.hip_deg + rng.gauss(0, noise)
        if rng.random() < wild:
            hip = rng.uniform(20, 200)
        if any(first <= sample.time_s < last for first, last in holes):
            hip = nan
        result.append(Sample(sample.time_s, hip))
    return result

"""Which of several people who lie does leg raises: the movements of their legs during the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import hypot, inf

from repcount.counting import identity
from repcount.types import Sample

_WATCHED_S = 3.0
"""Legs are watched for this long. Heuristic: the slowest raise that counts rises by 10° in it."""

_STILL_S, _STILL_DEG, _SKIPPED_S = 1.25, 5.0, 0.3
"""Whose legs change by no more than this for so long lies still. Frames that follow each other no later than the third
were not left out by the motion gate, which passes them for 0.75 s after and before a motion of somebody who is alone:
so something else moves."""

_FORGOTTEN_S = 3.0
"""People out of sight for this long are forgotten: as in `tracker`."""

_RAISED_DEG = 25.0
"""Legs that move by more than this are raised: the default of `Config.partial_deg`."""

_STRAYS = 0.1
"""Share of the values at either end that is left out: landmarks hop."""


@dataclass(slots=True)
class _Person:
    place: Sample
    lifts: deque[tuple[float, float]] = field(default_factory=deque)
    """(time in seconds, elevation of the legs in degrees)."""
    has_raised: bool = False

    def swing_deg(self) -> float:
        """How far the legs have moved."""
        lifts = sorted(lift for _, lift in self.lifts)
        strays = int(_STRAYS * len(lifts))
        return lifts[-1 - strays] - lifts[strays]


class LegWatch:
    """Remembers of everybody who lies where they are and how their legs moved lately."""

    def __init__(self) -> None:
        self._people: list[_Person] = []

    def see(self, place: Sample, lift_deg: float) -> None:
        """Take note of somebody who lies; the times of the frames must rise."""
        person = self._find(place)
        if person is None:
            self._people.append(person := _Person(place))
        person.place = place
        person.lifts.append((place.time_s, lift_deg))
        while person.lifts[0][0] < place.time_s - _WATCHED_S:
            person.lifts.popleft()
        person.has_raised = person.has_raised or person.swing_deg() > _RAISED_DEG
        self._people = [other for other in self._people if place.time_s - other.place.time_s <= _FORGOTTEN_S]

    def has_raised(self, place: Sample) -> bool:
        """Whether the person at a place has raised the legs."""
        person = self._find(place)
        return person is not None and person.has_raised

    def lies_still(self, place: Sample) -> bool:
        """Whether the legs of the person at a place do not move, while frames come because something else does."""
        person = self._find(place)
        if person is None:
            return False
        low, high, later_s, now_s = inf, -inf, place.time_s, place.time_s
        for time_s, lift in reversed(person.lifts):
            low, high = min(low, lift), max(high, lift)
            if high - low > _STILL_DEG or later_s - time_s > _SKIPPED_S:
                return False
            if now_s - time_s >= _STILL_S:
                return True
            later_s = time_s
        return False

    def _find(self, place: Sample) -> _Person | None:
        return min(self._same(place), key=lambda person: _apart(person.place, place), default=None)

    def _same(self, place: Sample) -> Iterator[_Person]:
        return (person for person in self._people if identity.is_same_body(person.place, place))


def _apart(one: Sample, other: Sample) -> float:
    return hypot(one.hip_x - other.hip_x, one.hip_y - other.hip_y)

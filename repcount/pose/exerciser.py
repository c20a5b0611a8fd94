"""Which of several people who lie does leg raises: the movements of their legs during the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import hypot

from repcount.counting import identity
from repcount.types import Sample

_WATCHED_S = 3.0
"""Legs are watched for this long. Heuristic: the slowest raise that counts rises by 10° in it."""

_KNOWN_S = 1.5
"""Whoever is watched for less is not said to lie still: legs also rest between two reps."""

_FORGOTTEN_S = 3.0
"""People out of sight for this long are forgotten: as in `tracker`."""

_STILL_DEG, _RAISED_DEG = 12.0, 25.0
"""Legs that move by less than the first lie still, and by more than the second they are raised: the defaults of
`Config.leave_deg` and `Config.partial_deg`."""

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

    def swing_deg(self, place: Sample) -> float:
        """How far the legs of the person at a place moved lately; 0 for nobody that is known."""
        person = self._find(place)
        return person.swing_deg() if person is not None and len(person.lifts) > 2 else 0.0

    def has_raised(self, place: Sample) -> bool:
        """Whether the person at a place has raised the legs."""
        person = self._find(place)
        return person is not None and person.has_raised

    def lies_still(self, place: Sample) -> bool:
        """Whether the legs of the person at a place have been watched long enough to say that they do not move."""
        person = self._find(place)
        if person is None or person.lifts[-1][0] - person.lifts[0][0] < _KNOWN_S:
            return False
        return person.swing_deg() < _STILL_DEG

    def _find(self, place: Sample) -> _Person | None:
        return min(self._same(place), key=lambda person: _apart(person.place, place), default=None)

    def _same(self, place: Sample) -> Iterator[_Person]:
        return (person for person in self._people if identity.is_same_body(person.place, place))


def _apart(one: Sample, other: Sample) -> float:
    return hypot(one.hip_x - other.hip_x, one.hip_y - other.hip_y)

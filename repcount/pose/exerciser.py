"""Which of several people who lie does leg raises: the movements of their legs during the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import hypot, inf
from statistics import median

from repcount.counting import identity
from repcount.pose.body import leg_elevations
from repcount.types import Pose, Sample

_WATCHED_S = 3.0
"""Legs are watched for this long. Heuristic: the slowest raise that counts rises by 10° in it."""

_STILL_S, _STILL_DEG, _SKIPPED_S = 1.25, 5.0, 0.3
"""Whose legs change by no more than this for so long lies still. Frames that follow each other no later than the third
were not left out by the motion gate, which passes them for 0.75 s after and before a motion of somebody who is alone:
so something else moves."""

_ONE_LEG_S, _ONE_LEG_DEG, _ONE_LEG_SHARE = 0.4, 12.0, 0.35
"""Nor has somebody raised the legs whose near leg lies still for at least the first while the far one moves by more
than the second: the model puts the far leg of who lies in front onto the legs of who raises them behind. The leg of
somebody that stays behind rises by up to that with the pelvis (single-leg raises, real and rendered). The near leg is
the person's own: it is drawn along, by up to 11° where the far one goes up by 45° (rendered clip), which is no more
than the last of it."""

_TOGETHER_DEG = 3.0
"""Legs that are no further apart than this beyond the least lie side by side. Heuristic: the jitter."""

_FORGOTTEN_S = 3.0
"""People out of sight for this long are forgotten: as in `tracker`."""

_RAISED_DEG = 25.0
"""Legs that move by more than this are raised: the default of `Config.partial_deg`."""

_UP_DEG = 10.0
"""Both legs are up when they are above the level by more than this at once. Heuristic: on the floor they are within 10°
of it. Of a body made up now the one leg is up, and now the other."""

_STRAYS, _FEWEST_STRAYS = 0.1, 2
"""Share of the values at either end that is left out, and the least number where it is about raised legs: landmarks
hop, most of all in the first frames."""

_SEEN, _SEEN_FOR_SURE = 6, 12
"""Somebody has raised the legs once seen so often lately: landmarks that hop once raise nobody's. Heuristic.

Both legs, so that nobody made up does, takes the second, and legs above the level: those of a body made up at the edge
of the area that is painted out swing below it. The model makes bodies up around the area that is painted out:
their legs hop or only one of them moves, and they go after a few samples. Measured in 85 clips, in eight of which it
makes some up: both legs of those move by up to 52° with 8 samples, and by no more than 19° with 10 to 15. Of eight
neighbours they move by 28-79°; others are found too seldom."""


@dataclass(slots=True)
class _Person:
    place: Sample
    lifts: deque[tuple[float, tuple[float, float]]] = field(default_factory=deque)
    """(time in seconds, elevation of the near and of the far leg in degrees)."""
    has_raised: bool = False
    has_raised_both: bool = False
    least_apart_deg: float = inf
    together: Pose | None = None
    """How the person last lay with the legs side by side."""

    def ranges_deg(self, fewest_strays: int = 0) -> list[tuple[float, float]]:
        """Lowest and highest elevation of the near and of the far leg."""
        strays = max(int(_STRAYS * len(self.lifts)), fewest_strays)
        legs = map(sorted, zip(*(lifts for _, lifts in self.lifts), strict=True))
        return [(leg[strays], leg[-1 - strays]) for leg in legs]

    def has_begun(self) -> bool:
        """Whether the near leg has moved, of late or at all."""
        near = [lifts[0] for _, lifts in self.lifts]
        low, high = self.ranges_deg()[0]
        return high - low > _STILL_DEG or min(near[-2:]) > median(near) + _STILL_DEG

    def rests(self) -> bool:
        """Whether neither leg has moved lately."""
        lately = [lifts for time_s, lifts in self.lifts if self.lifts[-1][0] - time_s <= _ONE_LEG_S]
        return all(max(leg) - min(leg) <= _STILL_DEG for leg in zip(*lately, strict=True))


class LegWatch:
    """Remembers of everybody who lies where they are and how their legs moved lately."""

    def __init__(self) -> None:
        self._people: list[_Person] = []

    def see(self, place: Sample, pose: Pose) -> None:
        """Take note of somebody who lies; the times of the frames must rise."""
        person = self._find(place)
        if person is None:
            self._people.append(person := _Person(place))
        person.place = place
        self._people = [other for other in self._people if place.time_s - other.place.time_s <= _FORGOTTEN_S]
        if person.has_raised_both:
            return  # nothing else is asked about somebody who has
        near, far = leg_elevations(pose)
        person.lifts.append((place.time_s, (near, far)))
        while person.lifts[0][0] < place.time_s - _WATCHED_S:
            person.lifts.popleft()
        if len(person.lifts) >= _SEEN:
            ranges = person.ranges_deg(_FEWEST_STRAYS)
            raised = [high - low > _RAISED_DEG for low, high in ranges]
            person.has_raised = person.has_raised or raised[0]
            is_up = sorted(min(lifts) for _, lifts in person.lifts)[-_SEEN] > _UP_DEG
            person.has_raised_both = len(person.lifts) >= _SEEN_FOR_SURE and all(raised) and is_up
        if person.rests():
            person.least_apart_deg = min(abs(near - far), person.least_apart_deg)
            if abs(near - far) <= person.least_apart_deg + _TOGETHER_DEG:
                person.together = pose

    def has_raised(self, place: Sample) -> bool:
        """Whether the person at a place has raised the legs."""
        person = self._find(place)
        return person is not None and person.has_raised

    def moves(self, place: Sample) -> bool:
        """Whether the legs of the person at a place have moved at all."""
        person = self._find(place)
        return person is not None and (person.has_raised or person.has_begun())

    def has_raised_both(self, place: Sample) -> bool:
        """Whether the person at a place has been seen raising both legs, and often enough to be nobody made up."""
        person = self._find(place)
        return person is not None and person.has_raised_both

    def together(self, place: Sample) -> Pose | None:
        """How the person at a place last lay with the legs side by side."""
        person = self._find(place)
        return person.together if person else None

    def lies_still(self, place: Sample) -> bool:
        """Whether the near leg of the person at a place does not move, while the far one or something else does."""
        person = self._find(place)
        if person is None:
            return False
        lows, highs, later_s, now_s = [inf, inf], [-inf, -inf], place.time_s, place.time_s
        skipped = False
        for time_s, lifts in reversed(person.lifts):
            lows, highs = list(map(min, lows, lifts)), list(map(max, highs, lifts))
            near, far = (high - low for low, high in zip(lows, highs, strict=True))
            if near > max(_STILL_DEG, _ONE_LEG_SHARE * far):
                return False
            if far > _ONE_LEG_DEG and now_s - time_s >= _ONE_LEG_S:
                return True
            skipped = skipped or later_s - time_s > _SKIPPED_S
            if now_s - time_s >= _STILL_S:
                return far <= _STILL_DEG and not skipped
            later_s = time_s
        return False

    def _find(self, place: Sample) -> _Person | None:
        return min(self._same(place), key=lambda person: _apart(person.place, place), default=None)

    def _same(self, place: Sample) -> Iterator[_Person]:
        return (person for person in self._people if identity.is_same_body(person.place, place))


def _apart(one: Sample, other: Sample) -> float:
    return hypot(one.hip_x - other.hip_x, one.hip_y - other.hip_y)

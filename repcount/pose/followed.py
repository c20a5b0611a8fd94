"""The one who is followed: where that person is, and who of those in a frame it can be."""

from __future__ import annotations

from math import hypot, nan

from repcount.counting import identity
from repcount.types import Sample

_GONE_S = 3.0
"""Once the person followed has been out of sight for this long, anybody who lies may be followed. Until then nobody
else is taken for that person: a plant or a sofa is detected for a second or two when the legs go down. Heuristic."""

_SURE_S = 0.5
"""Somebody followed for less than this in a row may be a false detection: the model's first poses of a person who is
hard to see may lie the wrong way round. Heuristic."""

_SETTLED, _ROW_S, _NEAR = 3, 0.3, 0.5
"""So many samples in a row, no further apart than the second and no more different than the third (see
`identity.difference`), show where somebody is. Heuristic."""


class Followed:
    """Recognises one person by place, size and the side of the head, not by the order in which the model lists people.

    Places are samples of `angles.place`, given with rising times.
    """

    def __init__(self) -> None:
        self.place: Sample | None = None
        """Where the person was last seen; None if nobody is followed."""
        self._since_s = nan
        self._settled: Sample | None = None
        """Where the person was last seen without a jump: a false detection between moves nobody."""
        self._steady = 0
        self._otherwise: Sample | None = None
        """Where the person was last seen otherwise: lying the other way round, or as a whole."""
        self._otherwise_since_s = nan

    def choose(self, time_s: float, places: list[Sample], lying: list[int]) -> int | None:
        """The index of the person followed, or else of somebody who lies, the largest first; None if there is neither.

        `lying` are the indices of those who lie. Where only a body that lies the other way round in the person's place
        is seen, or one of which the person would be a part, it is the person: the model is wrong now, or was so far.
        """
        same = [i for i, place in enumerate(places) if self._can_be(place)]
        same = same or [i for i in lying if self._is_otherwise(places[i])]
        if self.is_sure(time_s) or set(same) & set(lying):
            return min(same, key=lambda i: (i not in lying, self._distance_px(places[i])), default=None)
        return max(range(len(places)), key=lambda i: (i in lying, places[i].trunk_px), default=None)

    def is_sure(self, time_s: float) -> bool:
        """Whether nobody but the person followed so far may be chosen."""
        if self.place is None or time_s - self.place.time_s > _GONE_S:
            return False
        return self.place.time_s - self._since_s >= _SURE_S

    def see(self, place: Sample) -> None:
        """Take note of where the person is who has been chosen. Who is seen otherwise is believed in time."""
        if not self._can_be(place) and self._is_otherwise(place):
            going_on = self._otherwise is not None and identity.is_same_body(self._otherwise, place)
            self._otherwise_since_s = self._otherwise_since_s if going_on else place.time_s
            self._otherwise = place
            if place.time_s - self._otherwise_since_s >= _SURE_S:
                self.change_to(place)
            return
        self._otherwise = None
        before = self.place
        lost = before is not None and place.time_s - before.time_s > _ROW_S and not self.is_sure(before.time_s)
        if before is None or lost or not self._can_be(place):
            self._since_s = place.time_s
        near = (
            before is not None and place.time_s - before.time_s <= _ROW_S and identity.difference(before, place) < _NEAR
        )
        self._steady = self._steady + 1 if near else 0
        if self._steady >= _SETTLED or self._settled is None:
            self._settled = place
        self.place = place

    def change_to(self, place: Sample) -> None:
        """Follow somebody else from now on, for sure."""
        self.place, self._settled, self._since_s = place, place, place.time_s - _SURE_S
        self._otherwise = None

    def unsettle(self) -> None:
        """The person is out of sight and may come back anywhere."""
        self._settled = None

    def forget(self) -> None:
        """Nobody is followed any more."""
        self.place = self._settled = self._otherwise = None

    def _can_be(self, place: Sample) -> bool:
        known = (self.place, self._settled)
        return any(before is not None and identity.is_same_body(before, place) for before in known)

    def _is_otherwise(self, place: Sample) -> bool:
        known = [before for before in (self.place, self._settled) if before is not None]
        return any(identity.is_body_turned(before, place) or identity.is_part(before, place) for before in known)

    def _distance_px(self, place: Sample) -> float:
        assert self.place is not None
        return hypot(place.hip_x - self.place.hip_x, place.hip_y - self.place.hip_y)

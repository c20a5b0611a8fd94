"""Find and follow the one of several people who lie that the user names by number or by a point in the picture."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from math import hypot
from pathlib import Path
from statistics import median

import numpy as np

from repcount.counting import identity
from repcount.errors import VideoError
from repcount.pose import angles, closer, levels
from repcount.pose.anatomy import is_lying_on_back
from repcount.pose.body import is_twin
from repcount.pose.landmarker import Landmarker
from repcount.pose.leg_colours import LegColours
from repcount.pose.masking import Area, distance_px, paint_out, paint_out_beside
from repcount.pose.resting_legs import RestingLegs
from repcount.types import HIPS, Frame, Pose, Sample, Subject

LOOK_S, LOOK_HZ = 20.0, 2.0
"""So much of the beginning is looked at, and how often, to find everybody who lies. Heuristic: whoever exercises lies
for a part of it. Measured: 2 to 3 s of processor time with one or two people."""

_MOST = 6
"""People found at most. Heuristic: no more fit into a picture at a size that could be measured."""

_MIN_LOOKS, _MIN_SHARE = 5, 0.2
"""Pictures that must show somebody lying, half of them where there are fewer, and the share of them. Heuristic, as for
the warning about several people: of a sofa one or two do, and of what was taken for somebody on a clip 6 of 41."""

_SAME_TRUNKS = 0.4
"""Hips no further apart than this part of a trunk length are one person's. Of somebody half hidden behind others they
wander by 0.26 (rendered clip); of two people they would be 20 cm apart in the picture."""

_HALF = 0.5
"""Whoever looks less than half as large as the largest is none of them: as in `tracker`. On 13 clips what was taken for
somebody in 5 pictures or more was 0.19, 0.22 and 0.58 as large, and the smaller one of two people 0.60 and more."""

_PLACE = ("hip_x", "hip_y", "trunk_px", "leg_trunks")
"""What a `Sample` says of where somebody is and how large."""

_NEAR_TRUNKS = 0.5
"""A point so far beside somebody means that person still. Heuristic: half a trunk is 25 cm."""

_UNSEEN_S = 1.0
"""Somebody out of sight is looked for no further away than after this time. Heuristic: who lies beside somebody else
does not move there."""

_REACH = 1.5
"""How far from the hips somebody who lies is looked for, in distances of the landmark that is furthest from them.
Heuristic: a body that moves by half of its length is not lying there any more."""


@dataclass(slots=True)
class LyingPerson:
    """Somebody who lies, as found in several pictures, in pixels of these; now and then the model errs."""

    poses: list[Pose] = field(default_factory=list)
    places: list[Sample] = field(default_factory=list)

    def see(self, time_s: float, pose: Pose) -> None:
        """Take note of the person in another picture."""
        self.poses.append(pose)
        self.places.append(angles.place(time_s, pose))

    @property
    def place(self) -> Sample:
        """Where the person is in most of the pictures, and how large."""
        middle = {name: median(getattr(place, name) for place in self.places) for name in _PLACE}
        return replace(self.places[-1], **middle)

    @property
    def typical(self) -> Pose:
        """The pose that is most like that."""
        differences = [identity.difference(self.place, place) for place in self.places]
        return self.poses[differences.index(min(differences))]


@dataclass(frozen=True, slots=True)
class FoundSubject:
    """The person to follow, and everybody else who lies."""

    pose: Pose
    others: tuple[Pose, ...]


def find_subject(frames: Iterable[Frame], model: Path, wanted: Subject) -> FoundSubject:
    """Find the one that is wanted in frames with rising times. Raises VideoError where nobody lies there."""
    width = height = 0
    people: list[LyingPerson] = []
    looks = 0
    with ExitStack() as stack:
        landmarkers: list[Landmarker] = []
        for frame in map(levels.spread, frames):
            height, width = frame.image.shape[:2]
            looks += 1
            for pose in _everybody(frame, landmarkers, model, stack):
                if is_lying_on_back(pose):
                    _note(people, frame.time_s, pose)
    least = max(min(_MIN_LOOKS, looks / 2), _MIN_SHARE * looks)
    often = [person for person in people if len(person.poses) >= least]
    largest_px = max((person.place.trunk_px for person in often), default=0.0)
    lying = [person for person in often if person.place.trunk_px >= _HALF * largest_px]
    lying.sort(key=lambda person: person.place.hip_x)
    chosen = _choose(lying, wanted, width, height)
    if chosen is None:
        raise VideoError(_nobody(lying, wanted, width, height))
    return FoundSubject(chosen.typical, tuple(person.typical for person in lying if person is not chosen))


def _everybody(frame: Frame, landmarkers: list[Landmarker], model: Path, stack: ExitStack) -> list[Pose]:
    """All people in a frame: whoever is found is painted out, until nobody else is.

    Asked for several, the model lists only one of two people who lie close to each other.
    """
    found: list[Pose] = []
    people: list[Pose] = []
    for number in range(_MOST):
        if number == len(landmarkers):
            landmarkers.append(stack.enter_context(Landmarker(model)))
        poses = landmarkers[number].detect(paint_out(frame, found) if found else frame)
        if not poses:
            break
        if not any(is_twin(poses[0], other) for other in found):
            people.append(poses[0])
        found.append(poses[0])
    return people


def _note(people: list[LyingPerson], time_s: float, pose: Pose) -> None:
    """Take note of somebody who lies: where one lies already, it is the same person."""
    now = angles.place(time_s, pose)

    def apart(person: LyingPerson) -> float:
        place = person.place
        return hypot(now.hip_x - place.hip_x, now.hip_y - place.hip_y) / max(now.trunk_px, place.trunk_px)

    person = min(people, key=apart, default=None)
    if person is None or apart(person) > _SAME_TRUNKS:
        people.append(person := LyingPerson())
    person.see(time_s, pose)


def _choose(lying: list[LyingPerson], wanted: Subject, width: int, height: int) -> LyingPerson | None:
    if wanted.point is None:
        return lying[wanted.number - 1] if wanted.number <= len(lying) else None
    x, y = wanted.point[0] * width, wanted.point[1] * height

    def distance_trunks(person: LyingPerson) -> float:
        return distance_px(person.typical, x, y) / person.place.trunk_px

    near = [person for person in lying if distance_trunks(person) <= _NEAR_TRUNKS]
    return min(near, key=distance_trunks, default=None)


def _nobody(lying: list[LyingPerson], wanted: Subject, width: int, height: int) -> str:
    """Why there is no subject: `--subject 3: 2 people lie ...: 1 at 0.25,0.61, 2 at 0.70,0.58`."""
    where = f"in the first {LOOK_S:g} s"
    if not lying:
        return f"--subject {wanted}: nobody lies {where}; if somebody does later, begin there with --from"
    places = [f"{person.place.hip_x / width:.2f},{person.place.hip_y / height:.2f}" for person in lying]
    listed = ", ".join(f"{number} at {place}" for number, place in zip(count(1), places, strict=False))
    who = "1 person lies" if len(lying) == 1 else f"{len(lying)} people lie"
    return f"--subject {wanted}: nobody lies there; {who} {where}: {listed}"


class SubjectTracker:
    """Tracks one person who is known to lie somewhere, and nobody else.

    It looks only at the part of the picture that the subject reaches. The model follows whom it has found: everybody
    else is painted out until it has found the subject, and again whenever it has lost the subject or gone over to
    somebody else. What is found elsewhere is not taken for the subject.
    """

    def __init__(self, model: Path, subject: FoundSubject) -> None:
        """Load the pose model. Raises ModelError."""
        self._landmarker = Landmarker(model)
        self._subject = subject
        self._leg_colours = LegColours()
        self._resting_legs = RestingLegs()
        self._last: Sample | None = None
        self._following = False
        self._found_instead: Pose | None = None
        """Whom the last frame showed in the place of the subject: a trainer who kneels beside, for example."""

    def close(self) -> None:
        """Free the pose model."""
        self._landmarker.close()

    def track(self, frame: Frame) -> Pose | None:
        """The subject in `frame`, None if out of sight. The times of the frames must rise."""
        seen, frame = frame, levels.spread(frame)
        if not self._following:
            others = [*self._subject.others, *([self._found_instead] if self._found_instead else [])]
            frame = paint_out_beside(frame, others, self._subject.pose)
        people = closer.detect(self._landmarker, frame, _reach(self._subject.pose, frame))
        pose = self._leg_colours.tell(seen, people[0]) if people else None
        place = angles.place(frame.time_s, pose) if pose else None
        self._following = place is not None and identity.is_same_body(self._before(frame.time_s), place)
        self._found_instead = None if self._following else pose
        if not self._following:
            return None
        self._last = place
        return pose and self._resting_legs.tell(seen, pose)

    def _before(self, time_s: float) -> Sample:
        """Where the subject was last seen, or else where the subject lies."""
        last = self._last or angles.place(time_s - _UNSEEN_S, self._subject.pose)
        return replace(last, time_s=max(last.time_s, time_s - _UNSEEN_S))


def _reach(pose: Pose, frame: Frame) -> Area:
    """The part of a frame that somebody may reach from where the hips are."""
    hips = pose.xy_px[list(HIPS)].mean(axis=0)
    reach_px = _REACH * float(np.linalg.norm(pose.xy_px - hips, axis=1).max())
    height, width = frame.image.shape[:2]
    (left, top), (right, bottom) = (hips - reach_px).clip(0), (hips + reach_px).clip(0, (width, height))
    return int(left), int(top), int(right), int(bottom)

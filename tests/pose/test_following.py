"""Whom the tracker follows, by what the model lists in each frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import cos, pi
from pathlib import Path

import numpy as np
import pytest
from support.bodies import Body, ScriptedLandmarker, hips_followed, pose

from repcount.pose import scene, tracker
from repcount.pose.anatomy import is_lying_on_back
from repcount.pose.body import leg_elevations
from repcount.pose.tracker import PersonTracker
from repcount.types import Frame, Pose

IMAGE = np.zeros((2, 2, 3), np.uint8)
OTHER = IMAGE.copy()
HZ = 15.0
People = Callable[[float], list[Body]]

ME = Body(hip_px=(640, 500))
NEIGHBOUR = Body(hip_px=(640, 250))
TURNED = Body(facing=-1, prone=True)
FOLDED = Body(left=155, right=150, hip_px=(500, 450))
PLANT = Body(trunk=60, hip_px=(250, 300))
TRAINER = Body(trunk=88, hip_px=(900, 300))


def followed(monkeypatch: pytest.MonkeyPatch, listed: People, seconds: float) -> list[tuple[float, float] | None]:
    """Where the hips of the one who is followed are in each frame."""

    class Scripted(ScriptedLandmarker):
        def detect(self, frame: Frame) -> list[Pose]:
            return [pose(body) for body in listed(frame.time_s)[: self.people]]

    monkeypatch.setattr(tracker, "Landmarker", Scripted)
    return hips_followed(IMAGE, HZ, seconds)


def beside(monkeypatch: pytest.MonkeyPatch, me: People, neighbour: People, seconds: float) -> list[Pose | None]:
    """Who is followed where the model lists the neighbour only once I am painted out."""

    class Scripted(ScriptedLandmarker):
        def detect(self, frame: Frame) -> list[Pose]:
            listed = me if frame.image is IMAGE else neighbour
            return [pose(body) for body in listed(frame.time_s)]

    monkeypatch.setattr(tracker, "Landmarker", Scripted)
    with PersonTracker(Path("none")) as following:
        return [following.track(Frame(i / HZ, IMAGE)) for i in range(round(seconds * HZ))]


def raising(time_s: float) -> float:
    """Flexion of legs that go up and down once in 3 s."""
    return 45 - 45 * cos(2 * pi * time_s / 3)


def hip_y(found: Pose | None) -> float:
    assert found is not None
    return float(found.xy_px[23, 1])


def neighbour(flexion: float) -> Body:
    return replace(NEIGHBOUR, left=flexion, right=flexion)


def test_who_lies_still_gives_way_to_a_neighbour_who_raises_the_legs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = beside(monkeypatch, lambda _: [ME], lambda t: [neighbour(raising(t))], 12)
    ys = [hip_y(one) for one in found]
    assert ys[0] == ME.hip_px[1]
    assert ys[round(4 * HZ) :] == [NEIGHBOUR.hip_px[1]] * (len(ys) - round(4 * HZ))
    assert found[-1] is not None
    assert found[-1].people_lying == 2


@pytest.mark.parametrize("swing", [0.0, 0.2])
def test_who_has_not_raised_the_legs_beside_is_not_known_while_i_raise_mine(
    monkeypatch: pytest.MonkeyPatch, swing: float
) -> None:
    """It may be a sofa, or nobody at all: the legs of a body that the model makes up move, too."""

    def me(time_s: float) -> list[Body]:
        flexion = raising(max(time_s - 6.0, 0.0))
        return [replace(ME, left=flexion, right=flexion)]

    found = beside(monkeypatch, me, lambda t: [neighbour(swing * raising(t))], 9)
    assert {hip_y(one) for one in found[round(6.5 * HZ) :]} == {ME.hip_px[1]}
    assert not any(one is not None and one.people_lying == 2 for one in found[round(6.5 * HZ) :])


def beside_in_a_room(
    monkeypatch: pytest.MonkeyPatch, flexion: Callable[[float], float], there: People, seconds: float, *, moving: bool
) -> list[Pose | None]:
    """Who is followed in each frame where I raise my legs by `flexion` and others are found in the images without me.

    `moving`: whether something in the picture does.
    """
    room = np.random.default_rng(1).integers(60, 200, (9, 16, 3), dtype=np.uint8).repeat(80, axis=0).repeat(80, axis=1)
    room[490:510, 630:650] = 0  # at my hips
    images = [room.copy() for _ in range(16)]
    if moving:
        for i, image in enumerate(images):
            image[50:200, 500 + 20 * i : 560 + 20 * i] = 250
    images += images[-2:0:-1]  # to and fro: a jump would be a cut

    class Scripted(ScriptedLandmarker):
        def detect(self, frame: Frame) -> list[Pose]:
            width = frame.image.shape[1]
            if width < room.shape[1]:  # the part of the picture below its upper edge that is looked at for a neighbour
                return [pose(replace(body, hip_px=(width / 2, body.hip_px[1]))) for body in there(frame.time_s)]
            if frame.image[500, 640].any():
                return [pose(body) for body in there(frame.time_s)]
            lift = flexion(frame.time_s)
            return [pose(replace(ME, left=lift, right=lift))]

    monkeypatch.setattr(tracker, "Landmarker", Scripted)
    with PersonTracker(Path("none")) as following:
        return [following.track(Frame(i / HZ, images[i % len(images)])) for i in range(round(seconds * HZ))]


@pytest.mark.parametrize(
    ("moving", "there", "known"),
    [
        (True, lambda t: [neighbour(raising(t))], True),
        (True, lambda t: [replace(neighbour(raising(t)), size=0.4)], False),
        (True, lambda _: [neighbour(0.0)], False),
        (True, lambda t: [replace(neighbour(0.0), left=raising(t))], False),
        (True, lambda t: [replace(neighbour(0.0), right=raising(t))], False),
        (True, lambda t: [neighbour(90.0 if round(t * HZ) % 60 == 20 else 0.0)], False),
        (True, lambda t: [neighbour(raising(t))] if t % 3 < 0.6 else [], False),
        (True, lambda _: [], False),
        (False, lambda t: [neighbour(raising(t))], False),
    ],
    ids=[
        "exercises",
        "a toy",
        "still as a sofa",
        "made up, one leg",
        "made up, the other leg",
        "made up, legs that hop",
        "made up for a moment",
        "nobody",
        "nothing moves",
    ],
)
def test_who_moves_beside_is_known_while_i_exercise_from_the_start_on(
    monkeypatch: pytest.MonkeyPatch, moving: bool, there: People, known: bool
) -> None:
    """I am followed all the time."""
    found = beside_in_a_room(monkeypatch, lambda t: raising(t + 0.5), there, 9, moving=moving)
    assert {hip_y(one) for one in found} == {ME.hip_px[1]}
    assert found[-1] is not None
    assert (found[-1].people_lying == 2) is known


@pytest.mark.parametrize(
    ("name", "fidgets_deg", "y"),
    [("I fidget", 8.0, NEIGHBOUR.hip_px[1]), ("I have raised mine, too", 60.0, ME.hip_px[1])],
)
def test_who_only_fidgets_gives_way_to_a_neighbour_who_raises_the_legs(
    monkeypatch: pytest.MonkeyPatch, name: str, fidgets_deg: float, y: float
) -> None:
    """So does a shelf that is taken for somebody."""
    found = beside_in_a_room(
        monkeypatch, lambda t: fidgets_deg * (t % 1), lambda t: [neighbour(raising(t))], 9, moving=True
    )
    assert hip_y(found[-1]) == y, name


def test_a_neighbour_who_is_followed_in_a_part_of_the_picture_from_now_on_is_detected_anew_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The model went on looking in the place that the neighbour had in the whole picture."""
    stale: list[bool] = []
    room = np.random.default_rng(1).integers(60, 200, (720, 1280, 3), dtype=np.uint8)
    room[490:510, 630:650] = 0  # at my hips

    class Scripted(ScriptedLandmarker):
        _seen: tuple[int, ...] | None = None

        def forget(self) -> None:
            self._seen = None

        def detect(self, frame: Frame) -> list[Pose]:
            before, self._seen = self._seen, frame.image.shape if self.follow else None
            if frame.image.shape != room.shape:
                stale.append(before not in (None, frame.image.shape))
                height, width = frame.image.shape[:2]
                return [pose(replace(neighbour(raising(frame.time_s)), hip_px=(width / 2, height / 2)))]
            return [pose(neighbour(raising(frame.time_s)) if frame.image[500, 640].any() else ME)]

    monkeypatch.setattr(tracker, "Landmarker", Scripted)
    hips_followed(room, HZ, 6)
    assert stale
    assert not any(stale)


def test_a_body_made_up_where_somebody_is_painted_out_is_no_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the model makes them up in the large area that somebody takes who holds an arm up before the first rep."""
    made_up = replace(ME, hip_px=(ME.hip_px[0], ME.hip_px[1] - 3))
    found = beside(monkeypatch, lambda _: [ME], lambda t: [replace(made_up, left=raising(t), right=raising(t))], 8)
    assert {hip_y(one) for one in found} == {ME.hip_px[1]}


def test_a_body_made_up_beside_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model follows it in the painted area, frame after frame, until it has to look again."""

    class GoesOn(ScriptedLandmarker):
        anew = False

        def detect(self, frame: Frame) -> list[Pose]:
            if frame.image is IMAGE:
                return [pose(ME)]
            return [pose(neighbour(raising(frame.time_s)) if self.anew else ME)]

        def forget(self) -> None:
            self.anew = True

    monkeypatch.setattr(tracker, "Landmarker", GoesOn)
    assert hips_followed(IMAGE, HZ, 8)[-1] == NEIGHBOUR.hip_px


def test_who_has_moved_the_legs_beside_is_looked_at_until_they_have_been_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the glance ends before the raise, and the next one begins four seconds later."""

    def other(time_s: float) -> list[Body]:
        return [neighbour(8.0 if 2.0 <= time_s < 2.5 else raising(time_s - 4.0) if time_s >= 4.0 else 0.0)]

    found = beside(monkeypatch, lambda _: [ME], other, 6)
    assert hip_y(found[-1]) == NEIGHBOUR.hip_px[1]


def test_who_is_made_up_for_a_moment_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """I lie still, as somebody does who curls up the trunk alone, and a body beside has its legs anywhere."""
    found = beside(monkeypatch, lambda _: [ME], lambda t: [neighbour(70.0 if t > 1.5 else 0.0)] if t < 1.6 else [], 3)
    assert found[-1] is not None
    assert not found[-1].neighbour_hidden


@pytest.mark.parametrize(
    ("name", "me", "other"),
    [
        ("both raise", raising, raising),
        ("both lie still", lambda _: 0.0, lambda _: 0.0),
        ("I rest after a rep", lambda t: raising(t) if t < 3 else 0.0, lambda t: raising(t) if t > 3 else 0.0),
        ("I hold my legs up", lambda t: raising(min(t, 1.5)), raising),
    ],
)
def test_who_has_raised_the_legs_is_followed_for_good(
    monkeypatch: pytest.MonkeyPatch, name: str, me: Callable[[float], float], other: Callable[[float], float]
) -> None:
    found = beside(monkeypatch, lambda t: [replace(ME, left=me(t), right=me(t))], lambda t: [neighbour(other(t))], 12)
    assert {hip_y(one) for one in found} == {ME.hip_px[1]}, name


@pytest.mark.parametrize(("behind", "y"), [(raising, NEIGHBOUR.hip_px[1]), (lambda _: 0.0, ME.hip_px[1])])
def test_who_lies_in_front_with_one_leg_put_onto_somebody_elses_gives_way(
    monkeypatch: pytest.MonkeyPatch, behind: Callable[[float], float], y: float
) -> None:
    """And is painted out with both legs down: a raised one would hide who raises them. Who really raises one stays."""
    painted: list[Pose] = []

    def paint_out(frame: Frame, people: list[Pose]) -> Frame:
        painted.extend(people)
        return Frame(frame.time_s, OTHER)

    monkeypatch.setattr(tracker, "paint_out", paint_out)
    found = beside(monkeypatch, lambda t: [replace(ME, left=raising(t))], lambda t: [neighbour(behind(t))], 8)
    assert {hip_y(one) for one in found[round(4 * HZ) :]} == {y}
    assert painted
    assert max(abs(lift) for one in painted for lift in leg_elevations(one)) < 20


def test_a_near_leg_that_is_drawn_along_a_little_is_no_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the far one on somebody else's, which is raised; the near one goes up by a fifth of that."""

    def me(time_s: float) -> list[Body]:
        return [replace(ME, left=raising(time_s), right=0.2 * raising(time_s))]

    found = beside(monkeypatch, me, lambda t: [neighbour(raising(t))], 6)
    assert {hip_y(one) for one in found[round(4 * HZ) :]} == {NEIGHBOUR.hip_px[1]}


def test_who_lies_so_close_behind_that_only_the_legs_stand_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trunk is in the area that is painted out, for the camera is low."""
    behind = replace(ME, hip_px=(ME.hip_px[0], ME.hip_px[1] - 30), size=0.8)
    found = beside(monkeypatch, lambda _: [ME], lambda t: [replace(behind, left=raising(t), right=raising(t))], 6)
    assert {hip_y(one) for one in found[round(4 * HZ) :]} == {behind.hip_px[1]}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (lambda t: -0.8 * raising(t), lambda t: -0.6 * raising(t)),
        (lambda _: 0.0, raising),
        (raising, lambda _: 0.0),
        (lambda t: 60.0 * (t % 1.0 < 0.5), lambda t: 60.0 * (t % 1.0 >= 0.5)),
    ],
    ids=["legs that point into the floor", "one leg", "the other leg", "one leg, then the other"],
)
def test_who_is_not_seen_raising_both_legs_hides_nobody(
    monkeypatch: pytest.MonkeyPatch, left: Callable[[float], float], right: Callable[[float], float]
) -> None:
    """The model makes up bodies at the edge of the area that is painted out."""
    found = beside(monkeypatch, lambda _: [ME], lambda t: [replace(NEIGHBOUR, left=left(t), right=right(t))], 6)
    assert not any(one is not None and one.neighbour_hidden for one in found)


def test_who_is_not_seen_any_more_gives_the_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon after the change: perhaps there was nobody."""
    found = beside(monkeypatch, lambda _: [ME], lambda t: [neighbour(raising(t))] if t < 2.9 else [], 6)
    hidden = [one is not None and one.neighbour_hidden for one in found]
    assert any(hidden)
    assert {hip_y(one) for one in found[round(4 * HZ) :]} == {ME.hip_px[1]}
    assert not any(hidden[round(4 * HZ) :])


def test_a_neighbour_is_followed_while_i_am_taken_for_somebody_else_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the neighbour's legs rise the model makes one body of us both. No sample of the rep is lost."""
    both = replace(ME, hip_px=(ME.hip_px[0], 330), size=1.5)

    def other(time_s: float) -> list[Body]:
        return [neighbour(raising(max(time_s - 1.5, 0.0)))]

    found = beside(monkeypatch, lambda t: [both if 1.6 < t < 2.4 else ME], other, 5)
    assert {hip_y(one) for one in found[round(2.0 * HZ) :]} == {NEIGHBOUR.hip_px[1]}


def test_who_is_found_now_and_then_does_not_keep_the_person_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shelf, taken for somebody for a moment, and again a second later: it was never followed for long."""
    places = followed(monkeypatch, lambda t: [ME] if t >= 2 else [NEIGHBOUR] if t < 0.15 or 1 <= t < 1.05 else [], 3)
    assert between(places, 2, 3) == {ME.hip_px}


@pytest.mark.parametrize("wrong", [TURNED, replace(ME, size=0.0003)], ids=["face down", "shrunk to nothing"])
def test_people_are_detected_anew_while_nobody_found_lies_on_the_back(
    wrong: Body, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model goes on with what it has taken for the body until it has to look again."""

    class GoesOn(ScriptedLandmarker):
        anew = False

        def detect(self, frame: Frame) -> list[Pose]:
            return [pose(ME if self.anew else wrong)]

        def forget(self) -> None:
            self.anew = True

    monkeypatch.setattr(tracker, "Landmarker", GoesOn)
    with PersonTracker(Path("none")) as following:
        found = [following.track(Frame(i / HZ, IMAGE)) for i in range(6)]
    on_back = [one is not None and is_lying_on_back(one) for one in found]
    assert on_back == [False] * 4 + [True] * 2


def test_a_cut_begins_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The camera that shows somebody elsewhere shows the same person: no second of that is lost."""
    monkeypatch.setattr(scene.CutDetector, "is_cut", lambda _, frame: frame.time_s == 3.0)
    places = followed(monkeypatch, lambda t: [ME if t < 3 else NEIGHBOUR], 6)
    assert between(places, 0, 3) == {ME.hip_px}
    assert between(places, 3, 6) == {NEIGHBOUR.hip_px}


@pytest.mark.parametrize(("seconds", "believed"), [(0.4, False), (0.7, True)])
def test_who_is_seen_the_other_way_round_is_believed_in_time(
    monkeypatch: pytest.MonkeyPatch, seconds: float, believed: bool
) -> None:
    """One of the two is wrong, and which of them shows by how long it goes on. All are passed on to the counter."""
    turned = replace(ME, facing=-1, hip_px=(ME.hip_px[0] + 10, ME.hip_px[1]))
    monkeypatch.setattr(PersonTracker, "_decide_how_many", lambda self, _: setattr(self, "_looks_for_one", False))
    places = followed(monkeypatch, lambda t: [ME] if t < 2 else [turned] if t < 2 + seconds else [ME, turned], 4)
    assert between(places, 0, 2) == {ME.hip_px}
    assert between(places, 2, 2 + seconds) == {turned.hip_px}
    assert between(places, 3, 4) == {(turned if believed else ME).hip_px}


def test_a_head_that_was_taken_for_a_body_gives_way_to_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    head = replace(ME, size=0.25, hip_px=(ME.hip_px[0] - 160, ME.hip_px[1]))
    places = followed(monkeypatch, lambda t: [head if t < 2 else ME], 4)
    assert between(places, 1, 2) == {head.hip_px}
    assert between(places, 2, 4) == {ME.hip_px}


def test_a_false_detection_nearby_after_a_gap_does_not_keep_the_person_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody may have got to in the second out of sight, and too far from where they are a moment later."""
    false = replace(ME, hip_px=(ME.hip_px[0] + 55, ME.hip_px[1]))
    places = followed(monkeypatch, lambda t: [ME] if t < 2 or t >= 3.05 else [false] if t >= 2.98 else [], 5)
    assert false.hip_px in between(places, 2.9, 3.1)
    assert between(places, 3.1, 5) == {ME.hip_px}


@pytest.mark.parametrize(("least_px", "places"), [(120.0, {ME.hip_px}), (130.0, {None})])
def test_bodies_of_a_few_pixels_are_none(
    monkeypatch: pytest.MonkeyPatch, least_px: float, places: set[tuple[float, float] | None]
) -> None:
    """The trunk of the stick figure has 125."""
    monkeypatch.setattr(tracker, "_TINY", least_px / max(IMAGE.shape[:2]))
    assert set(followed(monkeypatch, lambda _: [ME], 1)) == places


def between(places: list[tuple[float, float] | None], first_s: float, last_s: float) -> set[tuple[float, float] | None]:
    return set(places[round(first_s * HZ) : round(last_s * HZ)])


@pytest.mark.parametrize("other", [PLANT, NEIGHBOUR, TRAINER], ids=["plant", "neighbour", "trainer"])
def test_what_is_listed_instead_for_a_moment_is_left_out(monkeypatch: pytest.MonkeyPatch, other: Body) -> None:
    places = followed(monkeypatch, lambda t: [other if 2 <= t < 4 else ME], 6)
    assert between(places, 0, 2) == between(places, 4, 6) == {ME.hip_px}
    assert between(places, 2, 4) == {None}


def test_somebody_who_lies_is_taken_when_the_other_one_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t: [ME if t < 2 else NEIGHBOUR], 8)
    assert between(places, 2, 4.9) == {None}
    assert between(places, 5.2, 8) == {NEIGHBOUR.hip_px}


def test_the_order_of_the_list_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [ME, NEIGHBOUR, TRAINER]
    monkeypatch.setattr(PersonTracker, "_decide_how_many", lambda self, _: setattr(self, "_looks_for_one", False))
    places = followed(monkeypatch, lambda t: people[round(t * HZ) % 3 :] + people[: round(t * HZ) % 3], 3)
    assert len(set(places)) == 1
    assert places[0] in {ME.hip_px, NEIGHBOUR.hip_px}


def test_a_trainer_who_stands_in_front_is_looked_past(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda _: [TRAINER, ME], 3)
    assert between(places, 1.2, 3) == {ME.hip_px}


def test_first_poses_the_wrong_way_round_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t: [TURNED if t < 1 else Body(left=45, right=45)], 3)
    assert None not in between(places, 1, 3)


def test_first_poses_that_no_body_can_have_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t: [FOLDED if t < 1 else ME], 3)
    assert between(places, 1, 3) == {ME.hip_px}


def test_who_sits_up_is_still_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    places = followed(monkeypatch, lambda t: [Body(trunk=min(max(t - 2, 0) * 40, 80))], 5)
    assert set(places) == {ME.hip_px}

"""What a supine leg raise is: each condition, met, slightly failed and failed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from math import cos, nan, pi

import pytest
from support.bodies import Body, pose
from support.signals import Shape, flexions

import repcount
from repcount import Config, Sample
from repcount.analysis import Analysis
from repcount.pose import angles
from repcount.types import Flag, RejectionReason, WarningCode

Mover = Callable[[float, float], Body]
"""From the time and the flexion of a clean set to a body."""


def performed(
    mover: Mover, *shapes: Shape, rate_hz: float = 15.0, seen_as: Callable[[Sample], Sample] = lambda sample: sample
) -> Analysis:
    """Count what `mover` makes of a set of clean reps, three unless told, `seen_as` something else."""
    side = ""
    seen: list[Sample] = []
    for time_s, flexion in flexions(shapes or [Shape()] * 3, rate_hz):
        sample = angles.compute_sample(time_s, pose(mover(time_s, flexion)), side)
        side = sample.side
        seen.append(seen_as(sample))
    return repcount.count(seen)


def held_up(flexion: float) -> Body:
    """Thighs at 60 degrees and knees at 120, so that the feet hang at 30; straight and upright at full flexion."""
    way = (flexion - 5) / 85
    return Body(60 + 30 * way, 60 + 30 * way, left_knee=120 + 60 * way, right_knee=120 + 60 * way)


def reasons(analysis: Analysis) -> set[RejectionReason]:
    return {refusal.reason for refusal in analysis.rejections}


@pytest.mark.parametrize("yaw", [-50.0, 0.0, 30.0, 50.0])
@pytest.mark.parametrize("roll", [-12.0, 0.0, 12.0])
@pytest.mark.parametrize("facing", [1, -1])
def test_straight_legs_on_a_lying_trunk_are_full_reps_in_any_view(yaw: float, roll: float, facing: int) -> None:
    analysis = performed(lambda _, x: Body(left=x, right=x, yaw=yaw, roll=roll, facing=facing))
    assert (analysis.summary.full, len(analysis.reps), analysis.rejections) == (3, 3, ())


@pytest.mark.parametrize(
    ("name", "mover", "shape"),
    [
        ("reclined trunk", lambda _, x: Body(left=x, right=x, trunk=25), Shape(rest=27, top=112)),
        ("head lifted with the legs", lambda _, x: Body(left=x, right=x, trunk=x / 6), Shape()),
        ("hips pushed up at the top", lambda _, x: Body(left=x, right=x, trunk=-max(x - 80, 0)), Shape(top=95)),
        ("legs a little apart", lambda _, x: Body(left=x, right=0.8 * x), Shape()),
        ("head lifted", lambda _, x: Body(left=x, right=x, curl=x / 10), Shape()),
        ("arms that go to the legs", lambda _, x: Body(left=x, right=x, reach=x / 90), Shape()),
        ("soft knees", lambda _, x: Body(left=x, right=x, left_knee=180 - x / 3, right_knee=180 - x / 3), Shape()),
        ("camera sways", lambda t, x: Body(left=x, right=x, hip_px=(640 + 30 * (t % 1), 500)), Shape()),
    ],
)  # fmt: skip
def test_what_people_do_and_still_do_right(name: str, mover: Mover, shape: Shape) -> None:
    analysis = performed(mover, *[shape] * 3)
    assert (analysis.summary.full, len(analysis.reps)) == (3, 3), name


@pytest.mark.parametrize(
    ("name", "mover", "flag"),
    [
        (
            "bent knees",
            lambda _, x: Body(left=x, right=x, left_knee=180 - 0.7 * x, right_knee=180 - 0.7 * x),
            Flag.BENT_KNEES,
        ),
        ("one leg behind", lambda _, x: Body(left=x, right=0.6 * x), Flag.LEGS_APART),
        ("never upright", lambda _, x: Body(left=0.6 * x, right=0.6 * x), Flag.SHORT_TOP),
        (
            "trunk and legs meet half way",
            lambda _, x: Body(left=0.95 * x, right=0.95 * x, trunk=x / 4.5),
            Flag.SHORT_TOP,
        ),
    ],
)
def test_what_is_recorded_and_not_full(name: str, mover: Mover, flag: Flag) -> None:
    reps = performed(mover).reps
    assert [(rep.full, flag in rep.flags) for rep in reps] == [(False, True)] * 3, name


def test_the_feet_of_who_lies_slanting_in_the_picture_rise_from_where_they_lay() -> None:
    """As seen from above: by 27 degrees in a partial rep, though they end only 19 above the line of the trunk."""
    reps = performed(lambda _, x: Body(left=0.31 * x - 8, right=0.31 * x - 8, trunk=-16)).reps
    assert [rep.full for rep in reps] == [False] * 3


@pytest.mark.parametrize(
    ("name", "mover", "reason"),
    [
        ("hanging leg raise", lambda _, x: Body(left=x, right=x, trunk=90), RejectionReason.NOT_LYING),
        ("sitting leg lift", lambda _, x: Body(left=90 + x / 2, right=90 + x / 2, trunk=85), RejectionReason.NOT_LYING),
        ("face down", lambda _, x: Body(left=x / 2, right=x / 2, prone=True), RejectionReason.NOT_ON_BACK),
        ("V-up", lambda _, x: Body(left=x + x / 2, right=x + x / 2, trunk=x / 2), RejectionReason.TRUNK_MOVED),
        ("roll over", lambda _, x: Body(left=x, right=x, trunk=-x / 2), RejectionReason.TRUNK_MOVED),
        ("hollow rock", lambda _, x: Body(left=35 + x / 9, right=35 + x / 9, trunk=30 - x / 4.5),
         RejectionReason.TRUNK_MOVED),
        ("one leg", lambda _, x: Body(left=x, right=5), RejectionReason.ONE_LEG),
        ("the other leg", lambda _, x: Body(left=5, right=x), None),
        ("the other leg stays up", lambda _, x: Body(left=x, right=85), RejectionReason.ONE_LEG),
        ("scissors", lambda _, x: Body(left=x, right=95 - x), RejectionReason.ONE_LEG),
        ("head and arms go to the legs", lambda _, x: Body(x, x, curl=x / 4, reach=x / 90),
         RejectionReason.UPPER_BODY_MOVED),
        ("knee tuck", lambda _, x: Body(x, x, left_knee=180 - x, right_knee=180 - x), RejectionReason.KNEE_TUCK),
        ("heel slide", lambda _, x: Body(left=x / 2, right=x / 2, left_knee=180 - x, right_knee=180 - x),
         RejectionReason.MOSTLY_KNEES),
        ("planted feet to tuck", lambda _, x: Body(left=20 + x, right=20 + x, left_knee=80, right_knee=80),
         RejectionReason.KNEES_BENT_AT_BOTTOM),
        ("legs stretched upright from where they are held", lambda _, x: held_up(x), RejectionReason.NOT_FROM_BOTTOM),
        ("pushed along the floor", lambda t, x: Body(left=x, right=x, hip_px=(300 + 2.5 * x, 500)),
         RejectionReason.HIPS_MOVED),
    ],
)  # fmt: skip
def test_what_is_no_leg_raise_gives_no_rep_and_says_why(
    name: str, mover: Mover, reason: RejectionReason | None
) -> None:
    analysis = performed(mover)
    assert analysis.reps == (), name
    assert reasons(analysis) == ({reason} if reason else set()), name


@pytest.mark.parametrize(("top", "full"), [(64.8, 0), (65.8, 1)])
def test_the_top_that_is_shown_is_the_one_that_is_judged(top: float, full: int) -> None:
    """The line from hip to ankle reads 3.5° higher of the stick figure, whose knees are straight in space."""
    analysis = performed(lambda _, x: Body(left=x, right=x), Shape(top=top, hold_s=1.0))
    (rep,) = analysis.reps
    assert analysis.summary.full == full
    assert (rep.top_flexion_deg >= Config().full_deg) is rep.full


@pytest.mark.parametrize(("bend", "counted"), [(78, True), (84, False)])
def test_about_a_right_angle_is_a_tuck(bend: float, counted: bool) -> None:
    analysis = performed(lambda _, x: Body(x, x, left_knee=180 - x * bend / 90, right_knee=180 - x * bend / 90))
    assert bool(analysis.reps) is counted
    assert reasons(analysis) == (set() if counted else {RejectionReason.KNEE_TUCK})


@pytest.mark.parametrize(
    ("rise_deg", "at_rest", "at_top", "full"),
    [
        (14, 2.5, 0.6, 3),  # a head that is lifted
        (16, 2.5, 1.1, 3),  # overhead, the legs come to the hands
        (16, 2.5, 0.9, 0),
        (16, 0.51, 0.51, 3),  # at the sides
        (16, 0.49, 0.49, 0),
        (24, 1.0, 1.0, 3),
        (26, 1.0, 1.0, 0),
    ],
)
def test_a_head_comes_up_to_the_legs_where_the_hands_do(
    rise_deg: float, at_rest: float, at_top: float, full: int
) -> None:
    """In such V-ups the trunk curls, and the line to the shoulders hardly rises. Trunk lengths from hands to shins."""

    def seen(sample: Sample) -> Sample:
        up = sample.hip_deg < 140
        return replace(
            sample, head_deg=rise_deg * up, hands_to_shins=at_rest + (at_top - at_rest) * up, hands_on_head=nan
        )

    analysis = performed(lambda _, x: Body(left=x, right=x), seen_as=seen)
    assert (analysis.summary.full, len(analysis.reps)) == (full, full)
    assert reasons(analysis) == (set() if full else {RejectionReason.UPPER_BODY_MOVED})


def test_a_v_up_whose_end_is_cut_off_is_still_one() -> None:
    """The head is on its way down where the film ends, as in a loop that is shown in an app."""
    flexions_ = [(i / 15, max(0, 80 * min(i / 15 - 1, 2.6 - i / 15))) for i in range(38)]
    samples = [
        Sample(time_s, 180 - flexion, trunk_deg=0.0, head_deg=20 * flexion / 60, hands_to_shins=2.5 - 2 * flexion / 60)
        for time_s, flexion in flexions_
    ]
    assert 0 < samples[-1].head_deg < 5
    assert repcount.count(samples).reps == ()
    lying = [replace(sample, head_deg=0.0) for sample in samples]
    assert len(repcount.count(lying).reps) == 1


@pytest.mark.parametrize(
    ("up", "down", "full"), [(1, 0.76, 3), (0.76, 1, 3), (1, 0.74, 0), (0.74, 1, 0), (0.5, 0.5, 3), (1, nan, 3)]
)
def test_legs_that_look_shorter_on_one_way_than_on_the_other_swing_to_the_side(
    up: float, down: float, full: int
) -> None:
    """As windscreen wipers do. Legs that look short both times are seen obliquely."""

    def seen(sample: Sample) -> Sample:
        turned_s = sample.time_s % 5.5
        return replace(sample, leg_px=sample.leg_px * (up if turned_s < 3 else down))

    analysis = performed(lambda _, x: Body(left=x, right=x), seen_as=seen)
    assert (analysis.summary.full, len(analysis.reps)) == (full, full)
    assert reasons(analysis) == (set() if full else {RejectionReason.LEGS_SIDEWAYS})


@pytest.mark.parametrize(("visibility", "refused"), [(0.69, set()), (0.71, {RejectionReason.KNEE_TUCK})])
def test_knees_whose_feet_are_hidden_are_doubted_and_refuse_nothing(
    visibility: float, refused: set[RejectionReason]
) -> None:
    """A pole in front of the lower legs made tucks of straight legs, of which nothing was left but a warning."""
    analysis = performed(
        lambda _, x: Body(x, x, left_knee=180 - x * 0.95, right_knee=180 - x * 0.95),
        seen_as=lambda sample: replace(sample, feet_visibility=visibility),
    )
    assert reasons(analysis) == refused
    assert analysis.summary.full == 0
    assert all({Flag.BENT_KNEES, Flag.LOW_CONFIDENCE} <= set(rep.flags) for rep in analysis.reps)
    assert len(analysis.reps) == (0 if refused else 3)


def test_knees_that_are_read_now_straight_now_bent_are_doubted() -> None:
    """Of legs that are seen through a blur the model bends some knees by 50° in mid-hold, and some it does not."""

    def performed_with(*knees: float) -> Analysis:
        return performed(
            lambda _, x: Body(left=x, right=x),
            seen_as=lambda sample: replace(sample, knee_deg=knees[round(15 * sample.time_s) % len(knees)]),
        )

    unsteady, steady = performed_with(165, 112, 112), performed_with(112)
    assert (unsteady.summary.full, steady.summary.full) == (0, 0)
    assert all(
        doubted.confidence < 0.85 * sure.confidence for doubted, sure in zip(unsteady.reps, steady.reps, strict=True)
    )


@pytest.mark.parametrize(
    ("stops", "reasons_", "full"), [(6, {RejectionReason.ONE_LEG}, 0), (10, set(), 3), (18, set(), 3)]
)
def test_a_far_leg_that_comes_up_and_then_lies_in_the_air_is_unknown(
    stops: float, reasons_: set[RejectionReason], full: int
) -> None:
    """Its landmarks sit on somebody who lies behind."""
    analysis = performed(lambda _, x: Body(left=x, right=min(x, stops)))
    assert (analysis.summary.full, reasons(analysis)) == (full, reasons_)
    assert not any(Flag.LEGS_APART in rep.flags for rep in analysis.reps)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("rises all the way, as when the pelvis tilts", lambda t, x: 0.2 * x),
        ("hovers from the start", lambda t, x: 18.0),
        ("hovers from then on", lambda t, x: 18.0 if t > 2 else 0.0),
        ("is lowered later", lambda t, x: 0.3 * x if t % 5.5 < 3 else x / 9),
        ("sways", lambda t, x: min(x, 18 + 12 * (t % 1))),
    ],
)
def test_another_leg_that_stays_behind_in_any_other_way_is_one_leg(
    name: str, other: Callable[[float, float], float]
) -> None:
    analysis = performed(lambda t, x: Body(left=x, right=other(t, x)))
    assert (analysis.reps, reasons(analysis)) == ((), {RejectionReason.ONE_LEG}), name


@pytest.mark.parametrize(
    ("lengths", "full", "refused"),
    [
        ((1.0, 0.71), 3, set()),
        ((1.0, 0.73), 0, {RejectionReason.ONE_LEG}),
        ((0.71, 1.0), 0, set()),  # the leg that is raised is not one: the other one lies
    ],
)
def test_a_leg_that_is_much_shorter_than_the_other_is_unknown(
    lengths: tuple[float, float], full: int, refused: set[RejectionReason]
) -> None:
    """Its landmarks are on somebody else, or made up."""
    analysis = performed(lambda _, x: Body(left=x, right=0, lengths=lengths))
    assert (analysis.summary.full, len(analysis.reps)) == (full, full)
    assert reasons(analysis) == refused


def test_the_leg_nearer_to_the_camera_may_be_the_one_that_is_unknown() -> None:
    analysis = performed(lambda _, x: Body(left=0, right=x, lengths=(0.71, 1.0)))
    assert analysis.summary.full == 3


def test_of_a_leg_that_nobody_measured_nothing_is_said() -> None:
    """A signal needs no more than times and hip angles."""
    analysis = performed(lambda _, x: Body(left=x), seen_as=lambda s: Sample(s.time_s, s.hip_deg))
    assert analysis.summary.full == 3
    assert min(rep.confidence for rep in analysis.reps) > 0.9
    assert WarningCode.STRAY_LEG not in [warning.code for warning in analysis.warnings]


@pytest.mark.parametrize(
    ("name", "together", "apart", "gone", "full"),
    [
        ("onto somebody in other trousers", 8, 15.1, nan, 3),
        ("beside the leg, or in the shade", 8, 15.0, nan, 0),
        ("a brace on one leg", 8.1, 40, nan, 0),
        ("not known", nan, nan, nan, 0),
        ("a leg still lies where both lay", 8, 40, 9, 0),
        ("none does", 8, 40, 9.1, 3),
    ],
)
def test_a_leg_that_changes_colour_when_the_legs_part_is_unknown(
    name: str, together: float, apart: float, gone: float, full: int
) -> None:
    def dressed(sample: Sample) -> Sample:
        differ = together if sample.other_hip_deg - sample.hip_deg < 20 else apart
        return replace(sample, shins_differ=differ, legs_gone=gone if sample.hip_deg < 150 else 2)

    analysis = performed(lambda _, x: Body(left=x, right=0), seen_as=dressed)
    assert (analysis.summary.full, len(analysis.reps)) == (full, full), name
    assert reasons(analysis) == (set() if full else {RejectionReason.ONE_LEG})


@pytest.mark.parametrize(
    ("name", "every", "jump_deg", "full"),
    [
        ("known throughout", 1000, nan, 0),
        ("lost for a sample now and then, as behind a chair", 25, nan, 0),
        ("lost in every fifteenth", 15, nan, 3),
        ("as quick as a dead bug", 30, 46, 0),
        ("faster than legs move", 30, 47.5, 3),
    ],
)
def test_a_leg_that_stays_behind_is_unknown_where_the_model_loses_and_finds_it_again(
    name: str, every: int, jump_deg: float, full: int
) -> None:
    """NaN is where no leg of that body can be. A sample is 1/15 s long."""

    def seen(sample: Sample) -> Sample:
        strays = round(15 * sample.time_s) % every == every - 1
        return replace(sample, other_hip_deg=sample.other_hip_deg - jump_deg) if strays else sample

    analysis = performed(lambda _, x: Body(left=x, right=0), seen_as=seen)
    assert (analysis.summary.full, len(analysis.reps)) == (full, full), name
    assert reasons(analysis) == (set() if full else {RejectionReason.ONE_LEG})


@pytest.mark.parametrize(
    ("name", "down", "up", "full"),
    [
        ("no leg lies there", 9, 15.1, 3),
        ("perhaps one lies there", 9, 15, 0),
        ("it looked different while the legs lay, too", 9.1, 40, 0),
        ("it is not known", nan, nan, 0),
        ("it is not known for the bottom", nan, 40, 0),
    ],
)
def test_a_leg_that_stays_behind_is_unknown_where_no_leg_lies_on_the_floor(
    name: str, down: float, up: float, full: int
) -> None:
    """What the picture shows where both lay."""

    def seen(sample: Sample) -> Sample:
        return replace(sample, legs_gone=up if sample.hip_deg < 150 else down)

    analysis = performed(lambda _, x: Body(left=x, right=0), seen_as=seen)
    assert (analysis.summary.full, len(analysis.reps)) == (full, full), name
    assert reasons(analysis) == (set() if full else {RejectionReason.ONE_LEG})


@pytest.mark.parametrize(
    ("name", "other", "full"),
    [
        ("held up all the time", lambda t, x: 80, 0),
        ("held up from the first top on", lambda t, x: x if t < 2 else 80, 1),
        ("held up half way", lambda t, x: 45, 0),
        ("comes along and sinks later", lambda t, x: x if t % 5.5 < 3 else max(x, 45 * (t % 5.5 < 5.3)), 3),
        ("goes down while the other one goes up", lambda t, x: 70 - x / 2, 3),
        ("goes down a bit", lambda t, x: 70 - x / 5, 0),
    ],
)
def test_a_leg_that_is_up_at_the_bottom_is_unknown_only_if_it_cannot_be_held_there(
    name: str, other: Callable[[float, float], float], full: int
) -> None:
    """Somebody may hold one leg up and lower the other one: no leg lies on the floor at the top either."""

    def seen(sample: Sample) -> Sample:
        return replace(sample, legs_gone=40 if sample.hip_deg < 150 else 2)

    analysis = performed(lambda t, x: Body(left=x, right=other(t, x)), seen_as=seen)
    assert analysis.summary.full == full, name


@pytest.mark.parametrize(
    ("name", "kick_deg", "until_s", "partial"),
    [
        ("flutter kicks", 7.0, 9.0, 0),
        ("one leg is ahead, and both come down", 7.0, 1.85, 1),
        ("legs that sway a little", 4.0, 9.0, 1),
    ],
)
def test_legs_that_kick_in_turn_from_the_floor_are_no_rep(
    name: str, kick_deg: float, until_s: float, partial: int
) -> None:
    """Both legs leave the floor together, to 18 and 36 degrees; then they pass each other, twice in 1.8 s."""

    def flexion(time_s: float, middle: float, swing: float) -> float:
        if not 1.0 <= time_s <= until_s + 0.4:
            return 0.0
        share = min((time_s - 1.0) / 0.4, (until_s + 0.4 - time_s) / 0.4, 1.0)
        return share * (middle + swing * cos(2 * pi * (time_s - 1.4) / 0.9))

    def sample(time_s: float) -> Sample:
        body = Body(left=flexion(time_s, 29.0, kick_deg), right=flexion(time_s, 29.0, -11.0))
        return angles.compute_sample(time_s, pose(body), "right")

    analysis = repcount.count([sample(i / 15) for i in range(90)])
    assert [rep.full for rep in analysis.reps] == [False] * partial, name
    assert reasons(analysis) == (set() if partial else {RejectionReason.ONE_LEG})


@pytest.mark.parametrize(("behind", "stray"), [(0, False), (30, True)])
def test_a_leg_that_comes_along_is_known_though_it_is_lost_now_and_then(behind: float, stray: bool) -> None:
    """Unless the legs are apart, for which the rep would be flagged."""

    def seen(sample: Sample) -> Sample:
        return replace(sample, other_hip_deg=nan) if round(15 * sample.time_s) % 10 == 0 else sample

    analysis = performed(lambda _, x: Body(left=x, right=max(x - behind, 0)), seen_as=seen)
    assert analysis.summary.full == 3
    assert (WarningCode.STRAY_LEG in [warning.code for warning in analysis.warnings]) is stray


def test_a_foot_that_stays_where_it_is_in_the_picture_is_on_the_floor_however_the_pelvis_tilts() -> None:
    """The hip angle of the leg that is kept down changes with the pelvis."""

    def tilted(sample: Sample) -> Sample:
        return replace(sample, other_hip_deg=sample.other_hip_deg - min(180 - sample.hip_deg, 18))

    analysis = performed(lambda _, x: Body(left=x, right=0), seen_as=tilted)
    assert (analysis.reps, reasons(analysis)) == ((), {RejectionReason.ONE_LEG})


def test_a_leg_that_is_unknown_leaves_some_doubt() -> None:
    known = performed(lambda _, x: Body(left=x, right=x)).reps[0].confidence
    unknown = performed(lambda _, x: Body(left=x, right=min(x, 18))).reps[0].confidence
    assert 0.7 < unknown < 0.95 * known


def test_knees_that_are_bent_below_the_floor_are_made_up() -> None:
    """Thighs that lie flat leave no room for the feet. The lower legs are in the dark then."""

    def hidden(_: float, x: float) -> Body:
        knee = 40 if x < 10 else 180
        return Body(left=x, right=x, left_knee=knee, right_knee=knee)

    analysis = performed(hidden)
    assert (analysis.summary.full, reasons(analysis)) == (3, set())


@pytest.mark.parametrize(("stray", "noted"), [(0, False), (1, False), (2, True), (3, True)])
def test_that_many_reps_were_judged_by_one_leg_is_said(stray: int, noted: bool) -> None:
    """Of three reps so many."""
    until_s = 1.5 + 5.5 * stray
    analysis = performed(lambda t, x: Body(left=x, right=min(x, 18) if t < until_s else x))
    assert analysis.summary.full == 3
    assert (WarningCode.STRAY_LEG in [warning.code for warning in analysis.warnings]) is noted


def test_whether_legs_pushed_off_or_landmarks_are_unsteady_only_their_jitter_tells() -> None:
    """Where they do not leave softly, two ways to tell the moment differ; noise alone is little doubt."""

    def pushed(time_s: float) -> float:
        """At an even 40° a second, up from 1.5 s on and down again after half a second."""
        return min(max(time_s - 1.5, 0) * 40, 85) - min(max(time_s - 4.125, 0) * 40, 85)

    def confidence(points: list[tuple[float, float]], noise_deg: float) -> float:
        rng = random.Random(1)
        seen = [Sample(time_s, 180 - lift - rng.gauss(0, noise_deg)) for time_s, lift in points]
        return min(rep.confidence for rep in repcount.count(seen).reps)

    pushing, seldom = ([(i / hz, pushed(i / hz)) for i in range(8 * hz)] for hz in (15, 8))
    assert confidence(pushing, 0.5) < 0.85 < 0.9 < confidence(pushing, 0)
    assert confidence(seldom, 0) < 0.9, "how they left shows in too few samples"
    assert confidence(flexions([Shape()] * 3), 0.5) > 0.9


@pytest.mark.parametrize(
    ("people", "doubted"),
    [([nan], False), ([1.0, nan], False), ([2.0, 1.0, 1.0], False), ([nan, 2.0, 2.0, 1.0], True), ([2.0], True)],
)
def test_of_several_who_lie_it_may_be_another_ones_rep(people: list[float], doubted: bool) -> None:
    """Where only one was looked for nothing is doubted."""
    told = cycle(people)
    alone = performed(lambda _, x: Body(left=x, right=x)).reps
    several = performed(
        lambda _, x: Body(left=x, right=x), seen_as=lambda sample: replace(sample, people_lying=next(told))
    ).reps
    expected = [rep.confidence * (0.75 if doubted else 1.0) for rep in alone]
    assert [rep.confidence for rep in several] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "mover"),
    [
        ("sit-up", lambda _, x: Body(left=x, right=x, trunk=x)),
        ("crunch, feet planted",
         lambda _, x: Body(left=50 + x / 3, right=50 + x / 3, trunk=x / 3, left_knee=80, right_knee=80)),
        ("bridge", lambda _, x: Body(left=x / 2, right=x / 2, trunk=x / 4 - 24, left_knee=85, right_knee=85)),
        ("squat", lambda _, x: Body(left=x, right=x, left_knee=180 - x, right_knee=180 - x, trunk=90 - x / 3)),
        ("bicycle", lambda _, x: Body(left=x, right=95 - x, left_knee=180 - x, right_knee=85 + x)),
        ("flutter", lambda _, x: Body(left=20 + x / 6, right=35 - x / 6)),
        ("lying still", lambda _, x: Body(left=x / 15, right=x / 15)),
        ("push-up", lambda _, x: Body(left=-5, right=-5, trunk=x / 6)),
    ],
)  # fmt: skip
def test_other_exercises_give_no_rep(name: str, mover: Mover) -> None:
    for shape in (Shape(), Shape(raise_s=0.7, hold_s=0, lower_s=0.7, pause_s=0)):
        assert performed(mover, *[shape] * 6).reps == (), name


def test_sitting_up_and_lying_down_around_a_set_is_not_counted() -> None:
    def arrive(time_s: float, flexion: float) -> Body:
        sits = time_s < 4 or time_s > 22
        return Body(left=80, right=80, trunk=80) if sits else Body(left=flexion, right=flexion)

    analysis = performed(arrive, *[Shape(top=3, rest=3)], *[Shape()] * 3, *[Shape(top=3, rest=3)])
    assert analysis.summary.full == 3
    assert len(analysis.reps) == 3


def test_a_cut_ends_what_was_under_way() -> None:
    def cut(time_s: float, flexion: float) -> Body:
        return Body(left=flexion, right=flexion, hip_px=(640, 500) if time_s < 3.0 else (200, 300))

    analysis = performed(cut, Shape(), Shape())
    assert (analysis.summary.full, reasons(analysis)) == (1, {RejectionReason.CUT})


def test_landmarks_that_jump_for_two_frames_are_no_cut() -> None:
    def glitch(time_s: float, flexion: float) -> Body:
        return Body(left=flexion, right=flexion, hip_px=(200, 300) if 2.4 < time_s < 2.55 else (640, 500))

    analysis = performed(glitch, Shape(), Shape())
    assert (analysis.summary.full, analysis.rejections) == (2, ())


def test_a_bad_view_lowers_the_confidence_and_says_so() -> None:
    side = performed(lambda _, x: Body(left=x, right=x)).reps[0]
    end = performed(lambda _, x: Body(left=x, right=x, yaw=70)).reps[0]
    assert side.confidence > 0.8
    assert end.confidence < 0.5
    assert Flag.LOW_CONFIDENCE in end.flags
    assert Flag.LOW_CONFIDENCE not in side.flags


def test_a_top_near_the_limit_is_less_sure_from_above() -> None:
    level = performed(lambda _, x: Body(left=x, right=x), Shape(top=75)).reps[0]
    above = performed(lambda _, x: Body(left=x, right=x, roll=-12), Shape(top=75)).reps[0]
    assert above.top_flexion_deg == pytest.approx(level.top_flexion_deg)
    assert (level.full, above.full) == (True, True)
    assert above.confidence < 0.95 * level.confidence


@pytest.mark.parametrize(
    ("readings", "flagged"),
    [
        ([nan], False),
        ([nan, nan, 0.0], True),
        ([0.0, 0.0, 0.0, 1.0], True),
        ([0.0, 0.0, 0.0, 1.0, 1.0], False),
    ],
    ids=str,
)
def test_hands_are_off_the_head_where_two_thirds_of_what_is_known_say_so(readings: list[float], flagged: bool) -> None:
    turn = cycle(readings)
    analysis = performed(
        lambda _, x: Body(left=x, right=x), seen_as=lambda sample: replace(sample, hands_on_head=next(turn))
    )
    assert {Flag.HANDS_OFF_HEAD in rep.flags for rep in analysis.reps} == {flagged}


def test_what_is_refused_takes_its_time_though_the_feet_never_rise() -> None:
    """Start and end are told by the feet, the top by the thighs."""
    slide = Shape(raise_s=1.0, hold_s=1.5, lower_s=1.0)
    refused = performed(lambda _, x: Body(x / 2, x / 2, left_knee=180 - x, right_knee=180 - x), slide).rejections
    assert [refusal.start_s < refusal.end_s for refusal in refused] == [True]


def test_knees_that_fold_while_the_thighs_stay_up_end_no_movement() -> None:
    """The feet are as low then as those of legs that are back."""

    def folds(time_s: float, flexion: float) -> Body:
        if 3.0 <= time_s < 3.5:
            return Body(flexion - 5, flexion - 5, left_knee=40, right_knee=40)
        return Body(flexion, flexion)

    analysis = performed(folds, Shape(raise_s=1.5, hold_s=1.5))
    spans = [(rep.start_s, rep.end_s) for rep in analysis.reps]
    assert spans == [pytest.approx((1.0, 6.0), abs=0.2)]
    assert analysis.rejections == ()


@pytest.mark.parametrize(("rest", "sure"), [(5, True), (20, True), (33, False)])
def test_who_starts_near_the_highest_bottom_is_believed_less(rest: float, sure: bool) -> None:
    (rep,) = performed(lambda _, x: Body(left=x, right=x), Shape(rest=rest)).reps
    assert rep.full
    assert (rep.confidence > 0.8) is sure

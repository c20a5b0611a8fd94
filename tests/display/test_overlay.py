"""What is drawn on a picture: it fits every size, says what it has to, and covers nobody."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import inf, nan

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from repcount import messages
from repcount.coaching import phrases
from repcount.coaching.events import SessionStatus, Stage
from repcount.display import hud, overlay
from repcount.display.widgets import AMBER, BLUE, TEXT, Box, Colour, Sizes, Verdict
from repcount.types import Flag, Phase, Pose, Rep

Image = NDArray[np.uint8]

SIZES = [(320, 240), (640, 360), (640, 480), (1280, 720), (1920, 1080), (720, 1280), (1080, 1920), (608, 1080)]
"""Width and height."""

GREY = 128


def plain(size: tuple[int, int] = (1280, 720)) -> Image:
    return np.full((size[1], size[0], 3), GREY, np.uint8)


def rep(*flags: Flag, full: bool = True) -> Rep:
    return Rep(12, 2, 1.0, 2.9, 5.2, 1.9, 0.2, 2.1, None, 91.0, 4.0, 170.0, full, flags, 0.9)


WORST = rep(*Flag, full=False)
"""A rep with all the words that a rep can get."""


def make_status(stage: Stage = Stage.COUNTING, **changes: object) -> SessionStatus:
    base = SessionStatus(
        stage,
        Phase.RAISE,
        full=12,
        partial=2,
        target=20,
        set=2,
        sets=3,
        session=32,
        today=62,
        day_limit=100,
        last=rep(),
        lift_deg=40.0,
        upright_deg=67.0,
        back_deg=20.0,
        rest_left_s=75.0,
        camera_hz=30.0,
        analysed_hz=15.0,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def lying(size: tuple[int, int] = (1280, 720)) -> Pose:
    """Somebody who lies in the middle, the head on the left, the left leg half way up, the right one down."""
    xy = np.full((33, 2), 0.5)
    xy[[11, 12]] = 0.3, 0.7
    xy[[23, 24]] = 0.5, 0.7
    xy[25], xy[27], xy[31] = (0.6, 0.55), (0.7, 0.4), (0.7, 0.35)
    xy[26], xy[28], xy[32] = (0.65, 0.72), (0.8, 0.72), (0.8, 0.65)
    return Pose(xy * size, np.zeros((33, 3)), np.ones(33))


def has(image: Image, colour: Colour) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (image == colour).all(axis=2)
    return mask


def height_of_largest(mask: NDArray[np.bool_]) -> int:
    """Height in pixels of the tallest thing in one piece."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return int(stats[1:, cv2.CC_STAT_HEIGHT].max())


# --- sizes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_the_panel_stays_inside_of_every_picture(size: tuple[int, int]) -> None:
    """The edge of the image stays as it was, however much is shown at once."""
    image, rim = plain(size), max(1, min(size) // 100)
    for corner, full in product(overlay.Corner, (0, 12, 104)):
        status = make_status(full=full, session=full, last=WORST)
        drawn = overlay.draw_overlay(image, None, "", status, corner)
        assert drawn.shape == image.shape
        edges = [drawn[:rim], drawn[-rim:], drawn[:, :rim], drawn[:, -rim:]]
        assert all((edge == drawn[-1, 0]).all() for edge in edges), (corner, full)
    assert (image == GREY).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (40, 2), (33, 17), (4000, 16)])
def test_pictures_in_which_nothing_could_be_read_are_drawn_on_without_an_error(size: tuple[int, int]) -> None:
    """What a damaged file or a camera may call a picture."""
    drawn = overlay.draw_overlay(plain(size), lying(), "left", make_status(last=WORST))
    assert drawn.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("size", [(320, 240), (640, 360), (1280, 720), (1920, 1080), (640, 480)])
def test_the_number_is_a_quarter_of_the_height_of_the_picture(size: tuple[int, int]) -> None:
    drawn = overlay.draw_overlay(plain(size), None, "", make_status(last=None))
    assert height_of_largest(has(drawn, TEXT)) >= 0.25 * size[1]


def test_in_a_tall_picture_the_number_is_sized_by_the_width() -> None:
    drawn = overlay.draw_overlay(plain((720, 1280)), None, "", make_status(lift_deg=nan))
    assert height_of_largest(has(drawn, TEXT)) >= 0.25 * 1.25 * 720


def test_the_panel_does_not_jump_from_nine_to_ten_nor_from_rep_to_rep() -> None:
    grounds = [
        overlay.draw_overlay(plain(), None, "", make_status(full=full, last=last))[:, :, 0] == GREY
        for full in (9, 10, 99)
        for last in (rep(), rep(Flag.FAST_LOWER), rep(Flag.SHORT_TOP, full=False))
    ]
    rows = {int((~ground).any(axis=1)[:500].sum()) for ground in grounds}
    columns = {int((~ground).any(axis=0)[:640].sum()) for ground in grounds}
    assert (len(rows), len(columns)) == (1, 1)


# --- the corner --------------------------------------------------------------------------------------------


def test_the_panel_goes_above_the_head() -> None:
    """There the legs never are."""
    left = lying()
    right = replace(left, xy_px=(1280, 0) - left.xy_px * (1, -1))
    assert overlay.corner_beside(left) is overlay.Corner.LEFT
    assert overlay.corner_beside(right) is overlay.Corner.RIGHT


def test_no_line_of_the_body_crosses_the_panel() -> None:
    """The skeleton was painted over its text."""
    over = replace(lying(), xy_px=np.full((33, 2), 100.0) + np.arange(33)[:, None] * 8)
    with_body = overlay.draw_overlay(plain(), over, "left", make_status())
    without = overlay.draw_overlay(plain(), None, "", make_status())
    assert has(with_body, TEXT)[:300, :300].sum() == pytest.approx(has(without, TEXT)[:300, :300].sum(), rel=0.01)


def test_nobody_and_somebody_upright_leave_the_panel_where_it_is() -> None:
    upright = Pose(lying().xy_px[:, ::-1], np.zeros((33, 3)), np.ones(33))
    unknown = replace(upright, xy_px=np.full((33, 2), nan))
    for pose, corner in product((None, upright, unknown), overlay.Corner):
        assert overlay.corner_beside(pose, corner) is corner


# --- the body ----------------------------------------------------------------------------------------------


def test_the_leg_that_counts_stands_out() -> None:
    """The left one is up, the right one down."""
    pose, status = lying(), SessionStatus(Stage.PLACING)
    for side, rows in (("left", slice(200, 500)), ("right", slice(460, 560))):
        blue = has(overlay.draw_overlay(plain(), pose, side, status), BLUE)
        assert blue[rows].sum() > 0.95 * blue.sum() > 500


def test_landmarks_that_are_hardly_visible_are_not_drawn() -> None:
    seen = lying()
    visibility = np.ones(33)
    visibility[[27, 28, 31, 32]] = 0.2
    shins = slice(860, 1100)
    status = SessionStatus(Stage.PLACING)
    assert (overlay.draw_overlay(plain(), seen, "left", status)[150:560, shins] != GREY).any()
    assert (
        overlay.draw_overlay(plain(), replace(seen, visibility=visibility), "left", status)[150:560, shins] == GREY
    ).all()


@given(
    x=st.sampled_from([nan, inf, -inf, 1e12, -1e12, 1e5, -300.0, 0.0, 319.0]),
    y=st.sampled_from([nan, inf, -1e12, 500.0, 120.0]),
    landmark=st.sampled_from(overlay.DRAWN),
    side=st.sampled_from(["left", "right", ""]),
)
def test_no_landmark_however_far_away_can_break_the_drawing(x: float, y: float, landmark: int, side: str) -> None:
    pose = lying((320, 240))
    pose.xy_px[landmark] = x, y
    assert overlay.draw_overlay(plain((320, 240)), pose, side, make_status()).shape == (240, 320, 3)


# --- gauge, words, stages ----------------------------------------------------------------------------------


GAUGE_BOX = Box(left=100, top=50, width=24, height=400)


def gauge_of(**changes: object) -> Image:
    image = plain()
    status = make_status(lift_deg=nan, upright_deg=nan, back_deg=nan)
    hud.draw_gauge(image, GAUGE_BOX, replace(status, **changes), Sizes(1280, 720))  # type: ignore[arg-type]
    return image


def first_row(mask: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(mask.any(axis=1))[0])


@pytest.mark.parametrize(("lift_deg", "row"), [(20.0, 370), (45.0, 270), (67.0, 182), (99.0, 54), (140.0, 50)])
def test_the_gauge_reaches_as_high_as_the_legs(lift_deg: float, row: int) -> None:
    assert first_row(has(gauge_of(lift_deg=lift_deg), TEXT)) == pytest.approx(row, abs=1)


def test_the_gauge_marks_both_thresholds() -> None:
    marks = has(gauge_of(upright_deg=67.0, back_deg=20.0), BLUE)
    rows = np.flatnonzero(marks.any(axis=1))
    assert [rows[rows < 300].mean(), rows[rows > 300].mean()] == pytest.approx([182, 370], abs=1)
    assert marks.any(axis=0).sum() > GAUGE_BOX.width


@pytest.mark.parametrize(("lift_deg", "colour"), [(66.0, TEXT), (67.0, BLUE), (-20.0, TEXT), (140.0, BLUE)])
def test_the_gauge_changes_its_colour_where_the_legs_count_as_upright(lift_deg: float, colour: Colour) -> None:
    foot = gauge_of(lift_deg=lift_deg, upright_deg=67.0)[435, 112]
    assert tuple(foot) == colour


def test_a_gauge_without_legs_is_empty() -> None:
    drawn = gauge_of()
    assert not (has(drawn, TEXT) | has(drawn, BLUE)).any()


def test_full_and_partial_differ_in_shape_not_in_colour_alone() -> None:
    """In a picture without colours a full rep has a whole disc, a partial one half of it."""
    filled = []
    for full, colour in ((True, BLUE), (False, AMBER)):
        image = plain()
        Verdict("", 100, full).draw(image, 10, 10, 500)
        filled.append(int(has(image, colour).sum()))
    assert 0.4 * filled[0] < filled[1] < 0.75 * filled[0]


def test_every_flag_has_words_but_the_one_that_is_a_note() -> None:
    assert {flag for flag in Flag if messages.flag_words((flag,))} == set(Flag) - {Flag.HANDS_OFF_HEAD}
    assert phrases.advice_for(rep(Flag.FAST_RAISE, Flag.FAST_LOWER, Flag.SHORT_TOP)) == "higher, slower"
    assert phrases.advice_for(rep(Flag.HANDS_OFF_HEAD)) == ""
    assert phrases.rep_times(rep()) == "1.9\u00a0s\u00a0up, 2.1\u00a0s\u00a0down"
    assert phrases.rep_times(replace(rep(Flag.BY_HAND), raise_s=nan)) == ""


STAGE_TEXTS = [
    (make_status(), "Set 2 of 3 · 20 reps", "12", "Raise"),
    (make_status(target=None, sets=None, set=1), "Full reps", "12", "Raise"),
    (make_status(target=None, sets=None), "Set 2", "12", "Raise"),
    (make_status(Stage.REST), "Rest", "1:15", "Set 2 of 3: 12 of 20 reps done"),
    (make_status(Stage.REST, target=12), "Rest", "1:15", "Set 2 of 3: 12 reps done"),
    (make_status(Stage.REST, rest_left_s=9.2, target=None, sets=None, set=1), "Rest", "0:10", "12 reps done"),
    (make_status(Stage.REST, rest_left_s=nan), "Rest", "12", "Set 2 of 3: 12 of 20 reps done"),
    (make_status(Stage.PAUSED), "Paused", "12", ""),
    (make_status(Stage.DONE, set=3), "All done", "32", "in 3 sets"),
    (make_status(Stage.NO_PICTURE), "No picture", "12", ""),
]


@pytest.mark.parametrize(("status", "title", "number", "phase"), STAGE_TEXTS)
def test_what_each_stage_says(status: SessionStatus, title: str, number: str, phase: str) -> None:
    below = phrases.phase_text(status).replace("\u00a0", " ")
    assert (phrases.set_title(status), phrases.number_text(status), below) == (title, number, phase)


def test_rates() -> None:
    assert phrases.rates_text(make_status()) == "30 fps, 15 analysed"
    assert phrases.rates_text(make_status(analysed_hz=29.0)) == "30 fps"
    assert phrases.rates_text(make_status(camera_hz=nan)) == ""
    assert phrases.target_text(make_status(upright_deg=67.0)) == phrases.target_text(make_status(upright_deg=nan)) == ""
    assert phrases.target_text(make_status(upright_deg=55.0)) == "target 55°"


def test_a_target_that_is_not_the_default_is_drawn() -> None:
    default, own = (overlay.draw_overlay(plain(), None, "", make_status(upright_deg=deg)) for deg in (67.0, 66.99))
    corner = (default != own)[650:, 900:]
    assert corner.any()


# --- helpers of the window ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "room"), [((640, 480), (1280, 720)), ((1920, 1080), (640, 480)), ((720, 1280), (1280, 720))]
)
def test_a_picture_is_fitted_into_the_window_with_its_body(size: tuple[int, int], room: tuple[int, int]) -> None:
    image, pose = overlay.fit(plain(size), lying(size), *room)
    height, width = image.shape[:2]
    assert width == room[0] or height == room[1]
    assert width <= room[0]
    assert height <= room[1]
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)
    assert pose is not None
    assert pose.xy_px == pytest.approx(lying((width, height)).xy_px, abs=1)

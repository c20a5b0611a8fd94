"""The screen of the live window: what is where, how large, and that nothing covers anything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import combinations
from math import hypot, nan

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.bodies import Body, pose

from repcount.coaching import phrases
from repcount.coaching.events import PARTIAL_CUES, Announcement, Cue, SessionStatus, Stage
from repcount.coaching.phrases import Button
from repcount.coaching.summary import Summary, summarize
from repcount.display import screen, widgets
from repcount.display.widgets import AMBER, BACKGROUND, TEXT, Box
from repcount.types import Flag, Phase, Pose, Rep

Image = NDArray[np.uint8]

SIZES = [(1280, 720), (1366, 768), (1920, 1080), (2560, 1600), (720, 1280), (640, 360), (1000, 900)]
PICTURES = [(1280, 720), (640, 480), (720, 1280)]

PAINT = (10, 200, 60)
"""The colour of pictures in these tests; nothing else has it."""


def picture(size: tuple[int, int] = (1280, 720)) -> Image:
    return np.full((size[1], size[0], 3), PAINT, np.uint8)


def rep(*flags: Flag, full: bool = True) -> Rep:
    return Rep(12, 2, 1.0, 2.9, 5.2, 1.9, 0.2, 2.1, None, 91.0, 4.0, 170.0, full, flags, 0.9)


COUNTING = SessionStatus(
    Stage.COUNTING, Phase.RAISE, full=12, partial=2, target=20, set=2, sets=3, session=32, today=62, day_limit=100,
    last=rep(), lift_deg=40.0, upright_deg=67.0, back_deg=20.0, camera_hz=30.0, analysed_hz=15.0,
)  # fmt: skip
STATUSES = {
    "ready": replace(COUNTING, stage=Stage.PLACING, full=0, session=0, last=None, problem=Cue.NOT_LYING),
    "counting": COUNTING,
    "worst": replace(COUNTING, full=104, partial=12, last=rep(*Flag, full=False), problem=Cue.TWO_PEOPLE),
    "rest": replace(COUNTING, stage=Stage.REST, rest_left_s=75.0),
    "paused": replace(COUNTING, stage=Stage.PAUSED),
    "lost": replace(COUNTING, stage=Stage.NO_PICTURE, problem=Cue.CAMERA_LOST),
    "done": replace(COUNTING, stage=Stage.DONE),
}


def changed(drawn: Image) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = (drawn != BACKGROUND).any(axis=2)
    return different


def around(box: Box) -> tuple[slice, slice]:
    """The rows and columns of a box, and the one pixel by which the smooth edge of a corner goes beyond."""
    rows = slice(max(box.top - 1, 0), box.top + box.height + 1)
    return rows, slice(max(box.left - 1, 0), box.left + box.width + 1)


def overlap(one: Box, other: Box) -> bool:
    across = min(one.left + one.width, other.left + other.width) > max(one.left, other.left)
    return across and min(one.top + one.height, other.top + other.height) > max(one.top, other.top)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("of", PICTURES, ids="{0[0]}x{0[1]}".format)
def test_everything_has_a_place_of_its_own_inside_of_the_window(size: tuple[int, int], of: tuple[int, int]) -> None:
    for cue in ("", "Higher", "It is too dark, switch on a light"):
        places = screen.layout(*size, of[0] / of[1], len(phrases.BUTTONS), cue)
        boxes = [places.panel, places.picture, places.cue, *places.buttons]
        assert all(box.width > 0 and box.height > 0 for box in boxes)
        assert all(box == box.clipped(*size) for box in boxes)
        assert not any(overlap(one, other) for one, other in combinations(boxes, 2))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (640, 360)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("status", STATUSES.values(), ids=STATUSES)
def test_texts_stay_in_their_places_and_leave_the_picture_alone(size: tuple[int, int], status: SessionStatus) -> None:
    for cue in (Announcement(Cue.DAY_LIMIT, 888), Announcement(Cue.HIGHER)):
        places = screen.layout(*size, 16 / 9, len(phrases.BUTTONS), screen.cue_text(status, cue)[0])
        drawn = screen.draw(size, picture(), None, "", status, cue)
        outside = changed(drawn)
        for box in (places.panel, places.cue, places.picture, *places.buttons):
            outside[around(box)] = False
        assert not outside.any()
        box = places.picture
        inside = drawn[box.top : box.top + box.height, box.left : box.left + box.width]
        assert len(np.unique(inside.reshape(-1, 3), axis=0)) <= 2, "the picture and its border"


@pytest.mark.parametrize("cue", Cue)
@pytest.mark.parametrize("size", [(640, 360), (720, 1280)], ids="{0[0]}x{0[1]}".format)
def test_every_sentence_fits(size: tuple[int, int], cue: Cue) -> None:
    for status, shown in ((COUNTING, Announcement(cue, 100)), (replace(STATUSES["ready"], problem=cue), None)):
        places = screen.layout(*size, 16 / 9, len(phrases.BUTTONS), screen.cue_text(status, shown)[0])
        drawn = changed(screen.draw(size, None, None, "", status, shown))
        for box in (places.panel, places.cue, *places.buttons):
            drawn[around(box)] = False
        assert not drawn.any()


# --- from three metres -------------------------------------------------------------------------------------

LAPTOPS = {"13.3 inch, 16:9": (13.3, (1366, 768)), "13.3 inch, 16:10, HiDPI": (13.3, (2560, 1600))}
"""Diagonal in inches and pixels."""

READABLE_CM = 1.5


def tallest_px(mask: NDArray[np.bool_]) -> int:
    """Height of the tallest letter."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return int(stats[1:, cv2.CC_STAT_HEIGHT].max())


@pytest.mark.parametrize("laptop", LAPTOPS.values(), ids=LAPTOPS)
@pytest.mark.parametrize("of", [(1280, 720), (720, 1280)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("cue", [Cue.HIGHER, Cue.LEGS_TOGETHER, Cue.TAKE_YOUR_TIME, Cue.GETTING_LOWER])
def test_count_and_cue_are_large_enough(laptop: tuple[float, tuple[int, int]], of: tuple[int, int], cue: Cue) -> None:
    """In a window that leaves the desktop a tenth of the height."""
    inches, (width, height) = laptop
    cm_per_px = 2.54 * inches / hypot(width, height)
    size = (width, round(0.9 * height))
    places = screen.layout(*size, of[0] / of[1], len(phrases.BUTTONS), phrases.shown_text(Announcement(cue)))
    drawn = screen.draw(size, picture(of), None, "", replace(COUNTING, lift_deg=nan), Announcement(cue))
    colour = AMBER if cue in PARTIAL_CUES else TEXT
    for box, ink in ((places.panel, TEXT), (places.cue, colour)):
        part = drawn[box.top : box.top + box.height, box.left : box.left + box.width]
        alike = np.abs(part.astype(int) - ink).max(axis=2) < 90
        assert tallest_px(alike) * cm_per_px >= READABLE_CM


# --- the picture -------------------------------------------------------------------------------------------


def test_the_picture_and_the_body_are_mirrored_and_the_texts_are_not() -> None:
    left_half = picture()
    left_half[:, :640] = 0
    body = pose(Body(left=80, right=80))
    mirrored, straight = (
        screen.draw((1280, 720), left_half, body, "left", COUNTING, None, mirror=mirror) for mirror in (True, False)
    )
    box = screen.layout(1280, 720, 16 / 9, len(phrases.BUTTONS)).picture
    inside = (slice(box.top, box.top + box.height), slice(box.left, box.left + box.width))
    flipped = np.abs(mirrored[inside][:, ::-1].astype(int) - straight[inside]).max(axis=2)
    assert (flipped < 40).mean() > 0.98
    mirrored[inside] = straight[inside]
    assert (mirrored == straight).all()


def test_an_upright_picture_uses_the_height() -> None:
    drawn = screen.draw((1920, 1080), picture((720, 1280)), None, "", COUNTING, Announcement(Cue.HIGHER))
    rows = np.flatnonzero((drawn == PAINT).all(axis=2).any(axis=1))
    assert len(rows) >= 0.85 * 1080


@pytest.mark.parametrize("stage", [Stage.NO_PICTURE, Stage.PAUSED])
def test_a_picture_that_is_not_of_now_is_dimmed(stage: Stage) -> None:
    drawn = screen.draw((1280, 720), picture(), None, "", replace(COUNTING, stage=stage), None)
    box = screen.layout(1280, 720, 16 / 9, len(phrases.BUTTONS)).picture
    assert 0 < drawn[box.top + box.height // 2, box.left + box.width // 2].max() < 0.5 * max(PAINT)


def test_before_the_first_picture_there_is_none() -> None:
    assert screen.draw((1280, 720), None, None, "", STATUSES["ready"], None).shape == (720, 1280, 3)


COORDINATES = st.sampled_from([nan, float("inf"), -1e12, -300.0, 0.0, 500.0])


@given(COORDINATES, COORDINATES)
def test_no_landmark_can_break_the_drawing(x: float, y: float) -> None:
    body: Pose = pose(Body())
    body.xy_px[25] = x, y
    assert screen.draw((320, 240), picture((320, 240)), body, "left", COUNTING, None).shape == (240, 320, 3)


# --- what is said ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "cue", "text", "colour"),
    [
        (COUNTING, None, "", AMBER),
        (COUNTING, Announcement(Cue.HIGHER), "Higher", AMBER),
        (COUNTING, Announcement(Cue.LAST_ONE), "Last one", TEXT),
        (replace(COUNTING, problem=Cue.FEET_OUT), None, phrases.shown_text(Announcement(Cue.FEET_OUT)), AMBER),
        (replace(COUNTING, problem=Cue.FEET_OUT), Announcement(Cue.HIGHER), "Higher", AMBER),
        (STATUSES["ready"], Announcement(Cue.RESUMED), "Lie down on your back", AMBER),
        (STATUSES["lost"], Announcement(Cue.HIGHER), "The camera is gone, trying again", AMBER),
    ],
)
def test_what_is_shown_in_large_letters(
    status: SessionStatus, cue: Announcement | None, text: str, colour: tuple[int, int, int]
) -> None:
    assert screen.cue_text(status, cue) == (text, colour)


def test_a_cue_stays_for_three_seconds_and_a_correction_until_the_next_rep() -> None:
    newest = screen.NewestCue()
    higher, last, done = Announcement(Cue.HIGHER), Announcement(Cue.LAST_ONE), Announcement(Cue.SET_DONE, 9)
    assert newest.at(1.0, [higher]) == higher
    assert newest.at(2.0, [last]) == higher
    assert newest.at(2.5, [Announcement(Cue.COUNT, 9), done]) == done
    assert newest.at(5.4) == done
    assert newest.at(5.6) is None


@pytest.mark.parametrize("problem", [Cue.NOBODY, Cue.TOO_DARK, Cue.NOT_LYING, Cue.NOT_STILL, Cue.FROM_THE_END])
def test_getting_ready_says_what_to_do(problem: Cue) -> None:
    assert len(phrases.instructions(replace(STATUSES["ready"], problem=problem)).split()) > 5
    assert phrases.instructions(COUNTING) == ""


def test_a_button_is_found_where_it_is_drawn_and_nowhere_else() -> None:
    for button, box in zip(
        phrases.BUTTONS, screen.layout(1280, 720, 16 / 9, len(phrases.BUTTONS)).buttons, strict=True
    ):
        assert screen.button_at((1280, 720), 16 / 9, box.left, box.top) is button
        assert screen.button_at((1280, 720), 16 / 9, box.left + box.width - 1, box.top + box.height - 1) is button
        assert screen.button_at((1280, 720), 16 / 9, box.left - 1, box.top) is None
    assert screen.button_at((1280, 720), 16 / 9, 640, 300) is None


# --- the summary -------------------------------------------------------------------------------------------

BEFORE = Summary(18, 3, 2, 10, 1.7, 2.0)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_the_summary_fits(size: tuple[int, int]) -> None:
    whole = Summary(104, 12, 4, 30, 1.9, 2.1, BEFORE, date(2026, 11, 24), 100)
    drawn = changed(screen.draw_summary(size, whole))
    assert drawn.any()
    assert not drawn[[0, -1]].any()
    assert not drawn[:, [0, -1]].any()


@pytest.mark.parametrize(
    ("summary", "rows"),
    [
        (Summary(20, 0, 1, 20, 1.9, 2.1), [("20", ""), ("1.9 s up, 2.1 s down", "")]),
        (
            Summary(20, 2, 2, 12, 1.9, 2.1, BEFORE, None, 18),
            [
                ("20", "last time 18 · your best so far"),
                ("2", "last time 3"),
                ("1.9 s up, 2.1 s down", "last time 1.7 s up, 2.0 s down"),
                ("12", "last time 10"),
            ],
        ),
        (Summary(20, 0, 1, 20, nan, nan, BEFORE, None, 24), [("20", "last time 18 · your best is 24")]),
    ],
)
def test_what_the_summary_says(summary: Summary, rows: list[tuple[str, str]]) -> None:
    assert [(row.value, row.before) for row in phrases.summary_rows(summary)] == rows


def test_a_summary_counts_sets_and_means_over_full_reps() -> None:
    by_hand = replace(rep(Flag.BY_HAND), raise_s=nan, lower_s=nan)
    reps = [replace(rep(), set=1), rep(), replace(rep(), raise_s=2.1), by_hand, rep(Flag.SHORT_TOP, full=False)]
    summary = summarize(reps)
    assert (summary.full, summary.partial, summary.sets, summary.best_set) == (4, 1, 2, 3)
    assert [summary.raise_s, summary.lower_s] == pytest.approx([(1.9 + 1.9 + 2.1) / 3, 2.1])


@pytest.mark.parametrize("stage", [Stage.REST, Stage.PAUSED, Stage.NO_PICTURE])
def test_the_button_that_ends_the_rest_says_so_in_a_pause_and_without_a_picture(stage: Stage) -> None:
    labels = [
        phrases.button_text(Button.NEXT, stage, resting=resting, full_screen=False)[0] for resting in (True, False)
    ]
    assert labels == ["End rest", "End set"]


@pytest.mark.parametrize(
    ("text", "room_px", "lines"),
    [
        ("The camera is gone, trying again", 600, ["The camera is gone,", "trying again"]),
        ("Set done, 20 and one", 400, ["Set done, 20", "and one"]),
        ("Set done, 20", 400, ["Set done, 20"]),
        ("Set done, 20", 200, ["Set done,", "20"]),
        ("Unbreakableandlongword", 400, ["Unbreakableandlongword"]),
    ],
)
def test_no_word_of_a_cue_is_left_alone_on_the_last_line(text: str, room_px: int, lines: list[str]) -> None:
    assert widgets.wrap_evenly(text, 40, 400, room_px, 3) == lines


@given(st.text("abc ,", max_size=60), st.integers(1, 400), st.integers(1, 5))
def test_even_lines_are_found_for_any_text_and_room_and_are_no_wider(text: str, room_px: int, max_lines: int) -> None:
    """Where there are as many lines as there may be, the last one gets wider as the others get narrower."""
    first = widgets.wrap_text(text, 20, 400, room_px, max_lines)
    evened = widgets.wrap_evenly(text, 20, 400, room_px, max_lines)
    assert "".join(evened).replace(" ", "") == text.replace(" ", "")
    assert len(evened) <= len(first)
    assert max(widgets.text_width(line, 20, 400) for line in evened) <= max(
        widgets.text_width(line, 20, 400) for line in first
    )


@pytest.mark.parametrize("cue", [Cue.DAY_LIMIT, Cue.PAUSED_OR_SET_DONE])
def test_a_long_cue_beside_an_upright_picture(cue: Cue) -> None:
    """Where the last of the most lines that there may be took turns with the others in being the widest."""
    for size in ((1280, 720), (1920, 1080)):
        drawn = screen.draw(size, picture((720, 1280)), None, "", COUNTING, Announcement(cue, 30))
        box = screen.layout(*size, 720 / 1280, len(phrases.BUTTONS)).cue
        assert changed(drawn[box.top : box.top + box.height, box.left : box.left + box.width]).any()

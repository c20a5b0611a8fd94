"""Every code has its sentence."""

from __future__ import annotations

import re

import pytest

from repcount.messages import REJECTION_SENTENCES, warning_sentence
from repcount.types import AnalysisWarning, RejectionReason, WarningCode

SENTENCES: dict[WarningCode, tuple[dict[str, float], str]] = {
    WarningCode.INTERRUPTED: ({"at_s": 12.34}, "stopped by hand at 12.3 s"),
    WarningCode.NO_TIMESTAMPS: (
        {"rate_hz": 29.97}, "the file has no usable time stamps: frames are taken as 29.97 a second"
    ),
    WarningCode.TIMESTAMPS_REPAIRED: (
        {"repaired": 3, "frames": 90},
        "time stamps that were missing, did not rise or jumped, and were replaced: 3 of 90",
    ),
    WarningCode.FILE_CUT_SHORT: (
        {"stated_s": 8.0, "read_s": 3.04}, "the file says that it lasts 8.0 s, but only 3.0 s of it can be read"
    ),
    WarningCode.FILE_BREAKS_OFF: (
        {"read_s": 3.04}, "the file breaks off at 3.0 s: it was not finished, or not copied to its end"
    ),
    WarningCode.PART_LEFT_OUT: (
        {"read_s": 3.04},
        "after 3.0 s the file goes on in another video stream, which was not read: cut it there for two videos",
    ),
    WarningCode.ANOTHER_PROGRAM: (
        {"videos": 2, "width": 640, "height": 360},
        "the file holds 2 videos, as of several programs: the first of the largest was counted, 640 by 360",
    ),
    WarningCode.PICTURE_SPOILED: (
        {"share": 0.9}, "the picture is spoiled in 90% of the video: data was lost when it was sent or copied"
    ),
    WarningCode.VIEW_REPEATED: (
        {}, "the picture shows the same view more than once, as for two eyes: the left or upper one was counted"
    ),
    WarningCode.PICTURE_BLANK: (
        {"share": 0.7}, "the picture is black, grey or of one colour in 70% of the video: nothing can be seen there"
    ),
    WarningCode.PICTURE_FROZEN: (
        {"share": 0.512},
        "the picture is frozen in 51% of the video: nothing in it changes. Was the recording interrupted?",
    ),
    WarningCode.FEW_FRAMES: (
        {"rate_hz": 4.97}, "only about 5 frames a second: fast reps may be missed, 10 and more are enough"
    ),
    WarningCode.NOBODY_FOUND: (
        {}, "nobody was found in the picture: the whole person has to be in it, lying, from the side"
    ),
    WarningCode.NEVER_READY: ({}, "counting never began: it is too dark, switch on a light"),
    WarningCode.RARELY_FOUND: ({"tracked": 0.426}, "the person was found in only 43% of the frames"),
    WarningCode.FEET_HIDDEN: ({}, "the feet were mostly out of the picture or hidden: move the camera back"),
    WarningCode.OBLIQUE_VIEW: (
        {}, "the camera looks from the head or the feet: angles are rough; put it at the side"
    ),
    WarningCode.UPSIDE_DOWN: (
        {}, "the legs move where no legs can, behind the back: is the video upside down? Turn it around"
    ),
    WarningCode.ONE_LEG_ALONE: (
        {}, "one leg moves alone: is it somebody else's, who lies behind you? Film one person at a time"
    ),
    WarningCode.STRAY_LEG: (
        {},
        "one leg seems to be somebody else's, who lies beside you: check the count, and film one person at a time",
    ),
    WarningCode.SMALL_PERSON: ({}, "the person is small in the picture: 2 to 3 m from the camera is best"),
    WarningCode.SEVERAL_LYING: (
        {"people": 2},
        "2 people lie in the picture: one of them was counted, check that it is you",
    ),
    WarningCode.MOVEMENTS_REJECTED: (
        {"movements": 3, "trunk_moved": 2}, "movements not counted: 2 of 3 (the trunk came up with the legs)"
    ),
    WarningCode.LOW_CONFIDENCE: (
        {"doubtful": 2, "reps": 9}, "reps that were hard to see: 2 of 9. Check the video"
    ),
    WarningCode.UNFINISHED_REP: (
        {"start_s": 5.0}, "the end cuts off a movement that began at 5.0 s: it is not counted"
    ),
    WarningCode.REPS_ADDED: ({"added": 1, "reps": 4}, "reps added by hand: 1 of 4"),
    WarningCode.REPS_REMOVED: ({"removed": 1}, "reps taken off by hand: 1"),
    WarningCode.OWN_TARGET: (
        {"target_deg": 51.0, "upright_deg": 67.0},
        "the target is 51°: a rep is full from there on, not from upright (67°)",
    ),
    WarningCode.TARGET_SET: (
        {"target_deg": 51.0, "at_s": 30.04, "reps": 3},
        "the target was set to 51° at 30.0 s; partial reps before it that count: 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", WarningCode)
def test_every_warning_has_its_sentence(code: WarningCode) -> None:
    facts, sentence = SENTENCES[code]
    obstacle = "it is too dark, switch on a light" if code is WarningCode.NEVER_READY else ""
    assert warning_sentence(AnalysisWarning(code, facts, obstacle)) == sentence


@pytest.mark.parametrize("reason", RejectionReason)
def test_every_reason_has_a_sentence_of_its_own(reason: RejectionReason) -> None:
    assert list(REJECTION_SENTENCES.values()).count(REJECTION_SENTENCES[reason]) == 1


@pytest.mark.parametrize("code", [*WarningCode, *RejectionReason])
def test_a_code_is_the_name_in_small_letters(code: WarningCode | RejectionReason) -> None:
    assert code.value == code.name.lower()
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)

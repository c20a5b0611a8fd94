"""Every word that a session says or shows of what is asked, in English: the one place to translate."""

from __future__ import annotations

from collections.abc import Sequence

from repcount.moment import Announcement, Cue, Stage
from repcount.records import Flag

_SPOKEN = {
    Cue.COUNT: "{n}",
    Cue.HIGHER: "higher",
    Cue.ALL_THE_WAY_DOWN: "all the way down",
    Cue.SLOWER: "slower",
    Cue.LEGS_STRAIGHT: "legs straight",
    Cue.LEGS_TOGETHER: "legs together",
    Cue.LAST_FIVE: "last five",
    Cue.SET_DONE: "set done, {n}",
    Cue.REST_SOON_OVER: "{n} seconds",
    Cue.REST_OVER: "rest over, set {n}",
    Cue.WORKOUT_DONE: "all done, {n} in all",
    Cue.DAY_LIMIT: "that makes {n} today, enough for one day",
    Cue.READY: "ready",
    Cue.NOBODY: "I see nobody",
    Cue.NOT_LYING: "lie down on your back",
    Cue.NOT_STILL: "lie flat and still",
    Cue.HEAD_OUT: "your head is out of the picture, turn the camera to it",
    Cue.FEET_OUT: "your feet are out of the picture, move the camera back",
    Cue.FROM_THE_END: "put the camera at your side",
    Cue.TOO_FAR: "the camera is too far away",
    Cue.TOO_DARK: "it is too dark",
    Cue.TWO_PEOPLE: "I see two people and count the one lying down",
    Cue.PAUSED: "paused",
    Cue.GOING_ON: "going on",
    Cue.RESTARTED: "from the start",
    Cue.ADDED: "{n}, by hand",
    Cue.REMOVED: "one less, {n}",
    Cue.CAMERA_LOST: "the camera is gone, trying again",
    Cue.CAMERA_BUSY: "another program has the camera",
    Cue.CAMERA_REFUSED: "I may not use the camera",
    Cue.CAMERA_FROZEN: "the camera picture stands still",
    Cue.CAMERA_BACK: "the camera is back",
    Cue.CAMERA_SLOW: "the camera is slow, more light may help",
    Cue.SLOWED_DOWN: "this computer is busy, I look less often",
}

_ASKED = {
    Flag.SHORT_TOP: "higher",
    Flag.SHORT_BOTTOM: "all the way down",
    Flag.FAST_RAISE: "raise slower",
    Flag.FAST_LOWER: "lower slower",
    Flag.BENT_KNEES: "legs straight",
    Flag.LEGS_APART: "legs together",
    Flag.LOW_CONFIDENCE: "hard to see",
    Flag.BY_HAND: "by hand",
}
"""What each flag of a rep asks for. Hands off the head are told once, not at every rep."""

_SHOWN = {
    Stage.PLACING: "Getting ready",
    Stage.COUNTING: "",
    Stage.REST: "Rest",
    Stage.PAUSED: "Paused",
    Stage.DONE: "All done",
    Stage.NO_PICTURE: "No picture",
}


def spoken_text(notice: Announcement) -> str:
    """What is said, in as few words as will do."""
    return _SPOKEN[notice.cue].format(n=notice.number)


def shown_text(notice: Announcement) -> str:
    """The same to read."""
    text = spoken_text(notice)
    return text[:1].upper() + text[1:]


def set_headline(stage: Stage) -> str:
    """The stage to read; empty while counting, where the number says it all."""
    return _SHOWN[stage]


def flag_words(found: Sequence[Flag]) -> str:
    """What the flags of a rep ask for, to read; empty where they ask for nothing."""
    asked = [_ASKED[flag] for flag in found if flag in _ASKED]
    if {Flag.FAST_RAISE, Flag.FAST_LOWER} <= set(found):
        asked = ["slower" if word == "raise slower" else word for word in asked if word != "lower slower"]
    return ", ".join(asked)

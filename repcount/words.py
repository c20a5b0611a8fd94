"""Every word that a session says or shows of what is asked, in English: the one place to translate."""

from __future__ import annotations

from collections.abc import Sequence

from repcount.moment import Notice, Say, Stage
from repcount.records import Flag

_SPOKEN = {
    Say.COUNT: "{n}",
    Say.HIGHER: "higher",
    Say.ALL_THE_WAY_DOWN: "all the way down",
    Say.SLOWER: "slower",
    Say.LEGS_STRAIGHT: "legs straight",
    Say.LEGS_TOGETHER: "legs together",
    Say.LAST_FIVE: "last five",
    Say.SET_DONE: "set done, {n}",
    Say.REST_SOON_OVER: "{n} seconds",
    Say.REST_OVER: "rest over, set {n}",
    Say.WORKOUT_DONE: "all done, {n} in all",
    Say.DAY_LIMIT: "that makes {n} today, enough for one day",
    Say.READY: "ready",
    Say.NOBODY: "I see nobody",
    Say.NOT_LYING: "lie down on your back",
    Say.NOT_STILL: "lie flat and still",
    Say.HEAD_OUT: "your head is out of the picture, turn the camera to it",
    Say.FEET_OUT: "your feet are out of the picture, move the camera back",
    Say.FROM_THE_END: "put the camera at your side",
    Say.TOO_FAR: "the camera is too far away",
    Say.TOO_DARK: "it is too dark",
    Say.TWO_PEOPLE: "I see two people and count the one lying down",
    Say.PAUSED: "paused",
    Say.GOING_ON: "going on",
    Say.RESTARTED: "from the start",
    Say.ADDED: "{n}, by hand",
    Say.REMOVED: "one less, {n}",
    Say.CAMERA_LOST: "the camera is gone, trying again",
    Say.CAMERA_BUSY: "another program has the camera",
    Say.CAMERA_REFUSED: "I may not use the camera",
    Say.CAMERA_FROZEN: "the camera picture stands still",
    Say.CAMERA_BACK: "the camera is back",
    Say.CAMERA_SLOW: "the camera is slow, more light may help",
    Say.SLOWED_DOWN: "this computer is busy, I look less often",
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


def spoken(notice: Notice) -> str:
    """What is said, in as few words as will do."""
    return _SPOKEN[notice.say].format(n=notice.number)


def shown(notice: Notice) -> str:
    """The same to read."""
    text = spoken(notice)
    return text[:1].upper() + text[1:]


def headline(stage: Stage) -> str:
    """The stage to read; empty while counting, where the number says it all."""
    return _SHOWN[stage]


def flags(found: Sequence[Flag]) -> str:
    """What the flags of a rep ask for, to read; empty where they ask for nothing."""
    asked = [_ASKED[flag] for flag in found if flag in _ASKED]
    if {Flag.FAST_RAISE, Flag.FAST_LOWER} <= set(found):
        asked = ["slower" if word == "raise slower" else word for word in asked if word != "lower slower"]
    return ", ".join(asked)

"""Every phrase that a session says or shows, in English: the one place to translate."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isnan

from repcount.coaching.events import Announcement, Cue, SessionStatus, Stage
from repcount.types import Flag, Phase, Rep

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


def stage_text(stage: Stage) -> str:
    """The stage to read; empty while counting, where the number says it all."""
    return _SHOWN[stage]


def flag_words(found: Sequence[Flag]) -> str:
    """What the flags of a rep ask for, to read; empty where they ask for nothing."""
    asked = [_ASKED[flag] for flag in found if flag in _ASKED]
    if {Flag.FAST_RAISE, Flag.FAST_LOWER} <= set(found):
        asked = ["slower" if word == "raise slower" else word for word in asked if word != "lower slower"]
    return ", ".join(asked)


_PHASE_WORDS = {
    Phase.UNKNOWN: "",
    Phase.PAUSE: "Down",
    Phase.RAISE: "Raise",
    Phase.HOLD: "Hold",
    Phase.LOWER: "Lower",
}

_KEYS = ("n next set", "r start again", "+ - correct", "f full screen", "q quit")


def key_help(stage: Stage) -> str:
    """What the keys of the window do, when there is time to read it; to be broken only between two keys."""
    if stage not in (Stage.PLACING, Stage.PAUSED, Stage.DONE):
        return ""
    told = ("space go on" if stage is Stage.PAUSED else "space pause", *_KEYS)
    return " ".join(f"{key}   ".replace(" ", "\u00a0") for key in told).rstrip()


def shows_rest_timer(standing: SessionStatus) -> bool:
    """Whether there is rest left to show; once it is over, what shows is the set that comes."""
    return standing.stage is Stage.REST and not standing.rest_left_s <= 0


def set_title(standing: SessionStatus) -> str:
    """The line above the number: the stage, or while counting the set."""
    if standing.stage is Stage.REST and not shows_rest_timer(standing):
        return plan_progress(standing)
    return stage_text(standing.stage) or plan_progress(standing)


def plan_progress(standing: SessionStatus) -> str:
    """Set and plan."""
    goal = f"{standing.target} reps" if standing.target else ""
    if standing.sets:
        within = f"Set {standing.set} of {standing.sets}"
    else:
        within = f"Set {standing.set}" if standing.set > 1 else ""
    return " · ".join(part for part in (within, goal) if part) or "Full reps"


def number_text(standing: SessionStatus) -> str:
    """The big number: full reps of the set, of the session when all is done, or the rest left."""
    if shows_rest_timer(standing) and not isnan(standing.rest_left_s):
        minutes, seconds = divmod(ceil(standing.rest_left_s), 60)
        return f"{minutes}:{seconds:02d}"
    return str(standing.session if standing.stage is Stage.DONE else standing.full)


def phase_text(standing: SessionStatus) -> str:
    """Where the legs are; during the rest what the set came to, in the end in how many sets it was done."""
    if shows_rest_timer(standing):
        done = f"{standing.full} of {standing.target}" if standing.target else f"{standing.full} full"
        return f"{plan_progress(standing).partition(' · ')[0]}: {done}" if standing.sets or standing.set > 1 else done
    if standing.stage is Stage.DONE:
        return f"in {standing.set} sets" if standing.set > 1 else ""
    return _PHASE_WORDS[standing.phase] if standing.stage in (Stage.COUNTING, Stage.REST) else ""


def partial_text(standing: SessionStatus) -> str:
    """How many partial reps there were in this set."""
    return f"{standing.partial} partial" if standing.partial else ""


def rep_verdict(rep: Rep) -> str:
    """Full or partial."""
    return "Full" if rep.full else "Partial"


def advice_for(rep: Rep) -> str:
    """What the flags of a rep ask for, to be broken only between two things; empty where there are none."""
    return ", ".join(part.replace(" ", "\u00a0") for part in flag_words(rep.flags).split(", "))


def rep_times(rep: Rep) -> str:
    """How long the legs took up and down."""
    if isnan(rep.raise_s) or isnan(rep.lower_s):
        return ""
    return f"{rep.raise_s:.1f} s up, {rep.lower_s:.1f} s down"


def today_text(standing: SessionStatus) -> str:
    """The day's full reps against its limit; empty where nothing of the day is known."""
    if not standing.today:
        return ""
    return f"Today {standing.today} of {standing.day_limit}" if standing.day_limit else f"Today {standing.today}"


def rates_text(standing: SessionStatus) -> str:
    """Frames a second, and how many of them are analysed where that differs."""
    if isnan(standing.camera_hz):
        return ""
    shown = f"{standing.camera_hz:.0f} fps"
    fewer = standing.analysed_hz < 0.9 * standing.camera_hz
    return f"{shown}, {standing.analysed_hz:.0f} analysed" if fewer else shown

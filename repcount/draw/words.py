"""What a picture says, in English."""

from __future__ import annotations

from math import ceil, isnan

from repcount.moment import SessionStatus, Stage
from repcount.records import Phase, Rep
from repcount.words import flag_words, set_headline

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


def rest_text(standing: SessionStatus) -> bool:
    """Whether there is rest left to show; once it is over, what shows is the set that comes."""
    return standing.stage is Stage.REST and not standing.rest_left_s <= 0


def set_title(standing: SessionStatus) -> str:
    """The line above the number: the stage, or while counting the set."""
    if standing.stage is Stage.REST and not rest_text(standing):
        return plan_progress(standing)
    return set_headline(standing.stage) or plan_progress(standing)


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
    if rest_text(standing) and not isnan(standing.rest_left_s):
        minutes, seconds = divmod(ceil(standing.rest_left_s), 60)
        return f"{minutes}:{seconds:02d}"
    return str(standing.session if standing.stage is Stage.DONE else standing.full)


def phase_text(standing: SessionStatus) -> str:
    """Where the legs are; during the rest what the set came to, in the end in how many sets it was done."""
    if rest_text(standing):
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

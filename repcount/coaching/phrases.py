"""Every phrase that a live session says or shows; the English ones are the keys of the catalogues in `locale`."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, isnan

from repcount import language, messages
from repcount.coaching.events import Announcement, Cue, SessionStatus, Stage
from repcount.coaching.summary import Summary
from repcount.language import gettext as _
from repcount.language import ngettext
from repcount.types import UPRIGHT_DEG, Flag, Phase, Rep

_CUE_PHRASES = {
    Cue.COUNT: "{n}",
    Cue.HIGHER: "higher",
    Cue.ALL_THE_WAY_DOWN: "all the way down",
    Cue.LEGS_STRAIGHT: "legs straight",
    Cue.LEGS_TOGETHER: "legs together",
    Cue.SLOWER: "slower",
    Cue.RAISE_SLOWER: "raise slower",
    Cue.LOWER_SLOWER: "lower slower",
    Cue.TAKE_YOUR_TIME: "take your time",
    Cue.GETTING_LOWER: "you are getting lower",
    Cue.GETTING_FASTER: "you are getting faster",
    Cue.HALFWAY: "halfway",
    Cue.LAST_FIVE: "last five",
    Cue.LAST_ONE: "last one",
    Cue.SET_DONE: "set done, {n}",
    Cue.SET_BEGINS: "set {n}",
    Cue.REST_SOON_OVER: "{n} seconds",
    Cue.COUNTDOWN: "{n}",
    Cue.REST_OVER: "rest over, set {n}",
    Cue.WORKOUT_DONE: "workout done, {n} reps",
    Cue.DAY_LIMIT: "that makes {n} today, enough for one day",
    Cue.READY: "ready",
    Cue.NOBODY: "I can't see you",
    Cue.NOT_LYING: "lie down on your back",
    Cue.NOT_STILL: "lie flat and still",
    Cue.HEAD_OUT: "your head is out of the picture, turn the camera to it",
    Cue.FEET_OUT: "your feet are out of the picture, move the camera back",
    Cue.FROM_THE_END: "put the camera at your side",
    Cue.TOO_FAR: "the camera is too far away",
    Cue.TOO_DARK: "it is too dark, switch on a light",
    Cue.TWO_PEOPLE: "I see two people and count one of them",
    Cue.PAUSED: "paused",
    Cue.PAUSED_OR_SET_DONE: "paused, both arms apart to end the set",
    Cue.RESUMED: "resumed",
    Cue.RESTARTED: "set restarted",
    Cue.ADDED: "{n}, by hand",
    Cue.REMOVED: "back to {n}",
    Cue.ARM_PAUSES: "the arm nearer the camera up to pause, both up, towards feet and head, to end the set",
    Cue.OFFER_TARGET: "press t to count these",
    Cue.TARGET_SET: "counting from {n} degrees",
    Cue.NO_TARGET: "no partial rep to count",
    Cue.CAMERA_LOST: "the camera is gone, trying again",
    Cue.CAMERA_BUSY: "another program has the camera",
    Cue.CAMERA_REFUSED: "I may not use the camera",
    Cue.CAMERA_FROZEN: "the camera picture stands still",
    Cue.CAMERA_BACK: "the camera is back",
    Cue.CAMERA_SLOW: "the camera is slow, more light may help",
    Cue.SLOWED_DOWN: "this computer is busy, I look less often",
}
"""Each cue in as few words as possible; `{n}` is its number."""

_STAGE_TEXTS = {
    Stage.PLACING: "Getting ready",
    Stage.COUNTING: "",
    Stage.REST: "Rest",
    Stage.PAUSED: "Paused",
    Stage.DONE: "All done",
    Stage.NO_PICTURE: "No picture",
}

_PHASE_TEXTS = {
    Phase.UNKNOWN: "",
    Phase.PAUSE: "Down",
    Phase.RAISE: "Raise",
    Phase.HOLD: "Hold",
    Phase.LOWER: "Lower",
}


class Button(enum.StrEnum):
    """A button of the window, by the key that does the same."""

    PAUSE = " "
    NEXT = "n"
    RESTART = "r"
    REMOVE = "-"
    ADD = "+"
    TARGET = "t"
    FULL_SCREEN = "f"
    QUIT = "q"


BUTTONS = tuple(Button)

_SPACE = "space"

_BUTTON_TEXTS = {
    Button.PAUSE: ("Pause", _SPACE),
    Button.NEXT: ("End set", "n"),
    Button.RESTART: ("Set again", "r"),
    Button.REMOVE: ("One less", "-"),
    Button.ADD: ("One more", "+"),
    Button.TARGET: ("Count these", "t"),
    Button.FULL_SCREEN: ("Full screen", "f"),
    Button.QUIT: ("Quit", "q"),
}
"""What a button does, and its key."""

_RESUME = "Resume"
_END_REST = "End rest"
_LEAVE_FULL_SCREEN = "Window"

_TERMINAL_KEYS = (
    "Keys: space pause, n end set or rest, r set again, + - correct the count, t count partial reps, q quit"
)

_LYING_DOWN = (
    "Lie on your back, your side to the camera, all of you in the picture. Lie still until I say ready, then begin."
)
_INSTRUCTIONS = {
    Cue.NOBODY: "Is the lens free? The camera has to see you from the side, from head to feet.",
    Cue.TOO_DARK: "Switch on a lamp beside the camera, or open the curtains. No light should shine into the lens.",
    Cue.NOT_LYING: _LYING_DOWN,
    Cue.NOT_STILL: "Legs down and together, and still for one second. Then I say ready.",
    Cue.FROM_THE_END: "The camera has to see you from the side: turn the mat, or move the camera.",
    Cue.CAMERA_LOST: "Your count is kept. Check the cable, or the phone.",
    Cue.CAMERA_BUSY: "Your count is kept. Close the other program.",
    Cue.CAMERA_REFUSED: "Your count is kept. Allow the camera in the settings of the system.",
    Cue.CAMERA_FROZEN: "Your count is kept. Restart the camera if it stays so.",
}
"""What helps, where counting is prevented."""

_SUMMARY_TITLE = "Well done"
_SUMMARY_CLOSES = "Any key closes this"
_SUMMARY_NAMES = {"partial": "partial", "tempo": "tempo", "best_set": "best set"}
_LAST_TIME = "last time {value}"
_BEST = "your best so far"
_BEST_BEFORE = "your best is {value}"

_PRAISED_REPS = 3
"""Heuristic: fewer are a try, not a set."""

_NO_BREAK_SPACE = "\u00a0"

# --- Announcements ---


def spoken_text(announcement: Announcement) -> str:
    """The announcement as it is spoken."""
    return _text(announcement, language.spoken)


def english_text(announcement: Announcement) -> str:
    """The announcement in English, as the catalogues have it."""
    return _text(announcement, str)


def shown_text(announcement: Announcement) -> str:
    """The announcement as it is shown."""
    return _capitalized(_text(announcement, _))


def _text(announcement: Announcement, translate: Callable[[str], str]) -> str:
    number = announcement.number
    if announcement.cue is Cue.WORKOUT_DONE and number == 1:
        return translate("workout done, 1 rep")
    return translate(_CUE_PHRASES[announcement.cue]).format(n=number)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- Status ---


def stage_text(stage: Stage) -> str:
    """The stage, e.g. `Paused`; empty while counting, where the number says it all."""
    return _(_STAGE_TEXTS[stage])


def set_title(status: SessionStatus) -> str:
    """The title above the big number: the stage, or the set and plan while counting."""
    return stage_text(status.stage) or _set_and_plan(status)


def number_text(status: SessionStatus) -> str:
    """The big number: full reps of the set, full reps of the session when it is done, or the rest left as m:ss."""
    if status.stage is Stage.REST and not isnan(status.rest_left_s):
        minutes, seconds = divmod(ceil(max(status.rest_left_s, 0.0)), 60)
        return f"{minutes}:{seconds:02d}"
    return str(status.session if status.stage is Stage.DONE else status.full)


def phase_text(status: SessionStatus) -> str:
    """The line below the big number: the phase; result of the set while resting; number of sets when all are done."""
    if status.stage is Stage.REST:
        if status.target and status.full < status.target:
            result = _("{n} of {target} reps done").format(n=status.full, target=status.target)
        else:
            result = ngettext("{n} rep done", "{n} reps done", status.full).format(n=status.full)
        result = result.replace(" ", _NO_BREAK_SPACE, 1)  # the number stays with what it counts
        return f"{_set_text(status)}: {result}" if status.sets or status.set > 1 else result
    if status.stage is Stage.DONE:
        return _("in {n} sets").format(n=status.set) if status.set > 1 else ""
    return _(_PHASE_TEXTS[status.phase]) if status.stage is Stage.COUNTING else ""


def _set_and_plan(status: SessionStatus) -> str:
    """E.g. `Set 2 of 3 · 30 reps`, as far as known."""
    planned = ngettext("{n} rep", "{n} reps", status.target).format(n=status.target) if status.target else ""
    return " · ".join(part for part in (_set_text(status), planned) if part) or _("Full reps")


def _set_text(status: SessionStatus) -> str:
    if status.sets:
        return _("Set {n} of {sets}").format(n=status.set, sets=status.sets)
    return _("Set {n}").format(n=status.set) if status.set > 1 else ""


def partial_text(status: SessionStatus) -> str:
    """The partial reps of this set; empty if there are none."""
    return ngettext("{n} partial", "{n} partial", status.partial).format(n=status.partial) if status.partial else ""


def today_text(status: SessionStatus) -> str:
    """The day's full reps and its limit, and how many reps are not saved; empty before the day's first rep."""
    if not status.today and not status.unsaved:
        return ""
    text = _("Today {n} of {limit}") if status.day_limit else _("Today {n}")
    today = text.format(n=status.today, limit=status.day_limit)
    return ", ".join(part for part in (today, unsaved_text(status)) if part)


def unsaved_text(status: SessionStatus) -> str:
    """How many reps have been announced and are not in the history yet; empty if there are none."""
    return _("{n} not saved yet").format(n=status.unsaved) if status.unsaved else ""


def target_text(status: SessionStatus) -> str:
    """A target of the person's own; empty for the default."""
    own = not isnan(status.upright_deg) and status.upright_deg != UPRIGHT_DEG
    return messages.target(status.upright_deg) if own else ""


def rates_text(status: SessionStatus) -> str:
    """The camera's frame rate, and how many frames are analysed if markedly fewer; empty if unknown."""
    if isnan(status.camera_hz):
        return ""
    fewer = status.analysed_hz < 0.9 * status.camera_hz
    text = _("{camera} fps, {analysed} analysed") if fewer else _("{camera} fps")
    return text.format(camera=f"{status.camera_hz:.0f}", analysed=f"{status.analysed_hz:.0f}")


def terminal_keys() -> str:
    """The keys of the terminal."""
    return _(_TERMINAL_KEYS)


def button_text(button: Button, stage: Stage, *, resting: bool, full_screen: bool) -> tuple[str, str]:
    """What a button does now, and its key. A rest may be paused, or go on without a picture."""
    label, key = _BUTTON_TEXTS[button]
    if button is Button.PAUSE and stage is Stage.PAUSED:
        label = _RESUME
    if button is Button.NEXT and resting:
        label = _END_REST
    leave = button is Button.FULL_SCREEN and full_screen
    return _(_LEAVE_FULL_SCREEN if leave else label), _(key) if key == _SPACE else key


def instructions(status: SessionStatus) -> str:
    """What to do, while counting is prevented; empty otherwise."""
    if status.stage not in (Stage.PLACING, Stage.NO_PICTURE):
        return ""
    return _(_LYING_DOWN if status.problem is None else _INSTRUCTIONS.get(status.problem, _LYING_DOWN))


# --- The summary ---


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One figure of the summary: its value, its name, and how it was before."""

    value: str
    name: str
    before: str = ""
    large: bool = False


def summary_title() -> str:
    """Above the summary."""
    return _(_SUMMARY_TITLE)


def summary_closes() -> str:
    """How to close the summary."""
    return _(_SUMMARY_CLOSES)


def summary_rows(summary: Summary) -> list[SummaryRow]:
    """The summary, the most important figure first."""
    before, names = summary.before, _SUMMARY_NAMES
    full = ngettext("full rep", "full reps", summary.full)
    rows = [SummaryRow(str(summary.full), full, _full_before(summary), large=True)]
    if summary.partial:
        partial = _(_LAST_TIME).format(value=before.partial) if before else ""
        rows.append(SummaryRow(str(summary.partial), _(names["partial"]), partial))
    if tempo := _tempo(summary):
        tempo_before = _(_LAST_TIME).format(value=_tempo(before)) if before and _tempo(before) else ""
        rows.append(SummaryRow(tempo, _(names["tempo"]), tempo_before))
    if summary.sets > 1:
        best = _(_LAST_TIME).format(value=before.best_set) if before else ""
        rows.append(SummaryRow(str(summary.best_set), _(names["best_set"]), best))
    return rows


def _full_before(summary: Summary) -> str:
    """E.g. `last time 18 · your best is 24`."""
    if summary.before is None:
        return ""
    best = _(_BEST) if summary.is_best else _(_BEST_BEFORE).format(value=max(summary.best_full, summary.full))
    return f"{_(_LAST_TIME).format(value=summary.before.full)} · {best}"


def _tempo(summary: Summary) -> str:
    known = not isnan(summary.raise_s + summary.lower_s)
    return _up_and_down(summary.raise_s, summary.lower_s) if known else ""


# --- Reps ---


def rep_verdict(rep: Rep) -> str:
    """`Full` or `Partial`."""
    return _capitalized(messages.verdict(rep.full))


def advice_for(rep: Rep) -> str:
    """What the flags of a rep ask for, breaking only between two of them; empty if nothing."""
    return ", ".join(words.replace(" ", _NO_BREAK_SPACE) for words in messages.flag_words(rep.flags))


def praise(reps: Sequence[Rep]) -> str:
    """A sentence for reps without a fault; empty for any others, and for too few."""
    faultless = len(reps) >= _PRAISED_REPS and all(rep.full and set(rep.flags) <= {Flag.HANDS_OFF_HEAD} for rep in reps)
    return _("Well done: every rep full, slow and straight.") if faultless else ""


def rep_times(rep: Rep) -> str:
    """How long raising and lowering took, breaking only between the two; empty if unknown."""
    if isnan(rep.raise_s) or isnan(rep.lower_s):
        return ""
    whole = _up_and_down(rep.raise_s, rep.lower_s).replace(" ", _NO_BREAK_SPACE)
    return whole.replace(f",{_NO_BREAK_SPACE}", ", ")


def _up_and_down(raise_s: float, lower_s: float) -> str:
    up, down = language.number(raise_s, 1), language.number(lower_s, 1)
    return _("{up} s up, {down} s down").format(up=up, down=down)

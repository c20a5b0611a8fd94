"""Words for the codes in a result: the one place where a flag, a rejection or a warning is put into words."""

from __future__ import annotations

from collections.abc import Callable, Collection

from repcount import language
from repcount.language import gettext as _
from repcount.language import ngettext
from repcount.types import AnalysisWarning, Flag, RejectionReason, WarningCode

FLAG_WORDS = {
    Flag.SHORT_TOP: "higher",
    Flag.SHORT_BOTTOM: "all the way down",
    Flag.BENT_KNEES: "legs straight",
    Flag.LEGS_APART: "legs together",
    Flag.FAST_RAISE: "raise slower",
    Flag.FAST_LOWER: "lower slower",
    Flag.HANDS_OFF_HEAD: "hands to the head",
    Flag.LOW_CONFIDENCE: "hard to see",
    Flag.BY_HAND: "by hand",
}
"""What each flag asks for or says, the same in window, terminal and report; those that keep a rep from being full come
first. The voice uses them as far as they are a cue."""

_SLOWER = "slower"


def plural(number: int, noun: str) -> str:
    """`1 rep`, `2 reps`: for the messages that are in English only."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def flag_words(flags: Collection[Flag]) -> list[str]:
    """What the flags of a rep ask for or say, without `HANDS_OFF_HEAD`: it would repeat at every rep."""
    texts = [text for flag, text in FLAG_WORDS.items() if flag in flags and flag is not Flag.HANDS_OFF_HEAD]
    if {Flag.FAST_RAISE, Flag.FAST_LOWER} <= set(flags):
        texts[texts.index(FLAG_WORDS[Flag.FAST_RAISE])] = _SLOWER
        texts.remove(FLAG_WORDS[Flag.FAST_LOWER])
    return [_(text) for text in texts]


def flag_word(flag: Flag) -> str:
    """What one flag asks for or says."""
    return _(FLAG_WORDS[flag])


def verdict(full: bool) -> str:
    """`full` or `partial`."""
    return _("full") if full else _("partial")


def hands_off_head(reps: int, all_reps: int) -> str:
    """What is said once about `HANDS_OFF_HEAD`."""
    text = ngettext(
        "hands not at the head in {n} of {reps} rep", "hands not at the head in {n} of {reps} reps", all_reps
    )
    return text.format(n=reps, reps=all_reps)


def target(elevation_deg: float) -> str:
    """A target of the person's own."""
    return _("target {n}°").format(n=f"{elevation_deg:g}")


def rejection_sentence(reason: RejectionReason) -> str:
    """Why a movement was not counted."""
    return _(REJECTION_SENTENCES[reason])


REJECTION_SENTENCES = {
    RejectionReason.NOT_LYING: "the trunk was not lying",
    RejectionReason.NOT_ON_BACK: "the person did not lie on the back",
    RejectionReason.TRUNK_MOVED: "the trunk came up with the legs",
    RejectionReason.UPPER_BODY_MOVED: "head and shoulders came up to the legs",
    RejectionReason.LEGS_SIDEWAYS: "the legs swung to the side",
    RejectionReason.ONE_LEG: "only one leg moved",
    RejectionReason.NOT_FROM_BOTTOM: "the legs did not start from the bottom",
    RejectionReason.KNEES_BENT_AT_BOTTOM: "the knees were bent at the bottom, too",
    RejectionReason.KNEE_TUCK: "the knees folded as in a knee tuck",
    RejectionReason.MOSTLY_KNEES: "the knees moved, not the straight legs",
    RejectionReason.HIPS_MOVED: "the hips travelled",
    RejectionReason.TOO_LONG: "it took too long to be one rep",
    RejectionReason.TOO_SHORT: "it was too quick to be a rep",
    RejectionReason.LOST: "the person was out of sight in the middle of it",
    RejectionReason.CUT: "the picture changed to another scene in the middle of it",
}

_WARNING_TEMPLATES = {
    WarningCode.INTERRUPTED: "stopped by hand at {at_s:.1f} s",
    WarningCode.NO_TIMESTAMPS: "the file has no usable time stamps: frames are taken as {rate_hz:g} a second",
    WarningCode.TIMESTAMPS_REPAIRED: (
        "time stamps that were missing, did not rise or jumped, and were replaced: {repaired} of {frames}"
    ),
    WarningCode.FILE_CUT_SHORT: (
        "the file says that it lasts {stated_s:.1f} s, but only {read_s:.1f} s of it can be read"
    ),
    WarningCode.FILE_BREAKS_OFF: (
        "the file breaks off at {read_s:.1f} s: it was not finished, or not copied to its end"
    ),
    WarningCode.PART_LEFT_OUT: (
        "after {read_s:.1f} s the file goes on in another video stream, which was not read: cut it there for two videos"
    ),
    WarningCode.ANOTHER_PROGRAM: (
        "the file holds {videos} videos, as of several programs: the first of the largest was counted, "
        "{width:.0f} by {height:.0f}"
    ),
    WarningCode.PICTURE_SPOILED: (
        "the picture is spoiled in {share:.0%} of the video: data was lost when it was sent or copied"
    ),
    WarningCode.VIEW_REPEATED: (
        "the picture shows the same view more than once, as for two eyes: the left or upper one was counted"
    ),
    WarningCode.PICTURE_BLANK: (
        "the picture is black, grey or of one colour in {share:.0%} of the video: nothing can be seen there"
    ),
    WarningCode.PICTURE_FROZEN: (
        "the picture is frozen in {share:.0%} of the video: nothing in it changes. Was the recording interrupted?"
    ),
    WarningCode.FEW_FRAMES: "only about {rate_hz:.0f} frames a second: fast reps may be missed, 10 and more are enough",
    WarningCode.NOBODY_FOUND: (
        "nobody was found in the picture: the whole person has to be in it, lying, from the side"
    ),
    WarningCode.NEVER_READY: "counting never began: {obstacle}",
    WarningCode.RARELY_FOUND: "the person was found in only {tracked:.0%} of the frames",
    WarningCode.FEET_HIDDEN: "the feet were mostly out of the picture or hidden: move the camera back",
    WarningCode.OBLIQUE_VIEW: "the camera looks from the head or the feet: angles are rough; put it at the side",
    WarningCode.UPSIDE_DOWN: (
        "the legs move where no legs can, behind the back: is the video upside down? Turn it around"
    ),
    WarningCode.ONE_LEG_ALONE: (
        "one leg moves alone: is it somebody else's, who lies behind you? Film one person at a time"
    ),
    WarningCode.STRAY_LEG: (
        "one leg seems to be somebody else's, who lies beside you: check the count, and film one person at a time"
    ),
    WarningCode.SMALL_PERSON: "the person is small in the picture: 2 to 3 m from the camera is best",
    WarningCode.SEVERAL_LYING: ("{people} people lie in the picture: one of them was counted, check that it is you"),
    WarningCode.LOW_CONFIDENCE: "reps that were hard to see: {doubtful} of {reps}. Check the video",
    WarningCode.UNFINISHED_REP: "the end cuts off a movement that began at {start_s:.1f} s: it is not counted",
    WarningCode.REPS_ADDED: "reps added by hand: {added} of {reps}",
    WarningCode.REPS_REMOVED: "reps taken off by hand: {removed}",
    WarningCode.OWN_TARGET: (
        "the target is {target_deg:g}°: a rep is full from there on, not from upright ({upright_deg:g}°)"
    ),
    WarningCode.TARGET_SET: (
        "the target was set to {target_deg:g}° at {at_s:.1f} s; partial reps before it that count: {reps}"
    ),
}
"""Numbers of things stand after a colon: so a sentence holds for one as well as for many, in any language."""

_REJECTED = "movements not counted: {rejected} of {movements} ({reasons})"


def warning_sentence(warning: AnalysisWarning, translate: Callable[[str], str] = _) -> str:
    """A warning in words; `translate=str` gives English, for files."""
    if warning.recorded:
        return warning.recorded
    if warning.code is WarningCode.MOVEMENTS_REJECTED:
        return _rejected(translate, **warning.facts)
    if warning.code is WarningCode.NEVER_READY:
        return translate(_WARNING_TEMPLATES[warning.code]).format(obstacle=translate(warning.obstacle))
    template = translate(_WARNING_TEMPLATES[warning.code])
    return template.format(**warning.facts) if translate is str else language.fill(template, warning.facts)


def _rejected(translate: Callable[[str], str], movements: float, **counts: float) -> str:
    sentences = {translate(REJECTION_SENTENCES[RejectionReason(code)]): count for code, count in counts.items()}
    reasons = "; ".join(f"{text}: {count}" if len(counts) > 1 else text for text, count in sentences.items())
    return translate(_REJECTED).format(movements=movements, rejected=sum(counts.values()), reasons=reasons)

"""Decides which announcement is played when, and keeps the rendered clips for it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from queue import SimpleQueue

import numpy as np

from repcount.audio.playback import Mixer
from repcount.audio.synthesis import PARTIAL_SOUND, Clip, SpeechSynthesizer, VoiceError, tone
from repcount.coaching.events import CORRECTIONS, COUNTS, FATIGUE_CUES, PACE_CUES, PARTIAL_CUES, Announcement, Cue
from repcount.coaching.phrases import spoken_text

_CAMERA = frozenset(
    {
        Cue.CAMERA_LOST,
        Cue.CAMERA_BUSY,
        Cue.CAMERA_REFUSED,
        Cue.CAMERA_FROZEN,
        Cue.CAMERA_BACK,
        Cue.CAMERA_SLOW,
        Cue.SLOWED_DOWN,
    }
)
_POSITION = frozenset(
    {
        Cue.READY,
        Cue.NOBODY,
        Cue.NOT_LYING,
        Cue.NOT_STILL,
        Cue.HEAD_OUT,
        Cue.FEET_OUT,
        Cue.FROM_THE_END,
        Cue.TOO_FAR,
        Cue.TOO_DARK,
        Cue.TWO_PEOPLE,
    }
)
_REST = frozenset({Cue.REST_SOON_OVER, Cue.COUNTDOWN, Cue.REST_OVER})
_KEYS = frozenset({Cue.PAUSED, Cue.PAUSED_OR_SET_DONE, Cue.RESUMED, Cue.RESTARTED})
_TOPICS = (COUNTS, _CAMERA, _POSITION, _REST, _KEYS)
"""Only the newest announcement of a topic waits, as it makes older ones untrue."""

_REP = COUNTS | PARTIAL_CUES
"""The answer to a rep; every rep gets one, at once."""

ESSENTIAL = _CAMERA | {Cue.SET_DONE, Cue.SET_BEGINS, Cue.WORKOUT_DONE, Cue.DAY_LIMIT, Cue.REST_OVER, Cue.READY}
"""What the person waits for or has to know: announced late rather than not at all."""

STALE_AFTER_S = 2.0
"""An announcement older than this is about the past. Heuristic: half a rep of the default tempo."""

PARTIAL_STALE_AFTER_S = 0.5
COUNTDOWN_STALE_AFTER_S = 0.5
"""The same for why a rep was partial, which is of use before the next raise, and for the seconds of a countdown."""

CORRECTION_STALE_AFTER_S = 1.2
"""The same for corrections that wait for the number of their rep, which takes up to a second."""

ESSENTIAL_STALE_AFTER_S = 15.0
"""The same for essential ones. Heuristic: only a stopped process gets there."""

_ALMOST_DONE_S = 0.5
"""A clip interrupted with less than this left has been understood and is not repeated. Heuristic."""

_RENDER_PATIENCE_S = 0.6
"""A text not rendered after this long is replaced by a tone. espeak-ng takes 0.01 s, others up to 0.3 s."""

_STUCK_AFTER_S = 8.0
"""A voice that renders one text for this long hangs. Heuristic: some wait for the system with their first text."""

_PRERENDERED_COUNTS = 30
"""Counts up to this are rendered in advance: the largest set that the exercise asks for."""

_PRERENDERED = (
    *(Announcement(Cue.COUNT, number) for number in range(1, _PRERENDERED_COUNTS + 1)),
    *(Announcement(cue) for cue in Cue if cue in CORRECTIONS | {Cue.READY, Cue.HALFWAY, Cue.LAST_FIVE, Cue.LAST_ONE}),
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """An announcement as it is to be played."""

    cue: Cue
    text: str
    created_s: float
    """When it became true. All times of this module are on the caller's clock, the worker's is monotonic."""


@dataclass(frozen=True, slots=True)
class AnnouncementQueue:
    """Utterances waiting to be played, in order of arrival."""

    waiting: tuple[Utterance, ...] = ()


def enqueue(queue: AnnouncementQueue, utterance: Utterance) -> AnnouncementQueue:
    """`queue` with `utterance` added, and without what it makes untrue."""
    kept = (other for other in queue.waiting if not _supersedes(utterance, other))
    return replace(queue, waiting=(*kept, utterance))


def _supersedes(utterance: Utterance, other: Utterance) -> bool:
    """Whether `other` is no longer true. Of the corrections of one rep the first one wins."""
    if utterance.cue in _REP | CORRECTIONS and other.cue in CORRECTIONS:
        return utterance.created_s > other.created_s
    return any(utterance.cue in topic and other.cue in topic for topic in _TOPICS)


def next_announcement(
    queue: AnnouncementQueue, current: Utterance | None, remaining_s: float, now_s: float
) -> tuple[AnnouncementQueue, Utterance | None]:
    """The queue at `now_s`, and the utterance to play now, if any; it interrupts `current`.

    `current` is being played for another `remaining_s` seconds; None if nothing is.
    """
    queue = replace(queue, waiting=tuple(one for one in queue.waiting if not _is_stale(one, now_s)))
    first = min(queue.waiting, key=_rank, default=None)
    if first is None or (current and not _interrupts(first, current)):
        return queue, None
    return _dequeue(queue, first, current if remaining_s >= _ALMOST_DONE_S else None), first


def _is_stale(utterance: Utterance, now_s: float) -> bool:
    return now_s - utterance.created_s > stale_after_s(utterance.cue)


def stale_after_s(cue: Cue) -> float:
    """How long after it became true an announcement may begin."""
    if cue in PARTIAL_CUES:
        return PARTIAL_STALE_AFTER_S
    if cue in CORRECTIONS:
        return CORRECTION_STALE_AFTER_S
    if cue is Cue.COUNTDOWN:
        return COUNTDOWN_STALE_AFTER_S
    return ESSENTIAL_STALE_AFTER_S if cue in ESSENTIAL else STALE_AFTER_S


_PROGRESS = frozenset({Cue.HALFWAY, Cue.LAST_FIVE, Cue.LAST_ONE})
_RANKS = (COUNTS, PARTIAL_CUES, {Cue.SET_BEGINS}, PACE_CUES, FATIGUE_CUES, _PROGRESS)
"""What goes first; everything else follows in order of arrival."""


def _rank(utterance: Utterance) -> int:
    return next((rank for rank, cues in enumerate(_RANKS) if utterance.cue in cues), len(_RANKS))


def _interrupts(utterance: Utterance, current: Utterance) -> bool:
    """The answer to a rep interrupts everything but a number."""
    return utterance.cue in _REP and current.cue not in COUNTS


def _dequeue(queue: AnnouncementQueue, utterance: Utterance, interrupted: Utterance | None) -> AnnouncementQueue:
    """`queue` without `utterance`; an essential utterance that was `interrupted` waits again if it is still true."""
    waiting = tuple(other for other in queue.waiting if other is not utterance)
    if interrupted and interrupted.cue in ESSENTIAL and not any(_supersedes(other, interrupted) for other in waiting):
        waiting = (interrupted, *waiting)
    if utterance.cue in CORRECTIONS:
        waiting = tuple(other for other in waiting if other.cue not in CORRECTIONS)
    return replace(queue, waiting=waiting)


def only_essential(queue: AnnouncementQueue) -> AnnouncementQueue:
    """`queue` reduced to what is still played when the session ends: counts and essential announcements."""
    return replace(queue, waiting=tuple(one for one in queue.waiting if one.cue in COUNTS | ESSENTIAL))


class ClipCache:
    """Rendered clips by text; tones where there is none. `speech` False: tones only.

    `render_forever` runs in the main thread, where the voice must be; the rest is called by the scheduling thread.
    """

    def __init__(self, speech: bool) -> None:
        self._speech = speech
        self._clips: dict[str, Clip | None] = {}
        """None for a text that the voice could not render."""
        self._requests: SimpleQueue[str] = SimpleQueue()
        self._requested: set[str] = set()
        self._busy_since_s: float | None = time.monotonic()
        """When the voice began its current task; None while it has none. Starting up is the first one."""

    def render_forever(self, voice: SpeechSynthesizer) -> None:
        """Render the usual texts and all requested ones; does not return."""
        texts = [spoken_text(announcement) for announcement in _PRERENDERED]
        while True:
            self._busy_since_s = None
            # Requests are waited for and go first.
            text = texts.pop(0) if texts and self._requests.empty() else self._requests.get()
            self._busy_since_s = time.monotonic()
            if text not in self._clips:
                self._clips[text] = _render(voice, text)

    def request(self, text: str) -> None:
        """Have `text` rendered, unless it has been or will be."""
        if self._speech and text not in self._clips and text not in self._requested:
            self._requested.add(text)
            self._requests.put(text)

    def clip(self, utterance: Utterance, now_s: float) -> Clip | None:
        """The speech, or else the tone, for `utterance`; None while it is worth waiting for the speech."""
        if self._speech and utterance.text not in self._clips and self._worth_waiting(utterance, now_s):
            return None
        speech = self._clips.get(utterance.text) if self._speech else None
        if speech is None:
            return tone(utterance.cue)
        return np.concatenate([PARTIAL_SOUND, speech]) if utterance.cue in PARTIAL_CUES else speech

    def _worth_waiting(self, utterance: Utterance, now_s: float) -> bool:
        return now_s - utterance.created_s < _RENDER_PATIENCE_S and not self.stuck(now_s)

    def use_tones(self) -> None:
        """Give tones only from now on."""
        self._speech = False

    def stuck(self, now_s: float) -> bool:
        """Whether the voice hangs; it may recover."""
        since_s = self._busy_since_s
        return self._speech and since_s is not None and now_s - since_s > _STUCK_AFTER_S


def _render(voice: SpeechSynthesizer, text: str) -> Clip | None:
    try:
        return voice.render(text)
    except VoiceError:
        return None


class Conductor:
    """Plays queued utterances on a mixer. Times are passed in."""

    def __init__(self, mixer: Mixer, clips: ClipCache) -> None:
        self._mixer = mixer
        self._clips = clips
        self._unrendered: list[Utterance] = []
        """Utterances whose clips are not ready, so that they do not compete yet."""
        self._queue = AnnouncementQueue()
        self._current: Utterance | None = None

    def enqueue(self, utterance: Utterance) -> None:
        """Add an utterance."""
        self._clips.request(utterance.text)
        self._unrendered.append(utterance)

    def tick(self, now_s: float) -> None:
        """Start the next utterance if it is due."""
        for utterance in [one for one in self._unrendered if self._clips.clip(one, now_s) is not None]:
            self._unrendered.remove(utterance)
            self._queue = enqueue(self._queue, utterance)
        remaining_s = self._mixer.remaining_s
        if remaining_s <= 0:
            self._current = None
        self._queue, due = next_announcement(self._queue, self._current, remaining_s, now_s)
        clip = self._clips.clip(due, now_s) if due else None
        if clip is not None:
            self._current = due
            self._mixer.say(clip)

    def finish(self) -> None:
        """Drop what need not be played when the session ends."""
        self._queue = only_essential(self._queue)

    @property
    def busy(self) -> bool:
        """Whether anything is being played or waits to be."""
        return bool(self._unrendered or self._queue.waiting) or self._mixer.remaining_s > 0

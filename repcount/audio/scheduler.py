"""Which announcement is spoken when, and the clips that are ready for it."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, replace
from math import inf

from repcount.audio.playback import Mixer
from repcount.audio.synthesis import Clip, SpeechSynthesizer, VoiceError, tone
from repcount.coaching.events import Announcement, Cue
from repcount.coaching.phrases import spoken_text

COUNTS = frozenset({Cue.COUNT, Cue.ADDED, Cue.REMOVED})
"""They tell the count as it is now; a newer one makes an older one wrong."""

CORRECTIONS = frozenset({Cue.HIGHER, Cue.ALL_THE_WAY_DOWN, Cue.SLOWER, Cue.LEGS_STRAIGHT, Cue.LEGS_TOGETHER})
"""What to do better at the next rep."""

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
_PLACEMENT = frozenset(
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
_REST = frozenset({Cue.REST_SOON_OVER, Cue.REST_OVER})
_KEYS = frozenset({Cue.PAUSED, Cue.RESUMED, Cue.RESTARTED})
_TOPICS = (COUNTS, CORRECTIONS, _CAMERA, _PLACEMENT, _REST, _KEYS)
"""Of one topic only the newest waits; what was true before no longer is."""

ESSENTIAL = _CAMERA | {Cue.SET_DONE, Cue.WORKOUT_DONE, Cue.DAY_LIMIT, Cue.REST_OVER, Cue.READY}
"""What the person waits for or has to know; it is said late rather than not at all."""

CORRECTION_GAP_S = 4.0
"""From one cue to the next. A choice, about one rep: users find a cue every 2-3 s the most they can take."""

STALE_AFTER_S = 2.0
"""What could not be said in this time is about the past: half a rep of the default tempo. A choice."""

ESSENTIAL_STALE_AFTER_S = 15.0
"""The same for what must be said. Only a stopped process gets here. A choice."""

_NEARLY_S = 0.5
"""What is cut off with less than this left has been understood and is not said again. A choice."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing to say."""

    cue: Cue
    text: str
    created_s: float
    """When it became true, by the clock of the caller."""


@dataclass(frozen=True, slots=True)
class AnnouncementQueue:
    """What waits to be said."""

    waiting: tuple[Utterance, ...] = ()
    last_correction_s: float = -inf
    """When the last cue was begun."""


def enqueue(speech: AnnouncementQueue, line: Utterance) -> AnnouncementQueue:
    """`speech` with `line` waiting, too, and without what it makes untrue."""
    kept = (other for other in speech.waiting if not _replaces(line, other))
    return replace(speech, waiting=(*kept, line))


def _replaces(line: Utterance, other: Utterance) -> bool:
    """Cues of one and the same rep stand side by side: the first of them is the one that gets said."""
    if line.cue in CORRECTIONS and line.created_s == other.created_s:
        return False
    return any(line.cue in topic and other.cue in topic for topic in _TOPICS)


def next_announcement(
    speech: AnnouncementQueue, saying: Utterance | None, left_s: float, now_s: float
) -> tuple[AnnouncementQueue, Utterance | None]:
    """What to begin now, None for nothing; it cuts off what is being said.

    `saying` is being said and takes `left_s` more seconds; None: all is quiet.
    """
    speech = replace(speech, waiting=tuple(line for line in speech.waiting if not _late(line, now_s)))
    first = min(speech.waiting, key=_rank, default=None)
    if first is not None and first.cue in CORRECTIONS and now_s - speech.last_correction_s < CORRECTION_GAP_S:
        first = min((line for line in speech.waiting if line.cue not in CORRECTIONS), key=_rank, default=None)
    if first is None or (saying and not _cuts(first, saying)):
        return speech, None
    return _begun(speech, first, saying if left_s >= _NEARLY_S else None, now_s), first


def _late(line: Utterance, now_s: float) -> bool:
    return now_s - line.created_s > (ESSENTIAL_STALE_AFTER_S if line.cue in ESSENTIAL else STALE_AFTER_S)


def _rank(line: Utterance) -> int:
    """The number, then what is to be done better about it, then what is left of the set, then all else in turn."""
    order = (line.cue in COUNTS, line.cue in CORRECTIONS, line.cue is Cue.LAST_FIVE, True)
    return order.index(True)


def _cuts(line: Utterance, saying: Utterance) -> bool:
    return line.cue in COUNTS and saying.cue not in COUNTS


def _begun(speech: AnnouncementQueue, line: Utterance, cut: Utterance | None, now_s: float) -> AnnouncementQueue:
    waiting = tuple(other for other in speech.waiting if other is not line)
    if cut and cut.cue in ESSENTIAL and not any(_replaces(other, cut) for other in waiting):
        waiting = (cut, *waiting)
    if line.cue not in CORRECTIONS:
        return replace(speech, waiting=waiting)
    return AnnouncementQueue(tuple(other for other in waiting if other.cue not in CORRECTIONS), now_s)


def only_essential(speech: AnnouncementQueue) -> AnnouncementQueue:
    """What is still said when the session ends: the numbers and what must be said."""
    return replace(speech, waiting=tuple(line for line in speech.waiting if line.cue in COUNTS | ESSENTIAL))


_PATIENCE_S = 0.6
"""A sentence that is not rendered by then is replaced by its tone. espeak-ng takes 0.01 s, others up to 0.3 s."""

_STUCK_S = 8.0
"""A voice that takes so long for one sentence hangs; some wait for the system at their first. A choice."""

_COUNTED = 30
"""Numbers that are rendered ahead: the largest set that the exercise asks for."""

_AHEAD = (
    *(Announcement(Cue.COUNT, number) for number in range(1, _COUNTED + 1)),
    *(Announcement(say) for say in Cue if say in CORRECTIONS | {Cue.READY, Cue.LAST_FIVE}),
)


class ClipCache:
    """The sounds of all that is said. `words` False: tones only.

    `fill` runs in the main thread, where the voice has to be, the rest in the one that decides what is heard.
    """

    def __init__(self, words: bool) -> None:
        self._words = words
        self._clips: dict[str, Clip | None] = {}
        self._wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._asked: set[str] = set()
        self._since_s: float | None = time.monotonic()
        """When the voice began with what it is doing now."""

    def render_forever(self, voice: SpeechSynthesizer) -> None:
        """Render what is always needed and then what is asked for; does not return."""
        ahead = [spoken_text(notice) for notice in _AHEAD]
        while True:
            self._since_s = None
            # What somebody waits for goes before what may be needed later.
            text = ahead.pop(0) if ahead and self._wanted.empty() else self._wanted.get()
            self._since_s = time.monotonic()
            if text not in self._clips:
                self._clips[text] = _clip(voice, text)

    def request(self, text: str) -> None:
        """Have `text` rendered if it is not."""
        if self._words and text not in self._clips and text not in self._asked:
            self._asked.add(text)
            self._wanted.put(text)

    def clip(self, line: Utterance, now_s: float) -> Clip | None:
        """What is heard for `line`; None while the voice is busy with it."""
        if self._words and line.text not in self._clips and self._worth_waiting(line, now_s):
            return None
        words = self._clips.get(line.text) if self._words else None
        return tone(line.cue) if words is None else words

    def _worth_waiting(self, line: Utterance, now_s: float) -> bool:
        return now_s - line.created_s < _PATIENCE_S and not self.stuck(now_s)

    def use_tones(self) -> None:
        """From now on tones."""
        self._words = False

    def stuck(self, now_s: float) -> bool:
        """Whether the voice hangs; it may come back."""
        since_s = self._since_s
        return self._words and since_s is not None and now_s - since_s > _STUCK_S


def _clip(voice: SpeechSynthesizer, text: str) -> Clip | None:
    try:
        return voice.render(text)
    except VoiceError:
        return None


class Conductor:
    """Lines in, clips to the mixer. Times are passed in."""

    def __init__(self, mixer: Mixer, library: ClipCache) -> None:
        self._mixer = mixer
        self._library = library
        self._speech = AnnouncementQueue()
        self._saying: Utterance | None = None
        self._coming: list[Utterance] = []
        """Lines whose words are not rendered yet."""

    def enqueue(self, line: Utterance) -> None:
        """One more thing to say."""
        self._library.request(line.text)
        self._coming.append(line)

    def tick(self, now_s: float) -> None:
        """Begin what may be said now, if anything."""
        for line in [line for line in self._coming if self._library.clip(line, now_s) is not None]:
            self._coming.remove(line)
            self._speech = enqueue(self._speech, line)
        left_s = self._mixer.remaining_s
        if left_s <= 0:
            self._saying = None
        self._speech, begun = next_announcement(self._speech, self._saying, left_s, now_s)
        clip = self._library.clip(begun, now_s) if begun else None
        if clip is not None:
            self._saying = begun
            self._mixer.say(clip)

    def finish(self) -> None:
        """Only what matters at the end is still said."""
        self._speech = only_essential(self._speech)

    @property
    def busy(self) -> bool:
        """Whether something is said or will be."""
        return bool(self._coming or self._speech.waiting) or self._mixer.remaining_s > 0

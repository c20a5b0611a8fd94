"""What each sentence sounds like: rendered once, or a tone where there are no words."""

from __future__ import annotations

import queue
import time

from repcount.moment import Announcement, Cue
from repcount.sound.render import SpeechSynthesizer, VoiceError
from repcount.sound.tones import Clip, tone
from repcount.speech import CUES, Utterance
from repcount.words import spoken_text

_PATIENCE_S = 0.6
"""A sentence that is not rendered by then is replaced by its tone. espeak-ng takes 0.01 s, others up to 0.3 s."""

_STUCK_S = 8.0
"""A voice that takes so long for one sentence hangs; some wait for the system at their first. A choice."""

_COUNTED = 30
"""Numbers that are rendered ahead: the largest set that the exercise asks for."""

_AHEAD = (
    *(Announcement(Cue.COUNT, number) for number in range(1, _COUNTED + 1)),
    *(Announcement(say) for say in Cue if say in CUES | {Cue.READY, Cue.LAST_FIVE}),
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

    def fill(self, voice: SpeechSynthesizer) -> None:
        """Render what is always needed and then what is asked for; does not return."""
        ahead = [spoken_text(notice) for notice in _AHEAD]
        while True:
            self._since_s = None
            # What somebody waits for goes before what may be needed later.
            text = ahead.pop(0) if ahead and self._wanted.empty() else self._wanted.get()
            self._since_s = time.monotonic()
            if text not in self._clips:
                self._clips[text] = _clip(voice, text)

    def ask(self, text: str) -> None:
        """Have `text` rendered if it is not."""
        if self._words and text not in self._clips and text not in self._asked:
            self._asked.add(text)
            self._wanted.put(text)

    def clip(self, line: Utterance, now_s: float) -> Clip | None:
        """What is heard for `line`; None while the voice is busy with it."""
        if self._words and line.text not in self._clips and self._worth_waiting(line, now_s):
            return None
        words = self._clips.get(line.text) if self._words else None
        return tone(line.say) if words is None else words

    def _worth_waiting(self, line: Utterance, now_s: float) -> bool:
        return now_s - line.made_s < _PATIENCE_S and not self.stuck(now_s)

    def mute(self) -> None:
        """From now on tones."""
        self._words = False

    def stuck(self, now_s: float) -> bool:
        """Whether the voice hangs; it may come back."""
        since_s = self._since_s
        return self._words and since_s is not None and now_s - since_s > _STUCK_S


def _clip(voice: SpeechSynthesizer, text: str) -> Clip | None:
    try:
        return voice.clip(text)
    except VoiceError:
        return None

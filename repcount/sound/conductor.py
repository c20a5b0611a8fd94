"""Joins what there is to say, who may speak now, and what it sounds like."""

from __future__ import annotations

from repcount.sound.library import ClipCache
from repcount.sound.mixer import Mixer
from repcount.speech import AnnouncementQueue, Utterance, closing, enqueue, next_announcement


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
        self._library.ask(line.text)
        self._coming.append(line)

    def tick(self, now_s: float) -> None:
        """Begin what may be said now, if anything."""
        for line in [line for line in self._coming if self._library.clip(line, now_s) is not None]:
            self._coming.remove(line)
            self._speech = enqueue(self._speech, line)
        left_s = self._mixer.left_s
        if left_s <= 0:
            self._saying = None
        self._speech, begun = next_announcement(self._speech, self._saying, left_s, now_s)
        clip = self._library.clip(begun, now_s) if begun else None
        if clip is not None:
            self._saying = begun
            self._mixer.say(clip)

    def close(self) -> None:
        """Only what matters at the end is still said."""
        self._speech = closing(self._speech)

    @property
    def busy(self) -> bool:
        """Whether something is said or will be."""
        return bool(self._coming or self._speech.waiting) or self._mixer.left_s > 0

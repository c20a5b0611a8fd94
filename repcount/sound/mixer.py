"""Words, tones and ticks as one stream of samples. It knows no clock: time is how much was pulled."""

from __future__ import annotations

import threading

import numpy as np

from repcount.sound.tones import RATE_HZ, Clip

_FADE = round(0.01 * RATE_HZ)
"""Samples in which a sentence that is cut off dies away; at once would click."""

_DUCKED = 0.4
"""Ticks are this much softer under a word. A choice."""


class Mixer:
    """What is heard. `pull` is called by the thread of the sound device, the rest by another one.

    `volume` is 0 to 1; `ticks` are those of one rep, repeated while the pace is on.
    """

    def __init__(self, volume: float, ticks: Clip | None = None) -> None:
        self._volume = volume
        self._ticks = ticks if ticks is not None and len(ticks) else None
        self._tick: int | None = None
        self._clip: Clip = np.zeros(0, dtype=np.float32)
        self._dying: Clip = self._clip
        self._gain = 1.0
        self._lock = threading.Lock()
        self.pulled = 0
        """Samples handed out so far."""

    def say(self, clip: Clip) -> None:
        """Begin with `clip` now; whatever is being said is cut off."""
        with self._lock:
            rest = self._clip[:_FADE]
            self._dying = rest * np.linspace(1, 0, len(rest), dtype=np.float32)
            self._clip = clip

    def pace(self, on: bool) -> None:
        """Let the ticks run, from the beginning of a raise, or stop them."""
        with self._lock:
            if on != (self._tick is not None):
                self._tick = 0 if on else None

    @property
    def left_s(self) -> float:
        """How long it takes until all is said."""
        return len(self._clip) / RATE_HZ

    def read(self, count: int) -> Clip:
        """The next `count` samples."""
        heard = np.zeros(count, dtype=np.float32)
        with self._lock:
            talking = min(len(self._clip), count)
            self._add_ticks(heard, talking)
            heard[:talking] += self._clip[:talking]
            dying = self._dying[:count]
            heard[: len(dying)] += dying
            self._clip, self._dying = self._clip[talking:], self._dying[count:]
            self.pulled += count
        heard *= self._volume
        return heard.clip(-1, 1)

    def _add_ticks(self, heard: Clip, talking: int) -> None:
        if self._ticks is None or self._tick is None:
            return
        ticks = self._ticks[np.arange(self._tick, self._tick + len(heard)) % len(self._ticks)]
        # From what it was to what it shall be, for a step would click.
        gain = _DUCKED if talking else 1.0
        heard += ticks * np.linspace(self._gain, gain, len(heard), dtype=np.float32)
        self._gain = gain
        self._tick = (self._tick + len(heard)) % len(self._ticks)

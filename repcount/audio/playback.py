"""Mixes speech, tones and pacing ticks into one stream and plays it: on the sound card, into a WAV file, or nowhere."""

from __future__ import annotations

import threading
import time
import wave
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np

from repcount.audio.synthesis import RATE_HZ, Clip
from repcount.errors import OutputError
from repcount.libraries import library_error

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
        self.samples_read = 0
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
    def remaining_s(self) -> float:
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
            self.samples_read += count
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


_BUFFER_MS = 40
"""One period of the sound card. What is said is heard up to three of them later; much less may stutter."""

_PUMP_S = 0.02
"""How often samples are taken where no sound card asks for them."""

Close = Callable[[], None]


def play(mixer: Mixer) -> tuple[str, Close]:
    """Play on the sound device that the system prefers. Returns by what way, and what ends it.

    Raises OutputError where none can be opened.
    """
    device = _open_card()
    source = _source(mixer)
    next(source)
    device.start(source)
    return str(device.backend), device.close


def backend_name() -> str:
    """By what way sound goes out; nothing is heard. Raises OutputError where no sound device can be opened."""
    device = _open_card()
    device.close()
    return str(device.backend)


def _open_card() -> Any:
    try:
        import miniaudio

        # In its own order of preference, without the one that plays into the void and says all is well.
        real = sorted(miniaudio.get_enabled_backends() - {miniaudio.Backend.NULL}, key=lambda backend: backend.value)
        return miniaudio.PlaybackDevice(
            miniaudio.SampleFormat.FLOAT32, 1, RATE_HZ, _BUFFER_MS, backends=real, app_name="repcount"
        )
    except ImportError as error:
        raise OutputError(f"nothing is heard: {library_error('miniaudio', error)}") from error
    except Exception as error:  # MiniaudioError, and whatever the systems below it come up with.
        raise OutputError(
            "no sound device could be opened, so nothing is heard; connect a loudspeaker or use --sound off"
        ) from error


def _source(mixer: Mixer) -> Generator[Clip, int, None]:
    count = yield np.zeros(0, dtype=np.float32)
    while True:
        count = yield mixer.read(count)


def write_wav(mixer: Mixer, path: Path, begun_s: float) -> Close:
    """Write what would be heard as 16-bit WAV; its first sample is the moment `begun_s` of the monotonic clock.

    Raises OutputError for a file that cannot be written.
    """
    try:
        stream = path.open("wb")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    file = wave.Wave_write(stream)
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(RATE_HZ)

    def take(samples: Clip) -> None:
        # writeframes keeps the header right, so the file can be played even if this process is killed.
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
        stream.flush()

    def end() -> None:
        file.close()
        stream.close()

    return _pump(mixer, take, end, begun_s)


def discard(mixer: Mixer) -> Close:
    """Let time go by as if somebody listened."""
    return _pump(mixer, lambda samples: None, lambda: None, time.monotonic())


def _pump(mixer: Mixer, take: Callable[[Clip], None], end: Close, begun_s: float) -> Close:
    over = threading.Event()

    def run() -> None:
        while not over.wait(_PUMP_S):
            due = round((time.monotonic() - begun_s) * RATE_HZ) - mixer.samples_read
            if due > 0:
                take(mixer.read(due))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def close() -> None:
        over.set()
        thread.join(1)
        end()

    return close

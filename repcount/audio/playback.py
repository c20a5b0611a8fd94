"""Mixes speech, tones and pacing ticks into one stream and plays it: on a sound device, into a WAV file, or nowhere."""

from __future__ import annotations

import os
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

_FADE_OUT = round(0.01 * RATE_HZ)
"""Samples over which an interrupted clip fades out; stopping at once would click."""

_DUCKED_GAIN = 0.4
"""Gain of ticks under a clip. Heuristic."""

_BUFFER_MS = 40
"""One period of the sound device. A clip is heard up to three periods late; much shorter ones may stutter."""

_READ_INTERVAL_S = 0.02
"""How often samples are read where no sound device asks for them."""

Close = Callable[[], None]
"""Ends playback."""


class Mixer:
    """One clip at a time over repeating ticks, as mono samples at RATE_HZ.

    `read` is called by the thread of the sound device, everything else by another one. `volume` is 0 to 1; `ticks` are
    those of one rep and repeat while the pace is on.
    """

    def __init__(self, volume: float, ticks: Clip | None = None) -> None:
        self._volume = volume
        self._ticks = ticks if ticks is not None and len(ticks) else None
        self._tick_position: int | None = None
        """The next sample of the ticks; None while the pace is off."""
        self._clip: Clip = np.zeros(0, dtype=np.float32)
        """What is left of the clip being played."""
        self._fading: Clip = self._clip
        """What is left of the fade-out of an interrupted clip."""
        self._tick_gain = 1.0
        self._lock = threading.Lock()
        self.samples_read = 0

    def say(self, clip: Clip) -> None:
        """Play `clip` from now on; it interrupts any other."""
        with self._lock:
            interrupted = self._clip[:_FADE_OUT]
            self._fading = interrupted * np.linspace(1, 0, len(interrupted), dtype=np.float32)
            self._clip = clip

    def pace(self, on: bool) -> None:
        """Start the ticks at the beginning of a raise, or stop them."""
        with self._lock:
            if on != (self._tick_position is not None):
                self._tick_position = 0 if on else None

    @property
    def remaining_s(self) -> float:
        """Seconds left of the clip being played."""
        return len(self._clip) / RATE_HZ

    def read(self, count: int) -> Clip:
        """The next `count` samples, each -1 to 1."""
        mixed = np.zeros(count, dtype=np.float32)
        with self._lock:
            clip, self._clip = self._clip[:count], self._clip[count:]
            fading, self._fading = self._fading[:count], self._fading[count:]
            self._add_ticks(mixed, ducked=len(clip) > 0)
            mixed[: len(clip)] += clip
            mixed[: len(fading)] += fading
            self.samples_read += count
        mixed *= self._volume
        return mixed.clip(-1, 1)

    def _add_ticks(self, mixed: Clip, *, ducked: bool) -> None:
        if self._ticks is None or self._tick_position is None:
            return
        ticks = self._ticks[np.arange(self._tick_position, self._tick_position + len(mixed)) % len(self._ticks)]
        # A ramp from the last gain to the new one, as a step would click.
        gain = _DUCKED_GAIN if ducked else 1.0
        mixed += ticks * np.linspace(self._tick_gain, gain, len(mixed), dtype=np.float32)
        self._tick_gain = gain
        self._tick_position = (self._tick_position + len(mixed)) % len(self._ticks)


def play(mixer: Mixer) -> Close:
    """Play on the system's preferred sound device. Returns what ends playback.

    Raises OutputError if no device can be opened.
    """
    device = _open_device()
    source = _sample_source(mixer)
    next(source)
    device.start(source)
    close: Close = device.close
    return close


def backend_name() -> str:
    """The backend that `play` would use. Plays nothing. Raises OutputError if no sound device can be opened."""
    device = _open_device()
    device.close()
    return str(device.backend)


def write_wav(mixer: Mixer, path: Path, started_s: float) -> Close:
    """Write in real time to a 16-bit WAV file, whose first sample is the monotonic time `started_s`.

    Returns what ends the file. Raises OutputError if it cannot be written.
    """
    try:
        # Without creating it: the live command has, and has removed it again if it ended in the meantime.
        stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_TRUNC | getattr(os, "O_BINARY", 0)), "wb")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    file = wave.Wave_write(stream)
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(RATE_HZ)

    def write(samples: Clip) -> None:
        # writeframes keeps the header up to date, so the file is playable even if this process is killed.
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
        stream.flush()

    def close() -> None:
        file.close()
        stream.close()

    return _read_in_real_time(mixer, write, close, started_s)


def discard(mixer: Mixer) -> Close:
    """Read in real time and play nothing. Returns what ends it."""
    return _read_in_real_time(mixer, lambda samples: None, lambda: None, time.monotonic())


def _open_device() -> Any:
    try:
        import miniaudio

        # In its own order of preference, but without the null backend, which always succeeds and plays nothing.
        real = sorted(miniaudio.get_enabled_backends() - {miniaudio.Backend.NULL}, key=lambda backend: backend.value)
        return miniaudio.PlaybackDevice(
            miniaudio.SampleFormat.FLOAT32, 1, RATE_HZ, _BUFFER_MS, backends=real, app_name="repcount"
        )
    except ImportError as error:
        raise OutputError(f"nothing is heard: {library_error('miniaudio', error)}") from error
    except Exception as error:  # MiniaudioError, and whatever the systems below raise.
        raise OutputError(
            "no sound device could be opened, so nothing is heard; connect a loudspeaker or use --sound off"
        ) from error


def _sample_source(mixer: Mixer) -> Generator[Clip, int, None]:
    """What miniaudio wants: a primed generator that is sent sample counts."""
    count = yield np.zeros(0, dtype=np.float32)
    while True:
        count = yield mixer.read(count)


def _read_in_real_time(mixer: Mixer, write: Callable[[Clip], None], close: Close, started_s: float) -> Close:
    """Read the samples due since `started_s` from a thread and `write` them, until the returned function is called."""
    ended = threading.Event()
    read_before = mixer.samples_read

    def run() -> None:
        while not ended.wait(_READ_INTERVAL_S):
            due = round((time.monotonic() - started_s) * RATE_HZ) - (mixer.samples_read - read_before)
            if due > 0:
                write(mixer.read(due))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join(1)
        close()

    return end

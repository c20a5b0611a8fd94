"""Listens to what live counting plays: sounds, and the words in them."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from repcount.audio.synthesis import PARTIAL_SOUND, RATE_HZ, Clip


class Listener:
    """A speech recogniser with a small grammar, which does not know what was said. Skips where there is none."""

    def __init__(self, phrases: Sequence[str]) -> None:
        pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this Python")
        self._decoder = pocketsphinx.Decoder(samprate=16000, lm=None, loglevel="FATAL")
        self._decoder.add_jsgf_string("all", f"#JSGF V1.0; grammar all; public <all> = ({' | '.join(phrases)});")
        self._decoder.activate_search("all")

    def hear(self, clip: Clip) -> str | None:
        """The phrase that this sounds like most."""
        quiet = np.zeros(RATE_HZ // 4, dtype=np.float32)
        clip = np.concatenate([quiet, clip, quiet])
        samples = 20000 * np.interp(np.arange(0, len(clip), RATE_HZ / 16000), np.arange(len(clip)), clip)
        # The recogniser expects the noise of a microphone.
        samples += np.random.default_rng(0).normal(0, 20, len(samples))
        self._decoder.start_utt()
        self._decoder.process_raw(samples.astype(np.int16).tobytes(), full_utt=True)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        return str(best.hypstr) if best else None

    def heard(self, clip: Clip) -> list[tuple[float, bool, str | None]]:
        """(start in seconds, whether the sound of a partial rep comes first, phrase) of everything that is heard."""
        result = []
        for at_s, sound in sentences(clip):
            partial = begins_partial(sound)
            words = sound[len(PARTIAL_SOUND) :] if partial else sound
            result.append((at_s, partial, self.hear(words)))
        return result


def sentences(clip: Clip) -> list[tuple[float, Clip]]:
    """(start in seconds, clip) of everything between silences of a tenth of a second."""
    loud = np.flatnonzero(np.abs(clip) > 0.005)
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > 0.1 * RATE_HZ) + 1)
    return [(float(part[0]) / RATE_HZ, clip[part[0] : part[-1]]) for part in parts if len(part)]


def begins_partial(clip: Clip) -> bool:
    """Whether a sound begins with the one of a partial rep."""
    # A sentence begins where it is loud enough, a few samples into its sound.
    loud = np.flatnonzero(np.abs(PARTIAL_SOUND) > 0.005)[0]
    whole = PARTIAL_SOUND[loud:-700]
    return len(clip) >= len(whole) and float(np.corrcoef(clip[: len(whole)], whole)[0, 1]) > 0.9


def sound_of(file: Path) -> Clip:
    """The samples of a WAV file as live counting writes it."""
    with wave.open(str(file)) as recording:
        assert (recording.getframerate(), recording.getnchannels()) == (RATE_HZ, 1)
        return np.float32(1 / 32768) * np.frombuffer(recording.readframes(recording.getnframes()), "<i2")

"""Sentences into samples, with the voice that the platform has: espeak-ng, SAPI or macOS, through pyttsx3.

Each sentence is written to a file and played by us, not by pyttsx3: its own playing cannot be cut off, comes in
at any time and waits for other programs (aplay) on Linux.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from repcount.errors import RepcountError
from repcount.sound.tones import RATE_HZ, Clip

_WORDS_PER_MINUTE = 160
"""A little slower than talk, for a loudspeaker metres away. A choice; pyttsx3 asks for 200."""

_SPEECH_PEAK = 0.9
_SILENT = 0.01
"""Share of the peak below which a sample counts as silence: what comes before the word is lost time."""

_PAUSE_S = 0.12
"""Silence after each sentence. A choice."""


class VoiceError(RepcountError):
    """There is no voice, or it does not say what it was asked to."""


class SpeechSynthesizer:
    """The voice. It belongs to the main thread: that is where macOS speaks.

    Raises VoiceError where there is none.
    """

    def __init__(self, folder: Path) -> None:
        # macOS writes AIFF and wants to see that in the name (issue 361 of pyttsx3).
        self._file = folder / ("said.aiff" if sys.platform == "darwin" else "said.wav")
        try:
            _find_espeak()
            import pyttsx3

            self._engine = pyttsx3.init()
            self._engine.setProperty("rate", _WORDS_PER_MINUTE)
            _speak_english(self._engine)
        except Exception as error:  # Each platform has its own: RuntimeError, KeyError, COMError...
            raise VoiceError(_no_voice(error)) from error
        self.name = {"sapi5": "the voice of Windows", "nsss": "the voice of macOS"}.get(str(self._engine), "espeak-ng")

    def clip(self, text: str) -> Clip:
        """`text` as sound, without the silence around it. Raises VoiceError if nothing comes."""
        try:
            self._file.unlink(missing_ok=True)
            self._engine.save_to_file(text, str(self._file))
            self._engine.runAndWait()
            return _trimmed(_decoded(self._file.read_bytes()))
        except Exception as error:
            raise VoiceError(f"the voice could not say {text!r}: {error}") from error


def _find_espeak() -> None:
    """Load the espeak-ng that the package espeakng-loader brings, where the system has none.

    pyttsx3 then finds it by its name among the libraries that are loaded already.
    """
    if sys.platform != "linux" or _loads("libespeak-ng.so.1"):
        return
    try:
        import espeakng_loader
    except ImportError:
        return
    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    _loads(espeakng_loader.get_library_path())


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True


def _speak_english(engine: Any) -> None:
    """The user's own voice if it speaks English, else the first that does, else the one that is there."""
    if str(engine) == "espeak":
        # A speech recogniser understood 22 of 22 words of this voice and 16 of the British one.
        engine.setProperty("voice", "en-us")
        return
    chosen = engine.getProperty("voice")
    english = [voice.id for voice in engine.getProperty("voices") if _is_english(voice)]
    if english and chosen not in english:
        engine.setProperty("voice", english[0])


def _is_english(voice: Any) -> bool:
    return any(str(language).lower().startswith("en") for language in voice.languages or ())


def _no_voice(error: Exception) -> str:
    if sys.platform == "linux" and not _loads("libespeak-ng.so.1"):
        return (
            "espeak-ng is not installed (Debian, Ubuntu: apt install espeak-ng; anywhere: pip install espeakng-loader)"
        )
    return f"the voice of this system does not answer ({type(error).__name__}: {error})"


def _decoded(sound: bytes) -> Clip:
    import miniaudio

    if sound[:4] == b"FORM":
        # "twos" is another name for plain big-endian samples in AIFF, and one that miniaudio does not know.
        sound = sound[:100].replace(b"twos", b"NONE") + sound[100:]
    decoded = miniaudio.decode(sound, miniaudio.SampleFormat.FLOAT32, nchannels=1, sample_rate=RATE_HZ)
    return np.array(decoded.samples, dtype=np.float32)


def _trimmed(clip: Clip) -> Clip:
    """From the first to the last sound, as loud as a tone, and a pause so that two sentences stay two."""
    peak = float(np.abs(clip).max(initial=0))
    if peak == 0:
        raise ValueError("it came out silent")
    loud = np.flatnonzero(np.abs(clip) > _SILENT * peak)
    sound = clip[loud[0] : loud[-1] + 1] * (_SPEECH_PEAK / peak)
    return np.concatenate([sound, np.zeros(round(_PAUSE_S * RATE_HZ))]).astype(np.float32)

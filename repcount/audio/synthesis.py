"""Sentences and tones to audio samples: the platform's voice through pyttsx3, and tones where there is none."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repcount.coaching.events import Cue
from repcount.config import parse_tempo
from repcount.errors import RepcountError

Clip = NDArray[np.float32]
"""(samples,) of sound."""

RATE_HZ = 22_050
"""What espeak-ng, SAPI and macOS speak at; twice the highest partial of the tones."""

_PEAK = 0.9
"""Of tones and of words, so that both are equally loud; the rest is room for ticks."""

_PACE_PEAK = 0.35
"""Ticks come every second: clearly softer than a word. A choice."""

_SOFT_S = 0.008
"""Attack and decay; shorter ones click."""

_PARTIALS = (1.0, 0.6, 0.35, 0.2)
"""Strengths of the first harmonics: a bare sine drowns in music and in small loudspeakers."""

_NOTES: dict[str, tuple[tuple[float, float], ...]] = {
    "rep": ((1047, 0.18),),
    "taken back": ((784, 0.10), (523, 0.16)),
    "partial": ((392, 0.12), (0, 0.05), (392, 0.12)),
    "fast": ((1319, 0.06), (0, 0.03), (1319, 0.06), (0, 0.03), (1319, 0.06)),
    "form": ((587, 0.10), (466, 0.10), (587, 0.10)),
    "last five": ((1047, 0.10), (0, 0.05), (1047, 0.10), (0, 0.05), (1047, 0.10)),
    "set done": ((523, 0.14), (659, 0.14), (784, 0.14), (1047, 0.35)),
    "all done": ((523, 0.14), (659, 0.14), (784, 0.14), (1047, 0.28), (784, 0.14), (1047, 0.45)),
    "limit": ((1047, 0.20), (784, 0.20), (523, 0.45)),
    "soon": ((659, 0.12),),
    "rest over": ((784, 0.25), (0, 0.12), (784, 0.25), (0, 0.12), (1047, 0.45)),
    "ready": ((523, 0.12), (784, 0.25)),
    "wait": ((784, 0.12), (523, 0.25)),
    "trouble": ((311, 0.30), (0, 0.08), (294, 0.40)),
}
"""Each tone as notes of (Hz, seconds); 0 Hz is silence. The ear keeps them apart by number, height and direction."""

_PLACEMENT = (Cue.NOBODY, Cue.NOT_LYING, Cue.NOT_STILL, Cue.HEAD_OUT, Cue.FEET_OUT, Cue.FROM_THE_END, Cue.TOO_FAR)
_CAMERA = (Cue.CAMERA_LOST, Cue.CAMERA_BUSY, Cue.CAMERA_REFUSED, Cue.CAMERA_FROZEN, Cue.CAMERA_SLOW)
_NAMES = {
    Cue.COUNT: "rep",
    Cue.ADDED: "rep",
    Cue.REMOVED: "taken back",
    Cue.HIGHER: "partial",
    Cue.ALL_THE_WAY_DOWN: "partial",
    Cue.SLOWER: "fast",
    Cue.LEGS_STRAIGHT: "form",
    Cue.LEGS_TOGETHER: "form",
    Cue.LAST_FIVE: "last five",
    Cue.SET_DONE: "set done",
    Cue.WORKOUT_DONE: "all done",
    Cue.DAY_LIMIT: "limit",
    Cue.REST_SOON_OVER: "soon",
    Cue.REST_OVER: "rest over",
    Cue.READY: "ready",
    Cue.RESUMED: "ready",
    Cue.RESTARTED: "ready",
    Cue.CAMERA_BACK: "ready",
    Cue.PAUSED: "wait",
    Cue.SLOWED_DOWN: "wait",
    **dict.fromkeys((*_PLACEMENT, Cue.TOO_DARK, Cue.TWO_PEOPLE, *_CAMERA), "trouble"),
}


def tone(say: Cue) -> Clip:
    """The tone that stands for what there is to say."""
    return np.concatenate([_note(hz, hz, length_s) for hz, length_s in _NOTES[_NAMES[say]]])


def _note(from_hz: float, to_hz: float, length_s: float, peak: float = _PEAK) -> Clip:
    """A note that glides from one height to another."""
    count = round(length_s * RATE_HZ)
    turns = np.cumsum(np.linspace(from_hz, to_hz, count)) / RATE_HZ
    wave = sum(part * np.sin(2 * np.pi * order * turns) for order, part in enumerate(_PARTIALS, start=1))
    soft = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (_SOFT_S * RATE_HZ))
    loudest = max(float(np.abs(wave).max(initial=0)), 1.0)
    return np.asarray(peak * wave * soft / loudest, dtype=np.float32)


def pace_ticks(tempo: str) -> Clip:
    """The ticks of one rep, from one raise to the next.

    A rising tone where the raise begins, a falling one where the lowering begins, a soft low click where a hold
    or a pause begins, and a tick after each second in between.

    Raises SettingError for a tempo that cannot be read. A tempo of no length at all gives no samples.
    """
    raise_s, hold_s, lower_s, pause_s = parse_tempo(tempo)
    parts = (
        _phase(500, 1000, raise_s),
        _phase(350, 350, hold_s),
        _phase(1000, 500, lower_s),
        _phase(350, 350, pause_s),
    )
    return np.concatenate(parts)


def _phase(from_hz: float, to_hz: float, length_s: float) -> Clip:
    ticks = np.zeros(round(length_s * RATE_HZ), dtype=np.float32)
    first = _note(from_hz, to_hz, min(0.22 if from_hz != to_hz else 0.05, length_s), _PACE_PEAK)
    ticks[: len(first)] = first[: len(ticks)]
    tick = _note(1500, 1500, 0.03, _PACE_PEAK)
    # A second that ends together with the phase has the sign of the next phase instead of a tick.
    for start in range(RATE_HZ, len(ticks) - RATE_HZ // 4, RATE_HZ):
        ticks[start : start + len(tick)] = tick[: len(ticks) - start]
    return ticks


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

    def render(self, text: str) -> Clip:
        """`text` as sound, without the silence around it. Raises VoiceError if nothing comes."""
        try:
            self._file.unlink(missing_ok=True)
            self._engine.save_to_file(text, str(self._file))
            self._engine.runAndWait()
            return _trimmed(_decode(self._file.read_bytes()))
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


def _decode(sound: bytes) -> Clip:
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

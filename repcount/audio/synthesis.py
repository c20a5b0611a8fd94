"""Renders speech (the platform's voice through pyttsx3), tones and pacing ticks to audio samples."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repcount.coaching.events import Cue
from repcount.config import parse_tempo
from repcount.errors import RepcountError
from repcount.language import ENGLISH, LANGUAGES, current

Clip = NDArray[np.float32]
"""(samples,) at RATE_HZ, mono, -1 to 1."""

RATE_HZ = 22_050
"""Rate at which espeak-ng, SAPI and macOS speak; more than twice the highest partial of the tones."""

_PEAK = 0.9
"""Peak of tones and speech alike; the rest is headroom for ticks."""

_PACE_PEAK = 0.35
"""Peak of ticks. Heuristic: they come every second, so they are clearly softer than speech."""

_RAMP_S = 0.008
"""Length of attack and decay; shorter ones click."""

_PARTIALS = (1.0, 0.6, 0.35, 0.2)
"""Amplitudes of the first harmonics: a pure sine drowns in music and on small loudspeakers."""

WORDS_PER_MINUTE = 160
"""Heuristic: a little slower than talking, for a loudspeaker metres away; the default of pyttsx3 is 200."""

_SILENCE = 0.01
"""Share of the peak below which a sample counts as silence; leading silence only delays the speech."""

_PAUSE_S = 0.12
"""Silence after each clip, so that two clips stay two. Heuristic."""

_NOTES: dict[str, tuple[tuple[float, float], ...]] = {
    "rep": ((1047, 0.18),),
    "taken back": ((784, 0.10), (523, 0.16)),
    "partial": ((392, 0.12), (0, 0.05), (392, 0.12)),
    "fast": ((1319, 0.06), (0, 0.03), (1319, 0.06), (0, 0.03), (1319, 0.06)),
    "form": ((587, 0.10), (466, 0.10), (587, 0.10)),
    "lower": ((587, 0.10), (494, 0.10), (415, 0.15)),
    "faster": ((1319, 0.06), (0, 0.03), (1319, 0.06), (0, 0.03), (1568, 0.06)),
    "halfway": ((784, 0.10), (0, 0.05), (784, 0.10)),
    "last five": ((1047, 0.10), (0, 0.05), (1047, 0.10), (0, 0.05), (1047, 0.10)),
    "last one": ((1319, 0.10), (0, 0.05), (1319, 0.10)),
    "set done": ((523, 0.14), (659, 0.14), (784, 0.14), (1047, 0.35)),
    "all done": ((523, 0.14), (659, 0.14), (784, 0.14), (1047, 0.28), (784, 0.14), (1047, 0.45)),
    "limit": ((1047, 0.20), (784, 0.20), (523, 0.45)),
    "soon": ((659, 0.12),),
    "rest over": ((784, 0.25), (0, 0.12), (784, 0.25), (0, 0.12), (1047, 0.45)),
    "ready": ((523, 0.12), (784, 0.25)),
    "wait": ((784, 0.12), (523, 0.25)),
    "trouble": ((311, 0.30), (0, 0.08), (294, 0.40)),
}
"""Each tone as notes of (Hz, seconds); 0 Hz is silence. They differ in number, pitch and direction of the notes."""

_POSITION = (Cue.NOBODY, Cue.NOT_LYING, Cue.NOT_STILL, Cue.HEAD_OUT, Cue.FEET_OUT, Cue.FROM_THE_END, Cue.TOO_FAR)
_CAMERA = (Cue.CAMERA_LOST, Cue.CAMERA_BUSY, Cue.CAMERA_REFUSED, Cue.CAMERA_FROZEN, Cue.CAMERA_SLOW)
_TONES = {
    Cue.COUNT: "rep",
    Cue.ADDED: "rep",
    Cue.REMOVED: "taken back",
    Cue.HIGHER: "partial",
    Cue.ALL_THE_WAY_DOWN: "partial",
    **dict.fromkeys((Cue.SLOWER, Cue.RAISE_SLOWER, Cue.LOWER_SLOWER, Cue.TAKE_YOUR_TIME), "fast"),
    Cue.GETTING_LOWER: "lower",
    Cue.GETTING_FASTER: "faster",
    Cue.LEGS_STRAIGHT: "form",
    Cue.LEGS_TOGETHER: "form",
    Cue.HALFWAY: "halfway",
    Cue.LAST_FIVE: "last five",
    Cue.LAST_ONE: "last one",
    Cue.SET_DONE: "set done",
    Cue.WORKOUT_DONE: "all done",
    Cue.DAY_LIMIT: "limit",
    Cue.REST_SOON_OVER: "soon",
    Cue.COUNTDOWN: "soon",
    Cue.SET_BEGINS: "rest over",
    Cue.REST_OVER: "rest over",
    Cue.READY: "ready",
    Cue.RESUMED: "ready",
    Cue.RESTARTED: "ready",
    Cue.CAMERA_BACK: "ready",
    Cue.PAUSED: "wait",
    Cue.PAUSED_OR_SET_DONE: "wait",
    Cue.ARM_PAUSES: "ready",
    Cue.OFFER_TARGET: "form",
    Cue.TARGET_SET: "ready",
    Cue.NO_TARGET: "wait",
    Cue.SLOWED_DOWN: "wait",
    **dict.fromkeys((*_POSITION, Cue.TOO_DARK, Cue.TWO_PEOPLE, *_CAMERA), "trouble"),
}


def tone(cue: Cue) -> Clip:
    """The tone for a cue, where there is no speech."""
    return np.concatenate([_note(hz, hz, length_s) for hz, length_s in _NOTES[_TONES[cue]]])


def _note(from_hz: float, to_hz: float, length_s: float, peak: float = _PEAK) -> Clip:
    """A note that glides from one pitch to another."""
    count = round(length_s * RATE_HZ)
    cycles = np.cumsum(np.linspace(from_hz, to_hz, count)) / RATE_HZ
    wave = sum(part * np.sin(2 * np.pi * order * cycles) for order, part in enumerate(_PARTIALS, start=1))
    envelope = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (_RAMP_S * RATE_HZ))
    loudest = max(float(np.abs(wave).max(initial=0)), 1.0)
    return np.asarray(peak * wave * envelope / loudest, dtype=np.float32)


PARTIAL_SOUND = np.concatenate([_note(330, 262, 0.12), np.zeros(round(0.03 * RATE_HZ), dtype=np.float32)])
"""Low and falling, before the words that say why a rep was partial: nobody takes it for a number. Clip."""


def pace_ticks(tempo: str) -> Clip:
    """The ticks of one rep, from one raise to the next.

    A rising tone begins the raise, a falling one the lowering, a low click a hold or a pause, and a tick follows each
    second in between. A tempo of zero length gives no samples. Raises SettingError for an invalid tempo.
    """
    raise_s, hold_s, lower_s, pause_s = parse_tempo(tempo)
    parts = (
        _phase_ticks(500, 1000, raise_s),
        _phase_ticks(350, 350, hold_s),
        _phase_ticks(1000, 500, lower_s),
        _phase_ticks(350, 350, pause_s),
    )
    return np.concatenate(parts)


def _phase_ticks(from_hz: float, to_hz: float, length_s: float) -> Clip:
    ticks = np.zeros(round(length_s * RATE_HZ), dtype=np.float32)
    first = _note(from_hz, to_hz, min(0.22 if from_hz != to_hz else 0.05, length_s), _PACE_PEAK)
    ticks[: len(first)] = first[: len(ticks)]
    tick = _note(1500, 1500, 0.03, _PACE_PEAK)
    # A second that ends with the phase is marked by the next phase instead of a tick.
    for start in range(RATE_HZ, len(ticks) - RATE_HZ // 4, RATE_HZ):
        ticks[start : start + len(tick)] = tick[: len(ticks) - start]
    return ticks


class VoiceError(RepcountError):
    """There is no voice, or it failed to render a text."""


class SpeechSynthesizer:
    """The platform's voice. To be used in the main thread alone, as macOS requires.

    `folder` is for its temporary file, `voice` the name of one of `voices`; `name` names it for people. Raises
    VoiceError if there is none.
    """

    def __init__(self, folder: Path, voice: str | None = None, words_per_minute: int = WORDS_PER_MINUTE) -> None:
        # macOS writes AIFF and needs the matching extension (pyttsx3 issue 361).
        self._file = folder / ("said.aiff" if sys.platform == "darwin" else "said.wav")
        try:
            _find_espeak()
            import pyttsx3

            self._engine = pyttsx3.init()
            self._engine.setProperty("rate", words_per_minute)
            if voice is None:
                _speak(self._engine, current())
            names = {_short_name(str(one.id)): str(one.id) for one in self._engine.getProperty("voices")}
        except VoiceError:
            raise
        except Exception as error:  # Each platform raises its own: RuntimeError, KeyError, COMError...
            raise VoiceError(_no_voice_reason(error)) from error
        self.voices = sorted(names)
        found = None if voice is None else find_voice(voice, self.voices)
        if voice is not None and found is None:
            raise VoiceError(f"there is no voice {voice!r}; repcount doctor lists them")
        if found is not None:
            self._engine.setProperty("voice", names[found])
        self.name = {"sapi5": "the voice of Windows", "nsss": "the voice of macOS"}.get(str(self._engine), "espeak-ng")

    def render(self, text: str) -> Clip:
        """`text` as speech, trimmed and normalised. Raises VoiceError if that fails."""
        try:
            self._file.unlink(missing_ok=True)
            self._engine.save_to_file(text, str(self._file))
            self._engine.runAndWait()
            return _trim(_decode(self._file.read_bytes()))
        except Exception as error:
            raise VoiceError(f"the voice could not say {text!r}: {error}") from error


def find_voice(name: str, names: Sequence[str]) -> str | None:
    """The one of `names` that is meant: the same but for case, or else the only one that contains it."""
    same = [one for one in names if one.casefold() == name.casefold()]
    alike = [one for one in names if name.casefold() in one.casefold()]
    found = same or (alike if len(alike) == 1 else [])
    return found[0] if found else None


def _short_name(voice: str) -> str:
    """The last part of a voice's id, which may be a path or a reversed domain: `gmw/en-US`, `com.apple.voice.Anna`."""
    last = re.split(r"[/\\\\]", voice)[-1]
    return last.rpartition(".")[2] if last.startswith("com.") else last


def _find_espeak() -> None:
    """If the system has no espeak-ng, load the one that the package espeakng-loader brings.

    pyttsx3 then finds it by name among the loaded libraries. Debian's lacks most Chinese words.
    """
    if sys.platform != "linux" or (current() != "zh" and _load_library("libespeak-ng.so.1")):
        return
    try:
        import espeakng_loader
    except ImportError:
        return
    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    _load_library(espeakng_loader.get_library_path())


def _load_library(library: str) -> bool:
    """Whether the library could be loaded; it stays loaded."""
    try:
        ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True


_ESPEAK_VOICES = {"en": "en-us", "pt": "pt-br", "zh": "cmn"}
"""Where the name of the voice is not the code of the language. American English, because a speech recogniser
understood 22 of 22 words by it and 16 by the British one."""


def _speak(engine: Any, code: str) -> None:
    """Choose the user's default voice if it speaks the language, or else the first that does.

    Without an English voice the default one stays. Raises VoiceError if there is none for another language.
    """
    if str(engine) == "espeak":
        engine.setProperty("voice", _ESPEAK_VOICES.get(code, code))
        return
    default = engine.getProperty("voice")
    speaking = [voice.id for voice in engine.getProperty("voices") if _speaks(voice, code)]
    if speaking and default not in speaking:
        engine.setProperty("voice", speaking[0])
    if not speaking and code != ENGLISH:
        raise VoiceError(f"no voice of this system speaks {LANGUAGES[code]}; its settings for speech may offer one")


def _speaks(voice: Any, code: str) -> bool:
    return any(str(language).lower().startswith(code) for language in voice.languages or ())


def _no_voice_reason(error: Exception) -> str:
    if sys.platform == "linux" and not _load_library("libespeak-ng.so.1"):
        return (
            "espeak-ng is not installed (Debian, Ubuntu: apt install espeak-ng; anywhere: pip install espeakng-loader)"
        )
    return f"the voice of this system does not answer ({type(error).__name__}: {error})"


def _decode(sound: bytes) -> Clip:
    """A WAV or AIFF file as a clip."""
    import miniaudio

    if sound[:4] == b"FORM":
        # "twos" is another AIFF name for big-endian samples, which miniaudio does not know.
        sound = sound[:100].replace(b"twos", b"NONE") + sound[100:]
    decoded = miniaudio.decode(sound, miniaudio.SampleFormat.FLOAT32, nchannels=1, sample_rate=RATE_HZ)
    return np.array(decoded.samples, dtype=np.float32)


def _trim(clip: Clip) -> Clip:
    """Trim the silence around `clip`, normalise it to the peak of a tone, and append a short pause."""
    peak = float(np.abs(clip).max(initial=0))
    if peak == 0:
        raise ValueError("it came out silent")
    loud = np.flatnonzero(np.abs(clip) > _SILENCE * peak)
    sound = clip[loud[0] : loud[-1] + 1] * (_PEAK / peak)
    return np.concatenate([sound, np.zeros(round(_PAUSE_S * RATE_HZ))]).astype(np.float32)

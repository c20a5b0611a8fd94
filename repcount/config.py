"""The settings that influence a result, and where they come from: defaults, presets, a TOML file, options."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

from repcount.errors import SettingError, brief
from repcount.pipes import open_input
from repcount.types import UPRIGHT_DEG

MIN_TARGET_DEG = 45.0
"""The lowest target: half way to vertical. Legs that stay below do another exercise."""

MAX_RATE_HZ = 240.0
"""The frame rate of the fastest common cameras (slow motion of phones)."""

_MAX_FILE_CHARS = 100_000
"""Length limit of a settings file; all settings with their reasons have 5000 characters. It bounds the reading of a
device."""


def _setting(default: float, low: float, high: float, about: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Thresholds of the counter, in degrees and seconds, each with the reason for its default.

    Raises SettingError if a value is out of range.
    """

    tempo: str = "2/0/2/0"
    """Seconds prescribed for raise/hold/lower/pause, in the notation of strength training."""

    fast_share: float = _setting(0.75, 0.1, 1.0, "share of the asked time below which a raise or lower is fast")
    """With the default, a raise prescribed at 2 s is fast below 1.5 s. Heuristic."""

    full_deg: float = _setting(UPRIGHT_DEG, MIN_TARGET_DEG, 90.0, "target: elevation from which a rep is full")
    """Upright, by thigh and hip-ankle line together, on labelled clips: partial reps 29-58°, bent-knee reps 56-65°,
    full reps 76-102°. Whose legs stop earlier may set a target of their own with `--target`, never below half way."""

    partial_deg: float = _setting(25.0, 15.0, 60.0, "least rise of the legs that is a clear try")
    """Above fidgeting (up to 22° of a person lying still), below the lowest labelled partial rep (34°)."""

    leave_deg: float = _setting(12.0, 5.0, 30.0, "rise above the rest at which a movement begins")
    """The upper hysteresis threshold at the bottom. Heuristic: above jitter and breathing, below any attempt."""

    return_share: float = _setting(0.3, 0.1, 0.5, "share of the rise that may be left when the legs are back")
    """Legs that have come down 70 % of the way are back: hovering legs turn at 15-25° of 90°, while pulses that turn at
    a third of the height do not count as back."""

    rest_deg: float = _setting(35.0, 10.0, 60.0, "highest elevation at which the legs can be at the bottom")
    """Hovering legs turn at 15-25°; planted feet and legs held up stay above 40°."""

    knee_deg: float = _setting(130.0, 90.0, 170.0, "knee angle at the top below which the knees are bent")
    """Straight-leg reps measure 133-177° at the top, bent-leg ones 107-146°."""

    apart_deg: float = _setting(30.0, 15.0, 60.0, "difference between the legs that is noted as apart")
    """In oblique views two parallel legs measure up to 25° apart when both angles are taken in 3D."""

    lying_deg: float = _setting(45.0, 20.0, 60.0, "steepest trunk that still lies")
    """Reclined trunks and lifted heads reach 25°, camera tilt adds up to 15°."""

    trunk_swing_deg: float = _setting(22.0, 10.0, 45.0, "how far the trunk may come up with the legs")
    """A head lifted at the start adds 20°, sit-ups and V-ups 35° and more."""

    max_gap_s: float = _setting(1.0, 0.2, 3.0, "longest time out of sight that is bridged within a rep")
    """Heuristic: longer than most drop-outs of the detection, shorter than a rep."""

    max_rep_s: float = _setting(60.0, 5.0, 600.0, "longest rep")
    """Heuristic: nobody takes a minute for a rep. It also bounds the counter's memory."""

    rest_gap_s: float = _setting(20.0, 1.0, 600.0, "pause that ends a set")
    """Heuristic: longer than the pauses within a set, shorter than a rest between sets."""

    min_confidence: float = _setting(0.7, 0.0, 1.0, "confidence below which a rep is flagged")
    """Measured on 175 clips, as they are and made worse: below it 179 of 353 reps are right, from there to 0.8 190 of
    255."""

    rate_hz: float = _setting(15.0, 5.0, MAX_RATE_HZ, "frames analysed per second of video")
    """Outliers are recognised by their neighbours: of 400 random sets as in the tests, all at one rate, 18 are
    miscounted at 10, one at 15 and none at 30. The labelled clips are counted alike at 10, 12 and 15."""

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.metadata:
                _check_range(item.name, getattr(self, item.name), item.metadata["low"], item.metadata["high"])
        parse_tempo(self.tempo)

    @property
    def own_target(self) -> bool:
        """Whether the target is not the default, so that whatever shows a result has to say so."""
        return self.full_deg != UPRIGHT_DEG

    @property
    def fast_raise_s(self) -> float:
        """Raises shorter than this are flagged as fast."""
        return self.fast_share * parse_tempo(self.tempo)[0]

    @property
    def fast_lower_s(self) -> float:
        """Lowers shorter than this are flagged as fast."""
        return self.fast_share * parse_tempo(self.tempo)[2]


def parse_tempo(tempo: str) -> tuple[float, float, float, float]:
    """The seconds of raise, hold, lower and pause in a tempo such as `2/0/2/0`. Raises SettingError."""
    try:
        raise_s, hold_s, lower_s, pause_s = (float(part) for part in tempo.split("/"))
    except (ValueError, AttributeError):
        raise SettingError(_tempo_help(tempo)) from None
    if not all(isfinite(part) and 0 <= part <= 60 for part in (raise_s, hold_s, lower_s, pause_s)):
        raise SettingError(_tempo_help(tempo))
    return raise_s, hold_s, lower_s, pause_s


def _tempo_help(tempo: object) -> str:
    return (
        f"tempo is {brief(tempo)}; it must be four times in seconds, 0 to 60, raise/hold/lower/pause, such as 2/0/2/0"
    )


def _check_range(name: str, value: object, low: float, high: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # type: ignore[operator]
        raise SettingError(f"{name} is {brief(value)}; it must be a number from {low:g} to {high:g}")


_LENIENT = {"full_deg": 58.0, "knee_deg": 115.0, "return_share": 0.4, "fast_share": 0.5}
_STRICT = {"full_deg": 75.0, "knee_deg": 145.0, "return_share": 0.2, "fast_share": 0.9}
PRESETS: dict[str, dict[str, Any]] = {
    "lenient": _LENIENT,
    "normal": {name: getattr(Config(), name) for name in _STRICT},
    "strict": _STRICT,
}
"""What `--strictness` sets. Heuristics: a beginner's legs, the labels' definition of a full rep, a coach's eye."""


def load(path: Path | None, options: Mapping[str, object] | None = None) -> Config:
    """Merge settings: `options` over the TOML file over the defaults.

    Without `path` the user's own file is read if it exists. Options that are None are ignored. `strictness` names a
    preset, in the file or the options; an explicit setting next to it takes precedence.

    Raises SettingError for an unreadable file, an unknown setting or a value that is not allowed.
    """
    from_file = _read(path) if path else _read_if_exists(user_file())
    try:
        _build(from_file)
    except SettingError as error:
        raise SettingError(f"{path or user_file()}: {error}") from error
    from_options = {name: value for name, value in (options or {}).items() if value is not None}
    return _build({**_expand_preset(from_file), **_expand_preset(from_options)})


def _build(settings: Mapping[str, object]) -> Config:
    values = _expand_preset(settings)
    _check_names(values)
    return replace(Config(), **values)


def _expand_preset(settings: Mapping[str, object]) -> dict[str, Any]:
    """The settings with `strictness` replaced by the values of its preset."""
    if "strictness" not in settings:
        return dict(settings)
    preset = settings["strictness"]
    if not isinstance(preset, str) or preset not in PRESETS:
        raise SettingError(f"strictness is {brief(preset)}; it must be one of {', '.join(PRESETS)}")
    explicit = {name: value for name, value in settings.items() if name != "strictness"}
    return {**PRESETS[preset], **explicit}


def user_file() -> Path:
    """The path of the user's own settings file, which may not exist."""
    import platformdirs

    return platformdirs.user_config_path("repcount") / "config.toml"


def _read_if_exists(path: Path) -> dict[str, Any]:
    return _read(path) if path.is_file() else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        with io.TextIOWrapper(open_input(path), encoding="utf-8") as file:
            text = file.read(_MAX_FILE_CHARS + 1)
        if len(text) > _MAX_FILE_CHARS:
            raise SettingError(f"{path} is too long to be a settings file")
        return tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingError(f"cannot read the settings file {path}: {reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path} is not valid TOML: {error}") from error
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{path} holds a number with too many digits or lists too deep in each other") from error


def _check_names(settings: dict[str, Any]) -> None:
    names = [item.name for item in fields(Config)]
    for name in settings:
        if name not in names:
            raise SettingError(
                f"there is no setting {brief(name)}; the settings are {', '.join(['strictness', *names])}"
            )

"""Which setting wins, what presets stand for, what a tempo asks."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from support.programs import Cli

from repcount import config
from repcount.config import PRESETS, Config
from repcount.errors import SettingError


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text('full_deg = 80\nrest_gap_s = 30\ntempo = "3/1/3/0"\n', encoding="utf-8")
    return path


@pytest.fixture
def users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    path = tmp_path / "home" / "repcount" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def test_without_anything_the_defaults_hold() -> None:
    assert config.load(None) == Config()


def test_the_file_goes_over_the_defaults(toml: Path) -> None:
    assert config.load(toml) == Config(full_deg=80.0, rest_gap_s=30.0, tempo="3/1/3/0")


def test_options_go_over_the_file(toml: Path) -> None:
    loaded = config.load(toml, {"full_deg": 65.0, "tempo": None})
    assert loaded == Config(full_deg=65.0, rest_gap_s=30.0, tempo="3/1/3/0")


def test_the_users_own_file_is_read_where_no_other_is_named(users_file: Path, toml: Path) -> None:
    users_file.write_text("full_deg = 62\nknee_deg = 140\n", encoding="utf-8")
    assert config.load(None) == Config(full_deg=62.0, knee_deg=140.0)
    assert config.load(toml).knee_deg == Config().knee_deg


def test_a_broken_file_of_the_user_is_told_with_its_path(users_file: Path) -> None:
    users_file.write_text("full_deg", encoding="utf-8")
    with pytest.raises(SettingError, match=f"{users_file} is not valid TOML"):
        config.load(None)


PRECEDENCE: list[tuple[str, dict[str, Any], float]] = [
    ("", {"strictness": "strict"}, 75.0),
    ('strictness = "strict"', {}, 75.0),
    ('strictness = "strict"', {"strictness": "lenient"}, 58.0),
    ('strictness = "strict"', {"strictness": "normal"}, 67.0),
    ('strictness = "strict"\nfull_deg = 72', {}, 72.0),
    ("full_deg = 72", {"strictness": "strict"}, 75.0),
    ('strictness = "strict"', {"full_deg": 65.0}, 65.0),
    ("", {"strictness": "strict", "full_deg": 65.0}, 65.0),
]


@pytest.mark.parametrize(("file", "options", "full_deg"), PRECEDENCE)
def test_an_explicit_setting_beats_the_preset_beside_it_and_options_beat_the_file(
    file: str, options: dict[str, Any], full_deg: float, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(file, encoding="utf-8")
    assert config.load(tmp_path / "own.toml", options).full_deg == full_deg


def test_presets_set_the_same_names_and_normal_is_the_default() -> None:
    assert len({frozenset(preset) for preset in PRESETS.values()}) == 1
    assert Config(**PRESETS["normal"]) == Config()


def test_strict_asks_more_than_normal_and_lenient_less() -> None:
    lenient, normal, strict = (Config(**PRESETS[name]) for name in ("lenient", "normal", "strict"))
    assert lenient.full_deg < normal.full_deg < strict.full_deg
    assert lenient.knee_deg < normal.knee_deg < strict.knee_deg
    assert lenient.return_share > normal.return_share > strict.return_share
    assert lenient.fast_share < normal.fast_share < strict.fast_share


def test_a_tempo_of_two_seconds_asks_at_least_one_and_a_half() -> None:
    assert (Config().fast_raise_s, Config().fast_lower_s) == (1.5, 1.5)
    slow = Config(tempo="4/1/3.5/0", fast_share=0.5)
    assert (slow.fast_raise_s, slow.fast_lower_s) == (2.0, 1.75)


NUMBERS = [item for item in fields(Config) if item.metadata]


@pytest.mark.parametrize("item", NUMBERS, ids=[item.name for item in NUMBERS])
def test_every_number_has_a_range_that_holds_its_default(item: Any) -> None:
    low, high = item.metadata["low"], item.metadata["high"]
    assert low <= item.default <= high
    for allowed in (low, high):
        Config(**{item.name: allowed})
    for refused in (low - 0.001, high + 0.001):
        with pytest.raises(SettingError, match=rf"{item.name} is .*; it must be a number from {low:g} to {high:g}"):
            Config(**{item.name: refused})


def test_options_of_the_command_line_reach_the_result(cli: Cli, toml: Path, tmp_path: Path) -> None:
    """Everything that influenced the result stands in the JSON, under the names of the settings."""
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n0,180\n", encoding="utf-8")
    options = ["--config", toml, "--tempo", "1/0/1/0", "--set", "rate_hz=30", "--set", "min_confidence=0.25"]
    result = cli("recount", tmp_path / "signal.csv", *options, "--json", "-")
    expected = Config(full_deg=80.0, rest_gap_s=30.0, tempo="1/0/1/0", rate_hz=30.0, min_confidence=0.25)
    assert json.loads(result.out)["settings"] == asdict(expected)


def test_the_tempo_option_beats_the_setting_of_that_name(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n0,180\n", encoding="utf-8")
    options = ["--tempo", "1/0/1/0", "--set", "tempo=3/0/3/0"]
    result = cli("recount", tmp_path / "signal.csv", *options, "--json", "-")
    assert json.loads(result.out)["settings"]["tempo"] == "1/0/1/0"

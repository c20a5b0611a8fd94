"""Makes the tables in `settings.md` from the texts of `repcount.config.Config`: `python docs/make_settings.py`.

What stands above the mark is written by hand. A test checks that the page is up to date.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from repcount.config import PRESETS, Config

PAGE = Path(__file__).parent / "settings.md"
MARK = "<!-- What follows is made by docs/make_settings.py. -->\n"

_UNITS = {"_s": " s", "_deg": "°", "_hz": " Hz"}


def reasons() -> dict[str, str]:
    """The docstring under each field of Config that has one, in a line."""
    (config,) = ast.parse(inspect.getsource(Config)).body
    assert isinstance(config, ast.ClassDef)
    found = {}
    for before, after in zip(config.body, config.body[1:], strict=False):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[before.target.id] = " ".join(str(after.value.value).split())
    return found


def shown(name: str, value: object) -> str:
    """A value with its unit."""
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
    return f"{value:g}{unit}" if isinstance(value, int | float) else str(value)


def row(item: Field[Any], reason: str) -> str:
    """The row of one setting."""
    low, high = item.metadata.get("low"), item.metadata.get("high")
    allowed = f"{low:g} to {shown(item.name, high)}" if item.metadata else ""
    about = item.metadata.get("about", "")
    text = ". ".join(part.rstrip(".") for part in (about[:1].upper() + about[1:], reason) if part) + "."
    return f"| `{item.name}` | {shown(item.name, item.default)} | {allowed} | {text} |"


def tables() -> str:
    """All that follows the mark."""
    why = reasons()
    lines = ["", "| setting | default | range | what it is, and why it has this default |", "|---|---|---|---|"]
    lines += [row(item, why.get(item.name, "")) for item in fields(Config)]
    lines += ["", "## What `--strictness` sets", "", f"| setting | {' | '.join(PRESETS)} |"]
    lines += ["|---" * (len(PRESETS) + 1) + "|"]
    for name in PRESETS["normal"]:
        values = [shown(name, preset[name]) for preset in PRESETS.values()]
        lines.append(f"| `{name}` | {' | '.join(values)} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page as it ought to be."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + tables()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

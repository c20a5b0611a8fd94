"""What somebody means to do: sets of so many full reps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from repcount.errors import SettingError

DAY_LIMIT = 100
"""Full reps a day, as the guidance of the exercise has it."""

REST_S = 60.0
"""Rest between two sets. A choice."""


@dataclass(frozen=True, slots=True)
class WorkoutPlan:
    """Sets asked, and full reps in each; None in both is a free session."""

    sets: int | None = None
    reps: int | None = None
    more: bool = False
    """`+`: a set goes on past its reps until the person stops."""


FREE = WorkoutPlan()


def parse_plan(text: str | None) -> WorkoutPlan:
    """`3x30`, `5x20`, `3x30+` or `free`. Raises SettingError."""
    if text is None or text.strip().lower() == "free":
        return FREE
    found = re.fullmatch(r"\s*(\d{1,2})\s*[x×*]\s*(\d{1,3})\s*(\+?)\s*", text, re.IGNORECASE)
    if found is None or int(found[1]) == 0 or int(found[2]) == 0:
        raise SettingError(f"plan is {text!r}; it must be sets x reps, such as 3x30, 5x20 or 3x30+, or free")
    return WorkoutPlan(int(found[1]), int(found[2]), bool(found[3]))

"""What the SVG charts of the reports share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values linearly to positions along one axis of a chart, in SVG units, rounded to a tenth."""

    value: float
    position: float
    """Where `value` is."""
    units: float
    """SVG units for each 1 of the value; negative where larger values are further up."""

    @classmethod
    def between(cls, values: tuple[float, float], positions: tuple[float, float]) -> Self:
        """The scale that maps two different values to two positions."""
        return cls(values[0], positions[0], (positions[1] - positions[0]) / (values[1] - values[0]))

    def __call__(self, value: float) -> float:
        """The position of a value."""
        return round(self.position + self.units * (value - self.value), 1)

    def length(self, amount: float) -> float:
        """The length of a bar for `amount`."""
        return round(abs(self.units) * amount, 1)

"""Made-up sessions, counted: an analysis and its curve, for what draws them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from repcount import Config, Sample, pipeline
from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.reports.traces import AngleTrace
from support.signals import Shape, flexions, samples

PAUSE_S = 45.0


def counted(
    samples: Iterable[Sample], name: str = "session.mp4", config: Config | None = None
) -> tuple[Analysis, AngleTrace]:
    settings, tally, curve = config or Config(), AnalysisBuilder(), AngleTrace()
    for update in pipeline.updates(samples, settings):
        tally.write(update)
        curve.write(update)
    return tally.result(Source(name, tally.last_s, 1280, 720, 900, tally.samples), settings), curve


def tiring(sets: Sequence[int] = (10, 10, 10), tire: float = 1.0) -> list[Sample]:
    """Sets of reps; within each the reps get faster and lower by up to `tire`, and one rep of the last is partial."""
    rng = random.Random(1)
    shapes = []
    for number, count in enumerate(sets):
        for i in range(count):
            tired = tire * i / max(count - 1, 1)
            shape = Shape(
                top=90 - 12 * tired + rng.gauss(0, 1),
                raise_s=2.1 - 0.8 * tired + rng.gauss(0, 0.05),
                lower_s=2.2 - 0.8 * tired + rng.gauss(0, 0.05),
            )
            last = i == count - 1
            shapes.append(replace(shape, pause_s=PAUSE_S) if last and number < len(sets) - 1 else shape)
    shapes[-2] = replace(shapes[-2], top=50.0)
    return seen(samples(flexions(shapes, rate_hz=15.0)))


def seen(made: Iterable[Sample], trunk_deg: float = 0.0) -> list[Sample]:
    """As a camera at the side sees them, on a trunk that may be raised."""
    return [
        replace(
            sample,
            knee_deg=170.0,
            ankle_deg=180.0 - sample.hip_deg,
            trunk_deg=trunk_deg,
            chest_deg=80.0,
            hip_x=640.0,
            hip_y=470.0,
            trunk_px=170.0,
            visibility=0.97,
            feet_visibility=0.97,
            view_deg=5.0,
            hands_on_head=1.0,
            side="left",
        )
        for sample in made
    ]

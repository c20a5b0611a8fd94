"""The benchmark of speed runs. How fast anything is depends on the machine, and is not asserted."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import benchmark


@pytest.mark.slow
def test_the_benchmark_runs_and_both_loops_count_the_same(model: Path, tmp_path: Path) -> None:
    [short], message = benchmark("speed.py", tmp_path / "speed.json", "--quick", "--model", model)
    assert short["counts_agree"]
    assert short["runs"]["plain"]["full"] == short["runs"]["repcount"]["full"] == 7
    assert short["runs"]["repcount"]["memory_mb"] > 50
    assert 0 < short["work"]["measured"] <= short["work"]["looked_at"]
    assert "times as fast as the plain loop" in message

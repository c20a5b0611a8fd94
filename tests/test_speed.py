"""The benchmark of speed runs. How fast anything is depends on the machine, and is not asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def test_the_benchmark_runs_and_both_loops_count_the_same(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "speed.json"
    command: list[str | Path] = [
        sys.executable,
        ROOT / "benchmarks" / "speed.py",
        "--quick",
        "--model",
        model,
        "--json",
        out,
    ]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout
    [short] = json.loads(out.read_text(encoding="utf-8"))
    assert short["counts_agree"]
    assert short["runs"]["plain"]["full"] == short["runs"]["repcount"]["full"] == 7
    assert short["runs"]["repcount"]["memory_mb"] > 50
    assert 0 < short["work"]["measured"] <= short["work"]["looked_at"]
    assert "times as fast as the plain loop" in told

"""Ctrl-C in front of hosts that stall, trickle, flood and lie; the benchmark itself tries 200 moments."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import benchmark

HOSTS = ["stalls", "trickles", "floods", "trickled headers", "keys that trickle", "rtsp: packets of garbage"]


@pytest.mark.slow
def test_ctrl_c_ends_every_state_of_a_stream_within_two_seconds(tmp_path: Path) -> None:
    runs, printed = benchmark("hostile_streams.py", tmp_path / "runs.json", "--runs", "12", "--hosts", *HOSTS)
    assert "12 of 12 runs over 6 hosts ended with 130" in printed
    assert {run["host"] for run in runs} == set(HOSTS)
    assert {run["state"] for run in runs} == {"starting", "connected"}

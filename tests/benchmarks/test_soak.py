"""A short soak: the long one is benchmarks/soak.py by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.programs import benchmark


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_a_short_soak_loses_nothing_and_leaves_nothing_open(model: Path, tmp_path: Path) -> None:
    """A minute of a session with a stream that breaks off twice; memory is a matter of hours."""
    options = ("--minutes", "1", "--speed", "4", "--every", "20")
    document, _ = benchmark("soak.py", tmp_path / "soak.json", *options, timeout_s=300)
    first, *_, last = document["looks"]
    assert document["faults"] == []
    assert last["announced"] == last["stored"] > 0
    assert (last["threads"], last["files"]) <= (first["threads"], first["files"])
    assert any("gives no picture" in text or "no camera does" in text for text in document["messages"])

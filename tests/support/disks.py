"""A disk of its own for a program, where the system lets a test have one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

_OWN = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


def on_a_disk(
    folder: Path, options: str, script: str, command: Sequence[str | Path], *, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a shell script, in which "$@" is `command`, with a tmpfs mounted on `folder` that nobody else sees."""
    mount = f"mount -t tmpfs -o {options} tmpfs {folder}"
    if shutil.which("unshare") is None or subprocess.run([*_OWN, mount], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let a test mount a file system of its own")
    whole = [*_OWN, f"{mount} && {script}", "sh", *map(str, command)]
    return subprocess.run(whole, capture_output=True, text=True, timeout=300, check=False, env=env)

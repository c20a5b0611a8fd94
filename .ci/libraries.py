"""Whether a system library is missing that repcount needs: run by the Python of its environment, on Linux.

`ldd` names what no library on this system brings. That matters only where the program opens the library that asks
for it, so repcount is run as well, and the loader of glibc keeps a record of what it opens (`LD_DEBUG=files`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

SAMPLE = str(Path(__file__).parents[1] / "sample_videos" / "07_fast_reps.mp4")
RUNS = [
    ["analyze", SAMPLE, *("--annotate", "a.mp4", "--plot", "a.png", "--report", "a.html", "--csv", "a.csv")],
    ["live", "--camera", SAMPLE, "--no-window", "--sound-file", "a.wav"],
    ["doctor"],
]
"""What loads most of what there is. `doctor` finds no camera, which is no matter here."""


def missing_by_library(packages: Path) -> dict[Path, list[str]]:
    """The libraries in there, each with what it asks for in vain."""
    found = {}
    for library in sorted(path for path in packages.rglob("*.so*") if re.search(r"\.so(\.\d+)*$", path.name)):
        done = subprocess.run(["ldd", library], capture_output=True, text=True, check=False)
        found[library] = re.findall(r"^\s*(\S+) => not found", done.stdout, re.MULTILINE)
    return found


def opened() -> set[Path]:
    """All that the processes of repcount open, or try to."""
    paths: set[Path] = set()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{folder}/opened"}
        environment["REPCOUNT_HISTORY"] = f"{folder}/history.sqlite3"
        for arguments in RUNS:
            command = [sys.executable, "-m", "repcount", *arguments]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            if done.returncode and arguments != ["doctor"]:
                sys.exit(f"repcount {' '.join(arguments)}: {done.stdout}{done.stderr}")
        for record in Path(folder).glob("opened.*"):
            read = record.read_text(encoding="utf-8", errors="replace")
            paths |= {Path(name).resolve() for name in re.findall(r"\bfile=(/\S+) \[0\]", read)}
    return paths


missing = missing_by_library(Path(sysconfig.get_path("purelib")))
loaded = opened()
print(f"{len(missing)} libraries, {len(loaded & {path.resolve() for path in missing})} of them opened by repcount")
lacking = {library: names for library, names in missing.items() if names}
for library, names in lacking.items():
    said = "repcount opens it" if library.resolve() in loaded else "repcount never opens it"
    print(f"{library.name}: {', '.join(names)} not found; {said}")
if not lacking:
    print("ldd finds all that they ask for")
sys.exit(any(library.resolve() in loaded for library in lacking))

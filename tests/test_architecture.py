"""What import-linter cannot see: what is loaded when, what importing changes, and what may not be committed.

Who may import what is in `pyproject.toml` under `[tool.importlinter]`; `lint-imports` checks it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.programs import ROOT

PACKAGE = ROOT / "repcount"

HEAVY = ["av", "cv2", "jinja2", "matplotlib", "mediapipe", "miniaudio", "numpy", "pygame", "pyttsx3"]

CALENDAR = re.compile(r"\b(?:date\.today|datetime\.now|datetime\.today)\(")


def modules() -> list[str]:
    """The full names of all modules of the package."""
    paths = (path.relative_to(ROOT).with_suffix("") for path in sorted(PACKAGE.rglob("*.py")))
    return [".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__"]


def test_the_calendar_is_read_by_the_command_line_alone() -> None:
    users = {path.parent for path in PACKAGE.rglob("*.py") if CALENDAR.search(path.read_text(encoding="utf-8"))}
    assert users <= {PACKAGE / "cli"}


@pytest.mark.parametrize("command", ["import repcount.cli", "import repcount", "HELP"])
def test_nothing_heavy_is_loaded_for_the_help(command: str) -> None:
    show_help = (
        "import sys; from repcount.cli import main\n"
        "sys.argv = ['repcount', '--help']\n"
        "try: main()\nexcept SystemExit as ended: assert ended.code == 0"
    )
    code = f"{show_help if command == 'HELP' else command}\nimport sys\nprint('LOADED', sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.rpartition("LOADED ")[2]
    assert "'repcount.cli'" in loaded or command == "import repcount"
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


HOST = """
import importlib, logging, os, signal, sys, threading, warnings
import cv2, mediapipe, numpy  # what these change by themselves is theirs

def state():
    return {
        "environment": dict(os.environ),
        "signal handlers": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "threads": [thread.name for thread in threading.enumerate()],
        "OpenCV's threads": cv2.getNumThreads(),
        "OpenCV's log level": cv2.utils.logging.getLogLevel(),
        "numpy's errors": numpy.geterr(),
        "log": (logging.root.level, list(logging.root.handlers)),
        "warnings": list(warnings.filters),
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
    }

before = state()
for module in sys.argv[1:]:
    importlib.import_module(module)
after = state()
print([name for name in before if before[name] != after[name]])
"""


def test_importing_changes_nothing_in_a_host_program() -> None:
    done = subprocess.run([sys.executable, "-c", HOST, *modules()], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def tracked() -> list[Path]:
    """The files that git tracks."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout, so no file is tracked")
    done = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_is_a_model_or_names_a_place_on_somebodys_machine() -> None:
    places = re.compile(rb"/(?:home|root|Users|work)/\w|/tmp/\w|[A-Z]:\\Users\\")
    files = tracked()
    assert not [path for path in files if path.suffix in {".task", ".tflite"}]
    texts = {".py", ".md", ".toml", ".json", ".csv", ".txt", ".yml", ".yaml", ".sh", ""}
    found = [path for path in files if path.suffix in texts and places.search(path.read_bytes())]
    assert [path for path in found if path != Path(__file__)] == []

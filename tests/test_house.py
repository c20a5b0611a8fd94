"""The rules of the house: who imports what, what is loaded when, what may not lie in it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "repcount"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "sample_videos" not in path.parts
}

VALUES = {"repcount.records", "repcount.config", "repcount.errors"}
PURE = VALUES | {
    f"repcount.{name}"
    for name in (
        "coach",
        "counter",
        "counting",
        "curve",
        "departure",
        "judge",
        "moment",
        "placement",
        "plan",
        "posture",
        "readiness",
        "reminder",
        "scene",
        "session",
        "smoothing",
        "speech",
        "trace",
        "trend",
        "words",
        "workout",
    )
}
"""The modules that decide. They read no clock, write no log and know no library but numpy."""

NOT_PURE = {"cv2", "mediapipe", "typer", "rich", "logging", "time", "datetime", "sqlite3", "os", "subprocess"}
SETTINGS_MAY = {"platformdirs"}
"""Where the user's settings file lies."""

CLI = {f"repcount.cli{name}" for name in ("", ".files", ".history", ".live", ".options", ".setup")}

ONLY_IN: dict[str, set[str]] = {
    "mediapipe": {"repcount.landmarks", "repcount.bundle"},
    "cv2": {"repcount.opencv"},
    "pygame": {"repcount.sinks.window"},
    "typer": CLI,
    "rich": {f"repcount.sinks.{name}" for name in ("terminal", "status", "history_chart")},
    "subprocess": {"repcount.weights", "repcount.workers", "repcount.sinks.voice", "repcount.sinks.window"},
    "time": {"repcount.camera.pulse", "repcount.sinks.voice", "repcount.workers"}
    | {f"repcount.sound.{name}" for name in ("library", "output", "speaker")},
    "sqlite3": {"repcount.sinks.database"},
    "av": {"repcount.film"},
    "jinja2": {"repcount.page"},
    "matplotlib": {"repcount.sinks.plot", "repcount.sinks.plot_strip"},
    "miniaudio": {"repcount.sound.output", "repcount.sound.render"},
    "pyttsx3": {"repcount.sound.render"},
    "espeakng_loader": {"repcount.sound.render"},
    "logging": set(),
}
"""`bundle` needs the schema of model metadata that the MediaPipe wheel carries."""

KNOWN_TO_SINKS = {
    f"repcount.{name}"
    for name in (
        *("analysis", "chart", "curve", "days", "draw", "draw.style", "film", "findings", "libraries", "moment"),
        *("opencv", "page", "trend", "words"),
    )
}

PARTS = {f"repcount.sinks.{name}" for name in ("history", "database", "history_file", "migrations")}
"""The one sink that is made of several modules; elsewhere a longer name tells."""

HEAVY = ["cv2", "mediapipe", "numpy", "matplotlib", "jinja2", "av", "miniaudio", "pyttsx3", "pygame"]

CALENDAR = re.compile(r"\b(?:date\.today|datetime\.now|datetime\.today)\(")


def imports(path: Path, *, for_types: bool = True) -> set[str]:
    """Full names of all that a file imports, at its top or later; `for_types`: under TYPE_CHECKING, too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    if not for_types:
        guards = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
        skipped = {inner for guard in guards for inner in ast.walk(guard)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def of_the_house(names: set[str]) -> set[str]:
    """The modules of repcount among the imported names (`repcount.records.Rep` is `repcount.records`)."""
    return {name if name in MODULES else name.rpartition(".")[0] for name in names if roots({name}) == {"repcount"}}


def test_the_rules_speak_of_modules_that_are_there() -> None:
    assert set(MODULES) >= PURE | set().union(*ONLY_IN.values())


@pytest.mark.parametrize("module", sorted(PURE))
def test_modules_that_decide_import_only_each_other_the_standard_library_and_numpy(module: str) -> None:
    names = imports(MODULES[module])
    allowed = sys.stdlib_module_names | {"repcount", "numpy"} | (SETTINGS_MAY if module in VALUES else set())
    assert roots(names) <= allowed
    assert not roots(names) & NOT_PURE
    assert of_the_house(names) - {"repcount"} <= (VALUES if module in VALUES else PURE)


def test_numpy_is_known_to_posture_alone_among_them() -> None:
    """The counter takes plain numbers."""
    users = {module for module in PURE if "numpy" in roots(imports(MODULES[module], for_types=False))}
    assert users == {"repcount.posture", "repcount.placement"}


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    users = {module for module, path in MODULES.items() if library in roots(imports(path))}
    assert users == ONLY_IN[library]


def test_sinks_know_results_but_nothing_that_makes_them_and_no_other_sink() -> None:
    sinks = {module for module in MODULES if module.startswith("repcount.sinks.")}
    assert sinks
    for sink in sinks:
        parts = {module for module in sinks if module.startswith(f"{sink}_")} | (PARTS if sink in PARTS else set())
        known = of_the_house(imports(MODULES[sink])) - {"repcount"}
        assert known <= VALUES | KNOWN_TO_SINKS | parts, sink


def test_the_calendar_is_read_by_the_command_line_alone() -> None:
    users = {module for module, path in MODULES.items() if CALENDAR.search(path.read_text(encoding="utf-8"))}
    assert users <= CLI


def test_only_the_entry_point_imports_the_command_line() -> None:
    users = {module for module, path in MODULES.items() if of_the_house(imports(path)) & CLI}
    assert users - CLI == {"repcount.__main__"}


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


def tracked() -> list[Path]:
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

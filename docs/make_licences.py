"""Makes the tables of packages in `licences.md`: all that is installed, under which licence, and who needs it.

Run it after the lock was made anew, in an environment installed from the lock: names, versions and who needs what
come from the lock, licences from what is installed. What stands above the tables is written by hand.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "licences.md"
MARK = "<!-- What follows is made by docs/make_licences.py. -->\n"

READ = {
    "axe-core-python": "MIT",
    "certifi": "MPL-2.0",
    "cloudpickle": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "comtypes": "MIT",
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "editables": "MIT",
    "espeakng-loader": "none stated; espeak-ng in it is GPL-3.0-or-later",
    "fitdecode": "MIT",
    "flatbuffers": "Apache-2.0",
    "fonttools": "MIT",
    "grimp": "BSD-2-Clause",
    "h11": "MIT",
    "imageio-ffmpeg": "BSD-2-Clause",
    "import-linter": "BSD-2-Clause",
    "jinja2": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "locket": "BSD-2-Clause",
    "markdown-it-py": "MIT",
    "matplotlib": "its own, after the PSF licence",
    "mdurl": "MIT",
    "mediapipe": "Apache-2.0",
    "miniaudio": "MIT",
    "opencv-python-headless": "MIT; OpenCV in it is Apache-2.0",
    "outcome": "MIT OR Apache-2.0",
    "partd": "BSD-3-Clause",
    "pathspec": "MPL-2.0",
    "pip": "MIT",
    "pluggy": "MIT",
    "pocketsphinx": "BSD-2-Clause",
    "psutil": "BSD-3-Clause",
    "pygame-ce": "LGPL-2.1-or-later",
    "pyobjc-core": "MIT",
    "pyobjc-framework-cocoa": "MIT",
    "pypiwin32": "none stated; it holds no code and asks for pywin32",
    "pysocks": "BSD-3-Clause",
    "pywin32": "PSF-2.0 AND BSD-3-Clause; adodbapi in it is LGPL-2.1",
    "pyyaml": "MIT",
    "rich": "MIT",
    "selenium": "Apache-2.0",
    "shellingham": "ISC",
    "sniffio": "MIT OR Apache-2.0",
    "sortedcontainers": "Apache-2.0",
    "tornado": "Apache-2.0",
    "trio-websocket": "MIT",
    "trove-classifiers": "Apache-2.0",
    "tzdata": "Apache-2.0",
    "websocket-client": "Apache-2.0",
    "zict": "BSD-3-Clause",
}
"""Where the package does not state an expression, or is for another system: read in its licence files."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution in the lock."""

    name: str
    versions: tuple[str, ...]
    needed_by: tuple[str, ...]


def pins(lock: str) -> dict[str, Pin]:
    """All distributions of the lock by name, in its order."""
    found: dict[str, Pin] = {}
    for block in re.split(r"\n(?=\w)", lock):
        if match := re.match(r"([\w.-]+)==([^\s;\\]+)", block):
            name, version = canonicalize_name(match[1]), match[2]
            before = found.get(name, Pin(name, (), ()))
            parents = re.findall(r"^    #\s+(?:via )?([\w.-]+)(?: \(pyproject\.toml\))?$", block, re.MULTILINE)
            named = {canonicalize_name(parent) for parent in parents} - {"via"}
            found[name] = Pin(name, (*before.versions, version), tuple(sorted({*before.needed_by, *named})))
    return found


def asked() -> dict[str, dict[str, Requirement]]:
    """What pyproject.toml asks for: `""` to run, then by extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        group: {canonicalize_name(each.name): each for each in map(Requirement, lines)}
        for group, lines in groups.items()
    }


def reached(roots: Iterable[str], known: dict[str, Pin]) -> set[str]:
    """The distributions that come along with `roots`."""
    found: set[str] = set()
    new = set(roots) & set(known)
    while new:
        found |= new
        new = {pin.name for pin in known.values() if set(pin.needed_by) & new} - found
    return found


def licence(name: str) -> str:
    """The licence of a distribution, as an SPDX expression where there is one. Raises KeyError if nobody knows."""
    if name in READ:
        return READ[name]
    try:
        stated = metadata.metadata(name)["License-Expression"]
    except (metadata.PackageNotFoundError, KeyError):  # where importlib_metadata is installed, too, it is an error
        stated = None
    if not stated:
        raise KeyError(f"the licence of {name} is not known: read it in the package and add it to READ")
    return str(stated)


def table(names: Iterable[str], known: dict[str, Pin], ranges: dict[str, Requirement]) -> str:
    """The table of these distributions."""
    rows = []
    for name in sorted(names):
        pin = known[name]
        span = f" ({ranges[name].specifier})" if name in ranges else ""
        rows.append(f"| {name} | {', '.join(pin.versions)}{span} | {licence(name)} | {', '.join(pin.needed_by)} |")
    return "\n".join(["| package | version | licence | needed by |", "|---|---|---|---|", *rows])


def tables() -> str:
    """All tables. Raises KeyError for a licence that is not known."""
    known = pins(LOCK.read_text(encoding="utf-8"))
    groups = asked()
    run = reached(groups[""], known)
    cluster = reached(groups["cluster"], known) - run
    ranges = {name: requirement for group in groups.values() for name, requirement in group.items()}
    parts = {
        "To count": run,
        "To spread videos over Dask workers (`repcount[cluster]`)": cluster,
        "To test and build": set(known) - run - cluster,
    }
    return "".join(f"\n### {title}\n\n{table(names, known, ranges)}\n" for title, names in parts.items())


if __name__ == "__main__":
    by_hand = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(by_hand + MARK + tables(), encoding="utf-8")

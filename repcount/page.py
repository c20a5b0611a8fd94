"""One self-contained HTML file from a template: nothing is fetched, and a browser is told to let nothing be."""

from __future__ import annotations

import base64
import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

_TEMPLATES = Path(__file__).parent / "templates"

_COUNTED_WITH = ("repcount", "mediapipe", "opencv-python-headless", "numpy")


def render_page(template: str, *scripts: str, **values: Any) -> str:
    """The page; `template` and `scripts` are names in the folder of templates.

    Every value is escaped, and only the style and the script of ours, known by their hashes, are let run: the
    names of files may hold anything.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, *codes = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("style.css", *scripts))
    code = "\n".join(codes)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(code)}; img-src data:; "
        "media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    return environment.get_template(template).render(style=style, script=code, policy=policy, **values)


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def jpeg_data_uri(jpeg: bytes) -> str:
    """A JPEG as an address that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def file_address(name: str) -> str:
    """The name of a file beside the page as a relative address."""
    return "./" + quote(name.encode("utf-8", "surrogateescape"))


def versions() -> list[str]:
    """What counted, by name and version."""
    return [f"Python {platform.python_version()}", *(_version(name) for name in _COUNTED_WITH)]


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} (not installed)"

"""Counts supine leg raises in video: times and judges every rep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repcount.analysis import Analysis
    from repcount.config import Config
    from repcount.errors import RepcountError
    from repcount.pipeline import analyze, count, recount
    from repcount.types import Rep, Sample

__version__ = "0.1.0"

__all__ = ["Analysis", "Config", "Rep", "RepcountError", "Sample", "__version__", "analyze", "count", "recount"]

_MODULES = {
    "Analysis": "analysis",
    "Config": "config",
    "Rep": "types",
    "RepcountError": "errors",
    "Sample": "types",
    "analyze": "pipeline",
    "count": "pipeline",
    "recount": "pipeline",
}
"""Where the public names are defined. They are imported on first use, so that the command has its signal handlers in
place within milliseconds and Ctrl-C right after the start leaves no traceback."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"repcount.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

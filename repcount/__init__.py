"""Counts supine leg raises in video: every full raise-and-lower, timed and judged."""

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

_FROM = {
    "Analysis": "analysis",
    "Config": "config",
    "Rep": "types",
    "RepcountError": "errors",
    "Sample": "types",
    "analyze": "pipeline",
    "count": "pipeline",
    "recount": "pipeline",
}
"""Loaded when first asked for: the command has its signal handlers in place within milliseconds, and Ctrl-C in the
first moment leaves no traceback."""


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"repcount.{_FROM[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Counts supine leg raises in video: every full raise-and-lower, timed and judged."""

from repcount.analysis import Analysis
from repcount.config import Config
from repcount.errors import RepcountError
from repcount.pipeline import analyze, count, recount
from repcount.records import Rep, Sample

__version__ = "0.1.0"

__all__ = ["Analysis", "Config", "Rep", "RepcountError", "Sample", "__version__", "analyze", "count", "recount"]

"""Monotonic clock of live capture: unaffected by changes of the system time."""

from __future__ import annotations

from time import perf_counter, sleep

__all__ = ["clock_s", "sleep"]

clock_s = perf_counter
"""Seconds on a monotonic clock. `time.monotonic` reads the same clock, but before Python 3.13 it ticks only every
15.6 ms on Windows, which would blur frame times."""

"""The monotonic clock of live capture: one that never jumps, whatever the calendar does."""

from __future__ import annotations

from time import perf_counter, sleep

clock_s = perf_counter
"""Seconds by a monotonic clock. `time.monotonic` is the same one, but before Python 3.13 it ticks only every
15.6 ms on Windows, which would blur the times of the frames."""

pause = sleep
"""Waits so many seconds."""

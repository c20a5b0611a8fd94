#!/usr/bin/env python3
"""Ctrl-C at random moments of live streams that stall, trickle, flood and lie.

`repcount live` runs as a process of its own in front of each host of `tests/support/hostile.py` in turn, and gets
SIGINT at a random moment: in every fourth run from its start on, in the others from the first connection on, so while
it starts, connects, waits for the first picture, counts, waits for one that does not come, connects again. Then it has
to end within two seconds with 130, and to print no traceback and nothing of an abort. Runs that end by themselves
before (a stream that is none) are begun again with an earlier moment.

Exit code 0: each run ended so; else 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import hostile  # noqa: E402

LIMIT_S = 2.0
EARLIEST_S = 0.3
"""After the program itself has begun. How long Python takes until then depends on the machine."""

PROGRAM = "from repcount.__main__ import main; print('begun', flush=True); main()"

LATEST_S = {True: 14.0, False: 5.0}
"""Of a host that gives pictures for a while, or never."""

BAD = ("Traceback", "terminate called", "Aborted", "Fatal", "core dumped", "Exception")


@dataclass(frozen=True)
class Run:
    host: str
    state: str
    """`starting` or `connected`: what happened last before the moment is counted."""
    moment_s: float
    """Between the first connection, or else the start of the process, and SIGINT."""
    code: int
    took_s: float
    """Between SIGINT and the end of the process."""
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 130 and self.took_s <= LIMIT_S and not any(word in self.output for word in BAD)


def interrupt(host: str, state: str, moment_s: float, folder: Path) -> Run | None:
    """One run; None if it had ended by itself at the moment."""
    environment = {**os.environ, "REPCOUNT_HISTORY": str(folder / "history.sqlite3")}
    command = [sys.executable, "-c", PROGRAM, "live", "--no-window", "--sound", "off", "--camera"]
    with hostile.serving(host) as server:
        process = subprocess.Popen(
            [*command, server.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=environment
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            while state == "connected" and server.guests == 0 and process.poll() is None:
                time.sleep(0.01)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment_s)
                return None
            process.send_signal(signal.SIGINT)
            since_s = time.monotonic()
            try:
                output, _ = process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                output, _ = process.communicate()
            took_s = time.monotonic() - since_s
            if process.returncode == 1 and took_s < LIMIT_S / 4 and host in hostile.NEVER:
                return None  # it was about to end by itself
            return Run(host, state, moment_s, process.returncode, took_s, output)


def one(host: str, state: str, seed: str) -> Run:
    rng = random.Random(seed)
    latest_s = LATEST_S[host in hostile.WHILE]
    with tempfile.TemporaryDirectory() as folder:
        while True:
            moment_s = rng.uniform(EARLIEST_S if state == "starting" else 0, latest_s)
            run = interrupt(host, state, moment_s, Path(folder))
            if run is not None:
                return run
            latest_s = moment_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--hosts", nargs="*", choices=list(hostile.HOSTS), default=list(hostile.HOSTS), metavar="HOST")
    parser.add_argument("--json", type=Path, help="write the runs to this file")
    given = parser.parse_args()
    hostile.clip()
    # Where this is started in the background Ctrl-C may be ignored, and every process it starts would ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begun: list[tuple[str, str, str]] = []
    for number in range(given.runs):
        host = given.hosts[number % len(given.hosts)]
        begun.append((host, "connected" if number % 4 else "starting", f"{given.seed}/{host}/{number}"))
    with ThreadPoolExecutor(given.jobs) as pool:
        runs = []
        for run in pool.map(lambda each: one(*each), begun):
            runs.append(run)
            if len(runs) % 10 == 0:
                print(f"{sum(each.ok for each in runs)} of {len(runs)}", file=sys.stderr, flush=True)
            if not run.ok:
                print(f"{run.host}, SIGINT {run.moment_s:.2f} s after {run.state}:")
                print(f"{run.code} after {run.took_s:.2f} s\n{run.output}", flush=True)
    took_s = sorted(run.took_s for run in runs)
    good = sum(run.ok for run in runs)
    print(
        f"{good} of {len(runs)} runs over {len(given.hosts)} hosts ended with 130 within {LIMIT_S:g} s; "
        f"median {took_s[len(took_s) // 2]:.2f} s, longest {took_s[-1]:.2f} s"
    )
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(run) for run in runs], indent=1), encoding="utf-8")
    sys.exit(good < len(runs))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Feed repcount hostile input by the thousand, each case in a process that is watched from outside.

    python benchmarks/fuzz.py --cases 200000 --seed 7

Videos (mp4, avi, mkv, webm, gif) with every range of bytes flipped, cut, repeated, emptied and swapped, and with
extreme numbers in their headers; time stamps that jump, go back or are not there; signals, settings, labels and
histories with hostile values and bytes; a part of it through the whole command. A case is good where it works and
its results hold together, refused where one clear line says why not. Anything else is reported with the command that
does it again, and its file is kept in --keep:

  failed    an exception that is none of repcount's own, a result that is wrong, a message that is no help
  crashed   the process died in FFmpeg or OpenCV; `repcount` itself decodes in a process of its own
  stuck     no end within --seconds

`--only mp4/1234` does one case again; its seed is that of the run. The exit code is 1 where something failed or
stuck.
"""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from pathlib import Path
from typing import Any

import hostile

SHARES: Mapping[str, float] = {
    **{"mp4": 15, "avi": 12, "mkv": 12, "webm": 12, "gif": 7, "timed": 4, "texts": 0.5, "stamps": 10},
    **{"signal": 10, "settings": 6, "labels": 4, "history": 6},
    **{"repcount analyze": 0.4, "repcount recount": 0.4, "repcount recount --config": 0.3, "repcount history": 0.4},
}
"""Of a hundred cases, so many."""

_MEMORY_BYTES = 1_000_000_000
"""What a worker may have of its own. Heuristic: decoding 8K takes less."""

_FIRST_S = 60.0
"""Longer than the others the first case of a worker may take: the libraries are loaded first."""

_COMMAND_TIMES = 6.0
"""How many times longer the whole command may take: it loads the pose model first."""

_RENEWED_AFTER = 1000
"""Cases after which a worker makes room for a new one, so that what one leaves behind is not told of another."""

Case = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case."""

    case: Case
    outcome: str
    """good, refused, failed, crashed or stuck."""
    text: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0
    """Of the worker, from its beginning to this case."""


@dataclass(slots=True)
class Report:
    """What came of all of them."""

    results: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    slowest: dict[str, Result] = field(default_factory=dict)
    peak_mb: float = 0.0
    findings: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Take one result."""
        kind = result.case[0]
        self.results.setdefault(kind, Counter())[result.outcome] += 1
        self.seconds[kind] = self.seconds.get(kind, 0.0) + result.seconds
        self.peak_mb = max(self.peak_mb, result.peak_mb)
        if result.seconds >= self.slowest.get(kind, result).seconds:
            self.slowest[kind] = result
        if result.outcome not in ("good", "refused"):
            self.findings.append(result)

    def count(self, *outcomes: str) -> int:
        """How many cases came to one of these; all cases for none."""
        return sum(
            number
            for each in self.results.values()
            for name, number in each.items()
            if not outcomes or name in outcomes
        )

    def table(self) -> str:
        """A line for each kind, and the sum."""
        heads = ("good", "refused", "crashed", "stuck", "failed")
        lines = [f"{'kind':26}{'cases':>8}" + "".join(f"{head:>9}" for head in heads) + f"{'s':>9}{'slowest s':>11}"]
        for kind, each in self.results.items():
            numbers = "".join(f"{each[head]:>9}" for head in heads)
            times = f"{self.seconds[kind]:>9.1f}{self.slowest[kind].seconds:>11.2f}"
            lines.append(f"{kind:26}{each.total():>8}{numbers}{times}")
        slowest = max((result.seconds for result in self.slowest.values()), default=0.0)
        numbers = "".join(f"{self.count(head):>9}" for head in heads)
        lines.append(f"{'all':26}{self.count():>8}{numbers}{sum(self.seconds.values()):>9.1f}{slowest:>11.2f}")
        return "\n".join([*lines, f"most memory of a process: {self.peak_mb:.0f} MB"])


def cases(total: int) -> Iterator[Case]:
    """About so many, the kinds side by side in their shares."""
    whole = sum(SHARES.values())
    left = {kind: max(round(total * share / whole), 1) for kind, share in SHARES.items()}
    longest = max(left.values())
    for nth in range(longest):
        for kind, many in left.items():
            for number in range(nth * many // longest, (nth + 1) * many // longest):
                yield kind, number


# --- the worker --------------------------------------------------------------------------------------------


def work(pipe: Any, seed: int, samples: Path, folder: Path) -> None:
    """Do the cases that come through the pipe, and answer each; None ends it."""
    import judging

    _confine(folder.with_suffix(".log"))
    while (case := pipe.recv()) is not None:
        pipe.send(_tried(judging, case, seed, samples, folder))


def _confine(log: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What libraries write, and where Python was when one of them crashed.
    log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    faulthandler.enable(log_fd)


def _tried(judging: Any, case: Case, seed: int, samples: Path, folder: Path) -> Result:
    import resource

    kind, number = case
    begun = time.perf_counter()
    try:
        path = hostile.make(_made_as(judging, kind, number), number, seed, samples, folder)
        begun = time.perf_counter()
        outcome, text = judging.run(kind, path, number, samples), ""
    except BaseException:
        outcome, text = "failed", traceback.format_exc()
    seconds = time.perf_counter() - begun
    return Result(case, outcome, text, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _made_as(judging: Any, kind: str, number: int) -> str:
    kinds: tuple[str, ...] = judging.MADE_AS.get(kind, (kind,))
    return kinds[number % len(kinds)]


# --- who watches them --------------------------------------------------------------------------------------


class Worker:
    """A process that does cases, seen from outside."""

    def __init__(self, nth: int, seed: int, samples: Path, scratch: Path) -> None:
        self.folder = scratch / f"worker-{nth}"
        self.folder.mkdir(exist_ok=True)
        self._given = seed, samples, self.folder
        self.case: Case | None = None
        self._start()

    def _start(self) -> None:
        self.pipe, inner = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=work, args=(inner, *self._given))
        self._process.start()
        inner.close()
        self._done, self._due = 0, 0.0

    def give(self, case: Case, within_s: float) -> None:
        """Let it do a case."""
        if self._done >= _RENEWED_AFTER:
            self.end()
            self._start()
        longest_s = within_s * (_COMMAND_TIMES if " " in case[0] else 1) + _FIRST_S * (self._done == 0)
        self.case, self._due = case, time.monotonic() + longest_s
        self._done += 1
        self.pipe.send(case)

    def result(self) -> Result | None:
        """What came of its case; None while it is at it."""
        assert self.case is not None
        try:
            if self.pipe.poll():
                result: Result = self.pipe.recv()
                return result
        except (EOFError, ConnectionError):
            self._process.join()
            return self._lost("crashed", f"exit code {self._process.exitcode}\n{self._log()}")
        if time.monotonic() < self._due:
            return None
        self._process.kill()
        self._process.join()
        return self._lost("stuck", self._log())

    def _lost(self, outcome: str, text: str) -> Result:
        assert self.case is not None
        lost = Result(self.case, outcome, text)
        self.pipe.close()
        self._start()
        return lost

    def _log(self) -> str:
        log = self.folder.with_suffix(".log")
        return log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""

    def end(self) -> None:
        """Send it home."""
        with suppress(OSError):  # it has gone already
            self.pipe.send(None)
        self._process.join(10)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self.pipe.close()


def fuzz(wanted: Iterator[Case], seed: int, jobs: int, scratch: Path, keep: Path, within_s: float = 10.0) -> Report:
    """Do the cases, so many at a time; the files of what is not right are kept in `keep`."""
    samples = scratch / "samples"
    hostile.make_samples(samples)
    keep.mkdir(parents=True, exist_ok=True)
    report = Report()
    workers = [Worker(nth, seed, samples, scratch) for nth in range(jobs)]
    try:
        busy = [worker for worker in workers if _given(worker, wanted, within_s)]
        while busy:
            connection.wait([worker.pipe for worker in busy], timeout=0.5)
            for worker in list(busy):
                result = worker.result()
                if result is None:
                    continue
                report.add(result)
                if result.outcome not in ("good", "refused"):
                    _keep(result, seed, worker.folder, keep)
                if not _given(worker, wanted, within_s):
                    busy.remove(worker)
    except KeyboardInterrupt:
        print("stopped by hand", file=sys.stderr)
    finally:
        for worker in workers:
            worker.end()
    return report


def _given(worker: Worker, wanted: Iterator[Case], within_s: float) -> bool:
    case = next(wanted, None)
    if case is not None:
        worker.give(case, within_s)
    return case is not None


def _keep(result: Result, seed: int, folder: Path, keep: Path) -> None:
    kind, number = result.case
    name = f"{kind.replace(' ', '-')}-{number}"
    again = f'python benchmarks/fuzz.py --seed {seed} --only "{kind}/{number}"'
    (keep / f"{name}.txt").write_text(f"{result.outcome}\n{again}\n{result.text}", encoding="utf-8", errors="replace")
    for path in folder.glob("case*"):
        shutil.copy(path, keep / f"{name}{path.suffix}")


def tell(report: Report, seed: int, keep: Path) -> None:
    """Print what came of it."""
    print(report.table())
    for result in report.findings:
        kind, number = result.case
        last = result.text.strip().splitlines()[-1:] or [""]
        print(f'{result.outcome}: --seed {seed} --only "{kind}/{number}": {last[0][:200]}')
    if report.findings:
        print(f"their files are in {keep}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; 1 where something failed or stuck."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    parser.add_argument("--seconds", type=float, default=10.0, help="longest time of a case")
    parser.add_argument("--only", metavar="KIND/NUMBER", help="do one case alone")
    parser.add_argument("--kinds", nargs="+", choices=list(SHARES), default=list(SHARES), metavar="KIND")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="where files of findings go")
    given = parser.parse_args(arguments)
    wanted = iter([case for case in cases(given.cases) if case[0] in given.kinds])
    if given.only:
        kind, _, number = given.only.rpartition("/")
        wanted = iter([(kind, int(number))])
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        report = fuzz(wanted, given.seed, given.jobs, Path(scratch), given.keep, given.seconds)
    tell(report, given.seed, given.keep)
    print(f"{report.count()} cases in {time.perf_counter() - begun:.0f} s")
    return 1 if report.count("failed", "stuck") else 0


if __name__ == "__main__":
    sys.exit(main())

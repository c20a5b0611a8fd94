"""Made-up reps and histories of live sessions."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from math import nan
from pathlib import Path
from typing import Self

from repcount.config import Config
from repcount.history.schema import APPLICATION_ID
from repcount.history.store import HistoryStore
from repcount.types import Event, Phase, Rep, Update

ZONE = timezone(timedelta(hours=1))
START = datetime(2026, 11, 22, 7, 30, 5, tzinfo=ZONE)
DAY = START.date()


def rep(number: int, **others: object) -> Rep:
    end_s = 5.0 * number
    made = Rep(number, 1, end_s - 4.4, end_s - 2.4, end_s, 2.0, 0.4, 2.0, None, 90.0, 4.0, 170.0, True, (), 0.95)
    return replace(made, **others)  # type: ignore[arg-type]


def update(*events: Event) -> Update:
    return Update(None, nan, Phase.PAUSE, events)


def silent(text: str) -> None:
    raise AssertionError(f"said without a reason: {text}")


def opened(path: Path) -> HistoryStore:
    return HistoryStore(path, silent)


def filled(path: Path, *reps: Rep, started: datetime = START, plan: str = "3x30") -> int:
    """A session that was ended a minute after its start; returns its number."""
    with opened(path) as history:
        recorder = history.begin(started, "0", plan, Config())
        for each in reps:
            recorder.write(update(each))
        recorder.end(60)
    return recorder.id


def damaged(mark: str = "") -> bytes:
    """A history by its header, with nothing behind it that could be read."""
    header = bytearray(100)
    header[:16], header[68:72] = b"SQLite format 3\0", APPLICATION_ID.to_bytes(4, "big")
    return bytes(header) + mark.encode()


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    """What anybody's SQLite finds in the file."""
    with closing(sqlite3.connect(path)) as other:
        return other.execute(query).fetchall()


def kept_aside(path: Path) -> list[Path]:
    return sorted(file for file in path.parent.iterdir() if ".damaged-" in file.name)


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2]:
    connection.execute("PRAGMA journal_mode = DELETE")
connection.execute(f"BEGIN {sys.argv[2] or 'IMMEDIATE'}")
if sys.argv[2]:
    connection.execute("CREATE TABLE more (what)")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
connection.close()
print("free", flush=True)
sys.stdin.read()
"""


class Holder:
    """Another program that holds a history. A process of its own, as locks within one process are no locks."""

    def __init__(self, path: Path, *, from_readers: bool = False) -> None:
        command = [sys.executable, "-c", HOLD, str(path), "EXCLUSIVE" if from_readers else ""]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("held")

    def _expect(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word

    def let_go(self) -> None:
        """Returns once the history is free."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._expect("free")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

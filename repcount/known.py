"""What is known of a run over several videos, whatever becomes of the process that does the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_LOST = 2
"""A process that dies at work on nothing is tried once more: then it is no accident. A choice."""


class Stage(StrEnum):
    """The kinds of work that may end a process."""

    COUNT = "count"
    LOOK = "look"
    """The second look at a video: its annotated copy, the pictures of the report."""
    WRITE = "write"
    """A plot or report."""


class Fact(StrEnum):
    """What there is to know of a video."""

    RESULT = "result"
    TOLD = "told"
    """It stands on the terminal and in the journal."""
    OVER = "over"
    """There is nothing left to do; without a result it has failed."""


Work = tuple[Stage, int | str]
"""A stage and the number of the video, or the name of the file that is written."""

Message = tuple[str, tuple[Any, ...]]
"""The name of one of the methods that take something in, and what it is given."""


@dataclass(slots=True)
class Known:
    """Takes in what a process at work tells, and reckons from it what it died of.

    Where several works were under way when it died nobody knows which one it was: they are `suspects`, and have to
    be tried one at a time. One that was under way alone is `guilty`, and not tried again.
    """

    under_way: set[Work] = field(default_factory=set)
    suspects: set[Work] = field(default_factory=set)
    guilty: dict[Work, str] = field(default_factory=dict)
    """What the process died of."""
    facts: dict[tuple[Fact, int], bytes] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    """Files whose failure has been told."""
    stopped: bool = False
    """Ctrl-C was pressed."""
    code: int | None = None
    """The exit code, once everything is written."""
    deaths: int = 0
    _lost: int = 0

    def take(self, message: Message) -> None:
        """Take in what the process tells."""
        name, values = message
        getattr(self, name)(*values)

    def begin(self, work: Work) -> None:
        """It is under way from now on."""
        self.under_way.add(work)

    def end(self, work: Work) -> None:
        """It is under way no longer, however it went."""
        self.under_way.discard(work)
        self.suspects.discard(work)

    def keep(self, fact: Fact, number: int, value: bytes) -> None:
        """Something is known of a video."""
        self.facts[fact, number] = value

    def fail(self, file: str) -> None:
        """The failure of a file has been told."""
        self.failed.append(file)

    def end_with(self, code: int) -> None:
        """Everything is written, and this is the exit code."""
        self.code = code

    def died(self, of: str) -> bool:
        """Reckon with the death of the process, of what `of` names; False where another one would die, too."""
        self.deaths += 1
        works, self.under_way = self.under_way, set()
        if len(works) == 1:
            [work] = works
            self.guilty[work] = of
            self.suspects.discard(work)
        self.suspects |= works - self.guilty.keys()
        self._lost += not works
        return self._lost < _LOST

"""Help and wrong usage: examples that work, options in groups, allowed values named, nothing cut."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest
import typer.main
from support.programs import Cli

from repcount.cli import app

COMMANDS = [
    *([name] for name in typer.main.get_group(app).commands),
    *(["history", name] for name in typer.main.get_group(app).commands["history"].commands),  # type: ignore[attr-defined]
]


def test_repcount_alone_says_what_to_do_first(cli: Cli) -> None:
    result = cli()
    assert (result.code, result.err) == (0, "")
    assert len(result.out.splitlines()) == 10
    for line in re.findall(r"^  (repcount .*?)  ", result.out, re.MULTILINE):
        assert cli(*shlex.split(line)[1:], "--help").code == 0, line


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_every_command_has_examples_that_are_commands(command: list[str], cli: Cli) -> None:
    result = cli(*command, "-h")
    assert (result.code, result.out) == (0, cli(*command, "--help").out)
    examples = re.findall(r"^  repcount( .*)$", result.out.partition("\nExamples:\n")[2], re.MULTILINE)
    assert examples
    for example in examples:
        arguments = shlex.split(example)
        assert arguments[: len(command)] == command
        assert cli(*arguments, "--help").code == 0, example


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_option_is_in_a_group(command: list[str], cli: Cli) -> None:
    """Those of a command that has many: `--help`, and what belongs nowhere else, come last."""
    options = cli(*command, "-h").out.rpartition("\nOptions:\n")[2]
    others = set(re.findall(r"^  (--\w[\w-]*)", options, re.MULTILINE))
    assert others <= {"--debug", "--version", "--install", "--yes", "--give-up", "--language"}


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_no_text_is_cut(command: list[str], cli: Cli) -> None:
    assert "..." not in cli(*command, "-h").out.partition("\n\n")[2]


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["analyze", "x.mp4", "--strictness", "hard"], ["lenient", "normal", "strict"]),
        (["live", "--sound", "loud"], ["voice", "tones", "off"]),
        (["live", "--volume", "300"], ["100"]),
        (["analyze", "x.mp4", "--rate", "quick"], ["number", "all", "auto"]),
        (["recount", "x.csv", "--tempo", "slow"], ["2/0/2/0"]),
        (["live", "--plan", "many"], ["3x30"]),
        (["analyze", "x.mp4", "--set", "height=3"], ["full_deg"]),
        (["history", "delete", "--day", "yesterday"], ["%Y-%m-%d"]),
        (["histery"], ["history"]),
        (["analyze"], ["VIDEO"]),
    ],
)
def test_wrong_usage_names_the_allowed_values(arguments: list[str], allowed: list[str], cli: Cli) -> None:
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert all(value in result.err for value in allowed), result.err


def test_the_shell_completes_commands_and_options() -> None:
    for words, expected in (("repcount an", "analyze"), ("repcount live --pl", "--plan")):
        environment = {**os.environ, "_REPCOUNT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "99"}
        code = "import sys; sys.argv[0] = 'repcount'; from repcount.cli import main; main()"
        command = [sys.executable, "-c", code]
        environment["COMP_CWORD"] = str(len(words.split()) - 1)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert expected in done.stdout.split(), done

"""The help of the commands: options in groups, examples, no summary cut short.

Plain text rather than the boxes that Typer draws with rich: it stays readable in 40 columns, in a pipe and for a
screen reader.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from repcount.addresses import hide
from repcount.errors import printable

START = """\
repcount counts supine leg raises and says what to do better. Begin with one of these:

  repcount demo             watch a sample set being counted
  repcount doctor           check camera, window and voice
  repcount live             count in front of the camera
  repcount analyze VIDEO    count in a recorded video
  repcount history          see what you did on which day

The camera stands at your side, 2 to 3 m away, and sees all of you and your raised feet.
All commands: repcount --help. One command, with examples: repcount live --help"""
"""What `repcount` alone says."""

_GROUPS = {
    "Input": ("camera", "insecure", "from_", "to", "subject", "kind", "model", "config"),
    "Days and sessions": ("days", "sessions", "limit", "day", "before", "session", "all_"),
    "People": ("person", "compare", "keep", "date"),
    "Files to write": (
        *("csv", "json", "clips", "rejected", "signal", "landmarks", "annotate", "plot", "report", "record"),
        *("sets", "fit", "no_pictures", "blur_faces", "force"),
    ),
    "Workout": ("plan", "rest", "day_limit", "pace", "gestures"),
    "Sound and window": ("sound", "voice", "words_per_minute", "volume", "sound_file", "no_window"),
    "How to count": ("target", "tempo", "strictness", "set_", "rate", "explain"),
    "Many videos": ("recursive", "details", "jobs", "resume", "cluster"),
}
"""The options of each group, in the order in which the help shows the groups; all others come last."""

_OTHER = "Options"

_MAX_WIDTH = 100
"""Longer lines are hard to read."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": _MAX_WIDTH}
"""Context settings, which commands take over from their group."""

Examples = Mapping[str, str]
"""Commands and what each does."""


class Command(TyperCommand):
    """A command with examples, and with its options in groups."""

    examples: ClassVar[Examples] = {}

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the description and the examples."""
        super().format_help_text(ctx, formatter)
        _write_examples(self.examples, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options."""
        _write_options(self, ctx, formatter)


class Group(TyperGroup):
    """A command with subcommands; otherwise like `Command`.

    Its complaints about options show names as they are spelt: `analyze *` may meet a file that is named like an option.
    """

    examples: ClassVar[Examples] = {}

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the options before the command."""
        with _printable_complaints():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse the options of a command and run it."""
        with _printable_complaints():
            return super().invoke(ctx)

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the description and the examples."""
        super().format_help_text(ctx, formatter)
        _write_examples(self.examples, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with the whole first sentence of each, then the options."""
        commands = [self.commands[name] for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, _summary(command.help or "")) for command in commands])
        _write_options(self, ctx, formatter)


@contextlib.contextmanager
def _printable_complaints() -> Iterator[None]:
    """Complaints about options show names safely: `analyze *` may meet a file that is called like an option.

    Of an address among the arguments they show what may be shown.
    """
    try:
        yield
    except Exception as error:
        if isinstance(message := getattr(error, "message", None), str):
            message = hide(message, sys.argv[1:])
            lines = message.split("\n")  # the help, where it stands for a complaint, has many
            error.message = "\n".join(map(printable, lines))  # type: ignore[attr-defined]
        raise


def add(app: typer.Typer, command: Callable[..., None], examples: Examples) -> None:
    """Add a command to `app`, named after its function."""
    app.command(cls=type("Command", (Command,), {"examples": examples}))(command)


def new_group(examples: Examples, **settings: Any) -> typer.Typer:
    """A command that takes subcommands."""
    group = type("Group", (Group,), {"examples": examples})
    return typer.Typer(cls=group, context_settings=CONTEXT, rich_markup_mode=None, **settings)


def _summary(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _write_examples(examples: Examples, formatter: Any) -> None:
    """On two lines each, which fit a narrow terminal and leave a command that can be copied."""
    with formatter.section("Examples"):
        for example, meaning in examples.items():
            formatter.write(f"{'':{formatter.current_indent}}{example}\n")
            with formatter.indentation(), formatter.indentation():
                formatter.write_text(meaning)


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:
    group_of = {name: heading for heading, names in _GROUPS.items() for name in names}
    groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in ("Arguments", *_GROUPS, _OTHER)}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            argument = parameter.param_type_name == "argument"
            groups["Arguments" if argument else group_of.get(parameter.name, _OTHER)].append(record)
    for heading, records in groups.items():
        if records:
            with formatter.section(heading):
                formatter.write_dl(records)

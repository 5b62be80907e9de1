"""The page of the commands, from the command line's own parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from markdown_table import table

from runner import cli

CLI = """\
# Command line

Made from `runner.cli.parser()` by `docs/generate.py`. Exit status: 0 done, 1 refused or failed, 2 usage, 3 needs a
person. `eeszt-runner simulate --help` tells the simulator's own options;
[Use the simulator](../howto/use_the_simulator.md) tells how.

{top}

{commands}
"""


def leaves(parser: argparse.ArgumentParser, about: str = "") -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """Give every command that can be run, with its sentence."""
    groups = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]  # noqa: SLF001
    for group in groups:
        sentences = {each.dest: each.help or "" for each in group._choices_actions}  # noqa: SLF001
        for name, command in group.choices.items():
            yield from leaves(command, sentences.get(name, ""))
    if not groups:
        yield parser, about


def arguments(parser: argparse.ArgumentParser) -> str:
    """Give a command's arguments as a table; empty where it has none."""
    rows = [
        (f"`{' '.join((*each.option_strings[-1:], shape(each))).strip()}`", each.help or "")
        for each in parser._actions  # noqa: SLF001
        if not isinstance(each, argparse._HelpAction | argparse._SubParsersAction)  # noqa: SLF001
        and each.nargs != argparse.REMAINDER
    ]
    return table(("argument", "meaning"), rows) if rows else ""


def shape(argument: argparse.Action) -> str:
    """Give how an argument's value is written."""
    if argument.nargs == 0:
        return ""
    name = argument.metavar if isinstance(argument.metavar, str) else argument.dest.upper()
    if argument.choices:
        name = "|".join(map(str, argument.choices))
    return {"*": f"[{name} ...]", "?": f"[{name}]"}.get(str(argument.nargs), name)


def command_line() -> str:
    """Give the page of the commands."""
    top = cli.parser()
    parts = [
        f"## `{' '.join(command.prog.split())}`\n\n{about[:1].upper()}{about[1:]}.\n\n{arguments(command)}".strip()
        for command, about in leaves(top)
    ]
    return CLI.format(top=arguments(top), commands="\n\n".join(parts))

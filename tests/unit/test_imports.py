"""A command starts without what it does not use, and says nothing less for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from runner import app, mapping
from runner.cli.commands import GROUPS, parser

LOADED = """
import sys
from runner.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("loaded:", *(name for name in ("oracledb", "zeep", "jinja2", "cryptography", "lxml") if name in sys.modules))
"""


def loaded(*words: str, folder: Path) -> set[str]:
    """Give the foreign libraries that a command has imported when it is done."""
    command = [sys.executable, "-c", LOADED, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (("version",), set()),
        (("items", "list"), set()),
        (("lane", "pause", "background"), set()),
        (("audit", "search", "--help"), {"cryptography"}),
        (("login", "--help"), {"cryptography"}),
    ],
)
def test_a_command_imports_no_library_that_it_does_not_use(
    tmp_path: Path, words: tuple[str, ...], needed: set[str]
) -> None:
    (tmp_path / "runner.toml").write_text('[runner]\nname = "egy"\nenvironment = "test"\n', "utf-8")
    assert loaded(*words, folder=tmp_path) <= needed


@pytest.mark.parametrize("facade", [app, mapping], ids=["app", "mapping"])
def test_a_facade_gives_each_of_its_names_from_the_module_that_it_is_typed_by(facade: ModuleType) -> None:
    assert facade.__file__ is not None
    tree = ast.parse(Path(facade.__file__).read_text("utf-8"))
    typed = {
        name.name: each.module
        for block in tree.body
        if isinstance(block, ast.If)
        for each in block.body
        if isinstance(each, ast.ImportFrom)
        for name in each.names
    }
    homes = {name: f"{facade.__name__}.{module}" for module, names in facade._HOMES.items() for name in names}
    assert typed == homes
    assert sorted(typed) == sorted(facade.__all__)
    assert [name for name in facade.__all__ if getattr(facade, name, None) is None] == []


def test_a_facade_has_no_other_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'opened_shop'"):
        _ = app.opened_shop


@pytest.mark.parametrize("command", [name for names in GROUPS.values() for name in names if name != "simulate"])
def test_a_group_alone_is_what_it_is_among_all(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for made in (parser(), parser([command])):
        with pytest.raises(SystemExit):
            made.parse_args([command, "--help"])
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] != ""


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["-h", "items"], ["nothing"], ["--settings"], ["--settings", "items"]]
)
def test_without_a_command_every_command_is_offered(words: list[str]) -> None:
    commands = {name for names in GROUPS.values() for name in names}
    assert all(f"\n    {command} " in parser(words).format_help() for command in commands)


def test_the_file_of_the_settings_is_no_command() -> None:
    offered = parser(["--settings", "items", "lane", "pause"]).format_help()
    assert "\n    lane " in offered
    assert "\n    items " not in offered

"""The shape of the tree: small modules with a docstring, small functions, names that mean something."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES, MOST_FUNCTION_LINES = 300, 50

NAMES_OF_NOTHING = {"utils", "util", "helpers", "helper", "common", "models", "base", "misc"}
DOCUMENTED = ("runner/domain", "runner/errors", "runner/eeszt", "runner/ports")
"""Where every public name has a docstring; elsewhere where the signature does not say it."""

MODULES = sorted(path for folder in ("runner", "tests", "docs") for path in (ROOT / folder).rglob("*.py"))
OURS = [path for path in MODULES if path.relative_to(ROOT).parts[0] == "runner"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def public_names(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """Classes, functions and methods that a reader of the module may use."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_names(node.body)


def test_every_module_says_what_it_is() -> None:
    written = [path for path in MODULES if path.read_text("utf-8").strip()]
    assert [name_of(path) for path in written if not ast.get_docstring(tree_of(path))] == []


def test_a_docstring_begins_with_a_sentence() -> None:
    firsts = {path: (ast.get_docstring(tree_of(path)) or "").split("\n\n")[0].strip() for path in OURS}
    assert [name_of(path) for path, first in firsts.items() if first and first[-1] not in ".:?"] == []


def test_modules_are_small() -> None:
    sizes = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in OURS}
    assert {name: size for name, size in sizes.items() if size > MOST_LINES} == {}


def test_functions_are_small() -> None:
    sizes = {
        f"{name_of(path)}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in OURS
        for function in functions(path)
    }
    assert {name: size for name, size in sizes.items() if size > MOST_FUNCTION_LINES} == {}


def test_public_names_of_the_seams_are_documented() -> None:
    silent = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in OURS
        if name_of(path).startswith(DOCUMENTED)
        for node in public_names(tree_of(path).body)
        if not ast.get_docstring(node) and not (isinstance(node, ast.FunctionDef) and is_overload(node))
    ]
    assert silent == []


def is_overload(function: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "overload" for each in function.decorator_list)


def test_no_name_means_nothing() -> None:
    parts = {name_of(path): {*path.relative_to(ROOT).with_suffix("").parts} for path in MODULES}
    assert [name for name, words in parts.items() if words & NAMES_OF_NOTHING] == []


def test_nothing_is_left_to_do_and_nothing_names_the_workplace() -> None:
    """What belongs to the place where the code is written, and not to the code, stays out of it."""
    parts = ("/" + "work/", r"\.\./" + "shared", "index" + "-url", r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b")
    words = re.compile("|".join(parts))
    folders = ("runner", "tests", "docs", "mappings", "templates", "sql")
    suffixes = {".py", ".md", ".yaml", ".yml", ".toml", ".sql", ".j2", ".xml", ".xsd", ".wsdl", ".json"}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    files += [*ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    found = [f"{name_of(path)}: {match[0]}" for path in files if (match := words.search(path.read_text("utf-8")))]
    assert found == []

"""The language is what its reference page, its schemas and its code all say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runner.domain.formats import FORMATS
from runner.errors import TABLE
from runner.mapping.convert import TYPES
from runner.mapping.language import SCHEMAS, schema
from runner.mapping.sandbox import FILTERS, METHODS, OURS, TESTS
from runner.mapping.template_lint import ITEM_NAMES
from tests.mapping.site import ROOT

REFERENCE = (ROOT / "docs/reference/mapping_language.md").read_text("utf-8")
WORDS = set(re.findall(r"[a-z_][a-z_0-9]*", REFERENCE))


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_schema_is_one(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))


def test_the_types_of_the_schema_are_those_of_the_code() -> None:
    field = schema("mapping")["$defs"]["field"]["properties"]
    assert set(field["type"]["enum"]) == set(TYPES) | set(FORMATS)


def keys(node: Any) -> set[str]:
    """All keys that a schema names."""
    if isinstance(node, list):
        return {name for each in node for name in keys(each)}
    if not isinstance(node, dict):
        return set()
    own = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
    return own | {name for each in node.values() for name in keys(each)}


def test_the_reference_names_everything_that_may_be_written() -> None:
    words = {*TYPES, *FORMATS, *FILTERS, *OURS, *(name for name in TESTS if name.isalpha()), *ITEM_NAMES}
    words |= set().union(*METHODS.values())
    for kind in ("mapping", "mapping_test", "outboxes", "codes"):
        words |= keys(schema(kind))
    assert {word for word in words if not word.startswith("@")} - WORDS == set()


def test_every_number_of_the_block_is_used() -> None:
    homes = [*(ROOT / "runner/mapping").glob("*.py"), *(ROOT / "runner/app").glob("check/*.py")]
    homes += [ROOT / "runner/app/codes.py", ROOT / "runner/eeszt/publication.py"]
    code = "\n".join(path.read_text("utf-8") for path in homes)
    numbers = {number for number in TABLE if 2000 <= number < 2900}
    assert {number for number in numbers if str(number) not in code} == set()


def test_every_mapping_folder_is_a_word_of_the_glossary() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text("utf-8")
    folders = {path.parent.name for path in (ROOT / "mappings").glob("*/mapping.yaml")}
    assert {name for name in folders if f"| {name} |" not in glossary} == set()


def test_the_shipped_files_hold_no_accents_in_identifiers() -> None:
    for path in (ROOT / "mappings").glob("*/mapping.yaml"):
        names = re.findall(r"^\s*([^\s:#{]+):", path.read_text("utf-8"), re.MULTILINE)
        assert all(name.isascii() for name in names), Path(path).name


def test_the_schemas_can_be_printed_for_editors() -> None:
    for kind in SCHEMAS:
        assert json.loads(json.dumps(schema(kind)))["title"]

"""What each query leaves in the database, made from its mapping."""

from __future__ import annotations

from pathlib import Path

from markdown_table import table

from runner.mapping import Mappings, load_mappings
from runner.mapping.places import read_yaml
from runner.mapping.problems import Problems

ROOT = Path(__file__).resolve().parents[1]

TYPE = """
## {name}

{title}. Kept for {life} s{raw}. Asked by: {kind}.

{asked}

{fields}
"""

KINDS = {"Q": "a logged-in doctor", "L": "a registered user, or the technical user"}


def query_results() -> str:
    """Give a section per query: what its row says, and what its result holds."""
    parts = [ROOT / name for name in ("mappings", "templates")]
    mappings = load_mappings(*parts, ROOT / "sql" / "sources")
    shown = [
        _type(mappings, name)
        for name, kind in mappings.types.items()
        if kind.reader.contract.is_query and not kind.version.is_probe
    ]
    return "".join(shown).strip("\n")


def _type(mappings: Mappings, name: str) -> str:
    kind = mappings.types[name]
    file = read_yaml(ROOT / "mappings" / name / "mapping.yaml", Problems())
    assert file is not None
    answer = file.data["answer"]
    columns = sorted({column for _, column in _columns(file.data["document"])})
    rows = [(f"`rows[*].{field}`", f"`{xpath}`") for field, xpath in answer["fields"].items()]
    rows += [(f"`about.{field}`", f"`{xpath}`") for field, xpath in answer.get("about", {}).items()]
    return TYPE.format(
        name=name,
        title=kind.title,
        life=round(kind.result_life_s),
        raw="" if kind.reader.contract.keeps_raw else ", without `raw`",
        kind=KINDS[kind.kind],
        asked="Columns of the payload: " + ", ".join(f"`{column}`" for column in columns) + ".",
        fields=table(("in the result", "of the answer"), rows),
    )


def _columns(fields: dict[str, object], path: str = "") -> list[tuple[str, str]]:
    """Give the columns that a document's fields read, each with the field."""
    found: list[tuple[str, str]] = []
    for name, field in fields.items():
        if not isinstance(field, dict):
            continue
        said = " ".join(str(field.get(key, "")) for key in ("expr", "each"))
        found += [(path + name, word) for word in _names(said)]
        if isinstance(field.get("from"), str):
            found.append((path + name, str(field["from"])))
        elif not {"expr", "each"} & field.keys():
            found += _columns(field, f"{path}{name}.")
    return found


def _names(expression: str) -> list[str]:
    words = expression.replace("|", " ").replace("(", " ").replace(")", " ").split()
    return [word.removeprefix("row.").split(".")[0] for word in words if word.startswith("row.")]

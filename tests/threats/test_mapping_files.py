"""Files of the integrator's language reach no other files, no tables of ours and no statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import ProblemsError
from runner.mapping import load_mappings
from runner.mapping.cases import run_cases
from tests.mapping.site import Site

CASE = "  message: expected/gyari.xml"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.copy_to(tmp_path / "site")


@pytest.mark.parametrize("key", ["message", "answer", "probe"])
@pytest.mark.parametrize(
    "name",
    [
        "../../../outside.xml",
        "/etc/passwd",
        "expected/../../outside.xml",
        "..",
        ".hidden",
        "a\\..\\b",
        "C:/x",
        "~/x",
        "a\n",
    ],
)
def test_a_test_names_no_file_outside_its_folder(site: Site, key: str, name: str) -> None:
    """`mapping test --update` writes the message to the file that is named."""
    outside = site.folder.parent / "outside.xml"
    file = site.folder / "mappings" / "erecept_feliras" / "mapping_test.yaml"
    text = file.read_text("utf-8").split("cases:")[0]
    quoted = '"' + name.replace("\\", "\\\\").replace("\n", "\\n") + '"'
    file.write_text(
        f"{text}cases:\n- name: kifelé\n  message: expected/gyari.xml\n  {key}: {quoted}\n".replace(
            f"  message: expected/gyari.xml\n  message: {quoted}", f"  message: {quoted}"
        ),
        "utf-8",
    )
    with pytest.raises(ProblemsError, match=r"RNR-2008 .*a file below the mapping's folder"):
        run_cases(site.load(), site.folder / "mappings", ["erecept_feliras"], update=True)
    assert not outside.exists()


@pytest.mark.parametrize("table", ["EESZT_USER_MAP", "eeszt_login", "EESZT_OUT_INTERACTIVE", "sqlite_master"])
def test_a_mapping_writes_back_into_no_table_of_ours(site: Site, table: str) -> None:
    """Else an accepted prescription could make somebody a doctor, or a row accepted."""
    line = site.edit("mappings/erecept_feliras/mapping.yaml", "{table: MW_VENY,", f"{{table: {table},")
    [problem] = site.problems()
    assert problem.number == 2014
    assert f"mapping.yaml:{line}" in str(problem)


def test_a_renamed_outbox_is_one_of_ours_too(site: Site) -> None:
    file = site.folder / "mappings" / "outboxes.yaml"
    file.write_text(file.read_text("utf-8").replace("EESZT_OUT_BACKGROUND", "MW_KULDES"), "utf-8")
    site.edit("mappings/erecept_feliras/mapping.yaml", "{table: MW_VENY,", "{table: mw_kuldes,")
    assert [problem.number for problem in site.problems()] == [2014]


@pytest.mark.parametrize(
    "name",
    [
        *('A"; DROP TABLE x --', "A'B", "A B", "A--", "A;", "", "1A", "A" * 31, "A.B", "[A]", "A\n", "A\x00"),
        *("\u0410BC", "\uff21BC", "A\u212a", "ÁRVÍZ", "A\u200b", "A\u202e"),
    ],
)
@pytest.mark.parametrize("where", ["outbox", "column", "write_back", "set"])
def test_no_name_but_a_plain_one_comes_near_a_statement(site: Site, name: str, where: str) -> None:
    """Quotes, comments, 31 characters, and letters that only look like A, B, C."""
    quoted = '"' + "".join(f"\\u{ord(each):04x}" for each in name) + '"'
    if where == "outbox":
        site.edit("mappings/outboxes.yaml", "EESZT_OUT_BACKGROUND", quoted)
    elif where == "column":
        site.edit(
            "mappings/outboxes.yaml", "table: EESZT_OUT_BACKGROUND", f"table: X\n    columns: {{state: {quoted}}}"
        )
    elif where == "write_back":
        site.edit("mappings/erecept_feliras/mapping.yaml", "{table: MW_VENY,", f"{{table: {quoted},")
    else:
        site.edit("mappings/erecept_feliras/mapping.yaml", "EESZT_ALLAPOT:", f"{quoted}:")
    with pytest.raises(ProblemsError, match=r"RNR-200[48]"):
        load_mappings(*site.parts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("EESZT_OUT_BACKGROUND", "EESZT_LOGIN"),
        ("EESZT_OUT_BACKGROUND", "sqlite_schema"),
        ("EESZT_OUT_BACKGROUND", "eeszt_out_query"),
        ("table: EESZT_OUT_BACKGROUND", "table: X\n    columns: {state: A, payload: a}"),
        ("table: EESZT_OUT_BACKGROUND", "table: X\n    columns: {state: PAYLOAD}"),
    ],
)
def test_an_outbox_lies_over_nothing_else(site: Site, old: str, new: str) -> None:
    site.edit("mappings/outboxes.yaml", old, new)
    assert 2014 in [problem.number for problem in site.problems()]

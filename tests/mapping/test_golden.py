"""Every mapping's own tests, and what they catch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runner.mapping import Mappings, load_mappings
from runner.mapping.cases import CaseResult, run_cases
from runner.mapping.document_schema import document_schema
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, ROOT, Site, an_item

RESULTS = run_cases(load_mappings(ROOT / "mappings", ROOT / "templates", ROOT / "sql" / "sources"), ROOT / "mappings")


@pytest.mark.parametrize("result", RESULTS, ids=lambda each: f"{each.document_type}: {each.name}")
def test_a_shipped_mapping_does_what_its_tests_say(result: CaseResult) -> None:
    assert result.problems == ()


def test_every_shipped_mapping_has_tests(shipped: Mappings) -> None:
    assert {result.document_type for result in RESULTS} == set(shipped.types)


def test_a_changed_message_is_noticed_with_the_line_that_differs(site: Site) -> None:
    site.edit("templates/erecept_feliras.xml.j2", "<er:Bno>{{ doc.bno }}</er:Bno>", "<er:Bno>I10</er:Bno>")
    failed = [result for result in site.cases("erecept_feliras") if result.problems]
    assert {result.name for result in failed} >= {"a factory product gets its bar code"}
    text = str(failed[0].problems[0])
    assert text.startswith("RNR-2050 mappings/erecept_feliras/mapping_test.yaml:")
    assert "- <er:Bno>I10H0</er:Bno>" in text.replace("-  <", "- <")
    assert "+  <er:Bno>I10</er:Bno>" in text


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            "then: {state: INVALID, column: TAJ, text: ellenőrző}",
            "then: {state: SKIPPED, column: TAJ}",
            "state expected",
        ),
        (
            "then: {state: INVALID, column: TAJ, text: ellenőrző}",
            "then: {column: NEV}",
            "column expected 'NEV', got 'TAJ'",
        ),
        ("reason: HIBAS_TTT, text: TTT_KOD", "reason: HIBAS_TAJ", "reason expected 'HIBAS_TAJ', got 'HIBAS_TTT'"),
        ("reason: HIBAS_TTT, text: TTT_KOD", "text: BNO_KOD", "text expected 'BNO_KOD'"),
        (
            "message: expected/egyse.xml",
            "message: expected/nincs.xml",
            "the message expected XML, got expected/nincs.xml",
        ),
        ("document: {gyse: true}", "document: {gyse: false}", "document gyse expected False, got True"),
    ],
)
def test_a_case_that_expects_something_else_fails_and_says_what(site: Site, old: str, new: str, what: str) -> None:
    site.edit("mappings/erecept_feliras/mapping_test.yaml", old, new)
    failed = [result for result in site.cases("erecept_feliras") if result.problems]
    assert len(failed) == 1
    assert what in str(failed[0].problems[0])


def test_expected_messages_are_written_on_request(site: Site) -> None:
    path = site.folder / "mappings/erecept_feliras/expected/gyari.xml"
    before = path.read_bytes()
    path.unlink()
    run_cases(site.load(), site.folder / "mappings", ["erecept_feliras"], update=True)
    assert path.read_bytes() == before


def test_every_stored_document_is_what_the_schema_made_from_its_mapping_says(shipped: Mappings) -> None:
    kind = shipped.types["erecept_feliras"]
    validator = Draft202012Validator(document_schema(kind))
    components = [{"NEV": "Vaselinum", "MENNYISEG": 1.5, "EGYSEG": "g"}]
    for change in ({}, {"GYSE": None, "NAPLOSORSZAM": ""}, {"VENY_TIPUS": "MAG", "OSSZETEVOK": json.dumps(components)}):
        prepared = kind.prepare({**GOOD_ROW, **change}, an_item(), MESSAGE_ID)
        assert list(validator.iter_errors(json.loads(prepared.document_json))) == []
    assert not validator.is_valid({**prepared.document, "jogcim": "KGY"})
    assert not validator.is_valid({})


def test_a_test_file_that_says_nothing_is_a_problem(site: Site) -> None:
    (site.folder / "mappings/ekat_esemeny/mapping_test.yaml").unlink()
    site.edit("mappings/erecept_lekerdezes/mapping_test.yaml", "reason: NINCS_JOGOSULTSAG}", "raeson: X}")
    found = [str(problem) for problem in site.lint()]
    assert len(found) == 2
    assert found[0].startswith("RNR-2001 mappings/ekat_esemeny/mapping_test.yaml: ")
    assert "unknown key 'raeson'. Did you mean 'reason'?" in found[1]
    assert Path("mappings").is_dir()


def test_an_answer_may_be_a_whole_envelope_and_a_case_names_what_it_cares_for(site: Site) -> None:
    path = site.folder / "mappings/erecept_feliras/answers/felirva.xml"
    soap = "http://www.w3.org/2003/05/soap-envelope"
    text = path.read_text("utf-8")
    path.write_text(f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{text}</s:Body></s:Envelope>', "utf-8")
    site.edit(
        "mappings/erecept_feliras/mapping_test.yaml",
        "write_back: {EESZT_VONALKOD: SIM000000000001, EESZT_ALLAPOT: FELIRT}",
        "write_back: {EESZT_VONALKOD: SIM000000000001}",
    )
    assert [problem for result in site.cases("erecept_feliras") for problem in result.problems] == []


def test_a_mapping_without_a_lane_goes_where_its_senders_go(site: Site) -> None:
    before = {name: kind.version.lane for name, kind in site.load().types.items()}
    for name, lane in before.items():
        site.edit(f"mappings/{name}/mapping.yaml", f"lane: {lane}\n", "")
    assert {name: kind.version.lane for name, kind in site.load().types.items()} == before

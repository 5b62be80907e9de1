"""Mappings, rules, contract, what is in force: each shown failing for its reason."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.check.site import Installation

ROOT = Path(__file__).resolve().parents[2]


def own_files(site: Installation) -> Path:
    """Give the site mappings of its own."""
    for name in ("mappings", "templates", "sql"):
        shutil.copytree(ROOT / name, site.folder / "own" / name)
    own = 'mappings = "own/mappings"\ntemplates = "own/templates"\nsources = "own/sql/sources"\n'
    site.change("[log]\n", f"[site]\n{own}\n[log]\n")
    return site.folder / "own" / "mappings"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_mapping_with_a_mistake_fails_and_what_needs_the_mappings_is_skipped(site: Installation) -> None:
    change(own_files(site) / "erecept_feliras" / "mapping.yaml", "type: taj,", "type: tajj,")
    bad = site.bad("mappings", "database")
    assert bad[0][:2] == ("mapping lint", "FAIL")
    assert "RNR-2003" in bad[0][2]
    assert {(status, found) for _, status, found in bad[1:]} == {("skip", "the mappings cannot be used")}


def test_a_mapping_that_no_longer_does_what_its_test_says_fails(site: Installation) -> None:
    change(own_files(site) / "erecept_feliras" / "mapping_test.yaml", "message: expected/", "message: not_there/")
    bad = [each for each in site.bad("mappings") if each[1] == "FAIL"]
    assert [(name, "RNR-2050" in found) for name, _, found in bad] == [("erecept_feliras", True)]


def test_a_changed_mapping_is_not_in_force_until_it_is_activated(site: Installation) -> None:
    change(own_files(site) / "erecept_feliras" / "mapping.yaml", "title: ", "title: új ")
    site.sql("UPDATE EESZT_DOCUMENT_TYPE SET active = 0 WHERE document_type = 'ekat_esemeny'")
    bad = {name: (status, found) for name, status, found in site.bad("database") if status == "FAIL"}
    assert set(bad) == {"ekat_esemeny", "erecept_feliras"}
    assert "is not in force" in bad["ekat_esemeny"][1]
    assert "in another form" in bad["erecept_feliras"][1]


def test_a_type_in_force_without_files_fails(site: Installation) -> None:
    mappings = own_files(site)
    for name in ("eprofil_iras", "eprofil_lekerdezes"):
        shutil.rmtree(mappings / name)
    bad = {name for name, status, found in site.bad("database") if status == "FAIL" and "no files here" in found}
    assert bad == {"eprofil_iras", "eprofil_lekerdezes"}


def test_a_rule_on_its_default_is_listed_until_the_site_sets_it(site: Installation) -> None:
    bad = {name: found for name, _, found in site.bad("rules to be set")}
    assert "send_within = 30d" in bad["esemeny.ideje"]
    assert "erecept.azonnal" not in bad  # the demonstration's settings set it
    findings = {each.name: each.remedy for each in site.findings("rules to be set")}
    assert "operator's documentation" in findings["esemeny.ideje"]
    site.change("[log]\n", '[rules."esemeny.ideje"]\nsend_within = "20d"\n\n[log]\n')
    assert "esemeny.ideje" not in {name for name, _, _ in site.bad("rules to be set")}


def test_the_reference_contract_is_named_and_refused_in_production(site: Installation) -> None:
    told = {name: (status, found) for name, status, found in site.bad("mappings")}
    assert told["contract"][0] == "warn"
    site.change('environment = "test"', 'environment = "production"')
    told = {name: (status, found) for name, status, found in site.bad("mappings")}
    assert (told["contract"][0], "RNR-8002" in told["contract"][1]) == ("FAIL", True)

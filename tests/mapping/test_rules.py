"""Dated rules: the version of the day of recording applies, and a site's settings change what is open."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from runner.domain.facts import OURS, Choice, Kind, Option
from runner.domain.formats import check
from runner.domain.outcome import Ending
from runner.domain.policy import ASSIGNMENT, LINES
from runner.domain.rules import RuleKind
from runner.mapping import Mappings, RowRefused
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

GYSE = {**GOOD_ROW, "GYSE": 1, "EGYSE": 1}


def test_every_rule_names_its_source_and_what_is_open_says_so(shipped: Mappings) -> None:
    assert all(rule.source and rule.statement and rule.confidence for rule in shipped.rules.rules)
    assert {rule.identifier for rule in shipped.open_rules} >= {"erecept.azonnal", "esemeny.ideje"}
    guessed = [rule for rule in shipped.rules.rules if rule.source.startswith("ours") or rule.confidence == "NF"]
    assert all(rule.open for rule in guessed)


@pytest.mark.parametrize(
    ("recorded_at", "sent"),
    [
        (datetime(2020, 4, 30, 21, 59, tzinfo=UTC), False),
        (datetime(2020, 4, 30, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 1, 1, tzinfo=UTC), True),
    ],
)
def test_the_rule_of_the_day_of_recording_applies(shipped: Mappings, recorded_at: datetime, sent: bool) -> None:  # noqa: FBT001
    item = an_item(recorded_at=recorded_at, created_at=recorded_at + timedelta(days=2000))
    kind = shipped.types["erecept_feliras"]
    row = {**GYSE, "FELIRAS_IDEJE": f"{recorded_at - timedelta(days=1):%Y-%m-%d} 11:00:00"}
    if sent:
        assert kind.prepare(row, item, MESSAGE_ID).body
        return
    with pytest.raises(RowRefused) as raised:
        kind.prepare(row, item, MESSAGE_ID)
    assert raised.value.outcome.ending is Ending.SKIPPED


def test_a_generated_taj_passes_its_check_digit_and_is_refused_all_the_same(shipped: Mappings) -> None:
    assert check("taj", "900000007") is None
    with pytest.raises(RowRefused) as raised:
        shipped.types["erecept_feliras"].prepare({**GOOD_ROW, "TAJ": "900000007"}, an_item(), MESSAGE_ID)
    assert raised.value.outcome.ending is Ending.SKIPPED
    assert raised.value.column == "TAJ"


def test_a_number_is_as_denied_as_a_text(shipped: Mappings) -> None:
    with pytest.raises(RowRefused) as raised:
        shipped.types["erecept_feliras"].prepare({**GOOD_ROW, "TAJ": 900000007}, an_item(), MESSAGE_ID)
    assert raised.value.outcome.ending is Ending.SKIPPED


def test_a_pattern_of_numbers_can_be_denied(site: Site) -> None:
    site.edit("mappings/rules.yaml", '      deny: ["900000007"]', '      deny: ["900000007"]\n      pattern: "0321.*"')
    with pytest.raises(RowRefused):
        site.load().types["erecept_feliras"].prepare(GOOD_ROW, an_item(), MESSAGE_ID)


def test_the_settings_change_a_rule_and_it_is_not_open_any_more(site: Site) -> None:
    before = site.load().types["erecept_feliras"]
    loaded = site.load(overrides={"erecept.azonnal": {"answer_within": "4s"}})
    after = loaded.types["erecept_feliras"]
    assert (before.version.send_limit_s, before.version.answer_limit_s) == (6.0, 10.0)
    assert (after.version.send_limit_s, after.version.answer_limit_s) == (6.0, 4.0)
    assert after.digest != before.digest
    assert "erecept.azonnal" not in {rule.identifier for rule in loaded.open_rules}
    assert loaded.types["ekat_esemeny"].digest == site.load().types["ekat_esemeny"].digest


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"erecept.azonal": {"answer_within": "4s"}}, "Did you mean 'erecept.azonnal'?"),
        ({"erecept.azonnal": {"answer_withn": "4s"}}, "It has: send_within, answer_within."),
        ({"erecept.azonnal": {"answer_within": "soon"}}, "a duration such as 4d, 8h, 10min or 30s, got 'soon'"),
        ({"erecept.csak_orvos": {"kind": "E"}}, "the settings change what 'erecept.csak_orvos' is to the law"),
    ],
)
def test_a_wrong_setting_of_a_rule_is_told(site: Site, overrides: dict[str, dict[str, str]], says: str) -> None:
    (found,) = site.problems(overrides=overrides)
    assert says in str(found)
    assert found.where.startswith("settings [rules.'erecept.")


OPEN_TO_NOBODY_ELSE = {
    "kuldo.megfeleltetes_nelkul": "TECHNICAL",
    "lekerdezes.ki_kerdezhet": "TECHNICAL",
    "jelentes.bejelentkezes_nelkul": "REGISTERED",
}


@pytest.mark.parametrize(("identifier", "choice"), OPEN_TO_NOBODY_ELSE.items())
def test_a_rule_may_say_only_what_the_law_leaves_open(site: Site, identifier: str, choice: str) -> None:
    (found,) = site.problems(overrides={identifier: {"choice": choice}})
    assert found.number == 2008
    shipped = f"  - identifier: {identifier}\n    kind: policy\n"
    text = (site.folder / "mappings" / "rules.yaml").read_text("utf-8")
    old = shipped + text.split(shipped)[1].split("    source:")[0]
    site.edit("mappings/rules.yaml", old, re.sub(r"choice: \w+", f"choice: {choice}", old))
    (found,) = site.problems()
    assert found.number == 2008


def test_a_policy_that_the_table_does_not_ask_is_refused_with_the_nearest_name(site: Site) -> None:
    site.edit(
        "mappings/rules.yaml", "identifier: jelentes.bejelentkezes_nelkul", "identifier: jelentes.bejelentkezes_nelkull"
    )
    (found,) = site.problems()
    assert found.number == 2071
    assert "Did you mean 'jelentes.bejelentkezes_nelkul'?" in str(found)


def test_the_shipped_policy_is_the_tables_own_and_names_every_question(shipped: Mappings) -> None:
    assert shipped.options_on(date(2026, 1, 1)) == OURS
    named = {rule.identifier for rule in shipped.rules.rules if rule.kind is RuleKind.POLICY}
    assert named == set(Option)
    open_questions = {line.rule[0] for line in (*LINES, *ASSIGNMENT) if line.rule and line.open_question}
    assert {rule.identifier for rule in shipped.open_rules if rule.kind is RuleKind.POLICY} == open_questions


def test_a_site_changes_a_default_by_a_setting_or_by_a_version_of_its_day(site: Site) -> None:
    name = Option.NO_LOGIN
    today = date(2026, 1, 1)
    changed = site.load(overrides={name: {"choice": "TECHNICAL"}})
    assert changed.options_on(today)[name] is Choice.TECHNICAL
    assert name not in {rule.identifier for rule in changed.open_rules}
    text = (site.folder / "mappings" / "rules.yaml").read_text("utf-8")
    old = f"  - identifier: {name}" + text.split(f"  - identifier: {name}")[1].split("  - identifier:")[0]
    new = old.replace("choice: PARKED}", "choice: TECHNICAL}\n    valid_from: 2026-06-01")
    site.edit("mappings/rules.yaml", old, old.rstrip() + "\n    valid_to: 2026-05-31\n\n" + new)
    dated = site.load()
    assert dated.options_on(date(2026, 5, 31))[name] is Choice.PARKED
    assert dated.options_on(date(2026, 6, 1))[name] is Choice.TECHNICAL
    assert dated.said_on([name], date(2026, 6, 1)) == {name: {"from": "2026-06-01", "choice": "TECHNICAL"}}


def test_what_the_database_is_told_is_in_force_today(site: Site) -> None:
    old = (
        "parameters: {send_within: 6s, answer_within: 10s}\n    source: T1, T9; the seconds are ours\n"
        "    confidence: H\n    open: true\n\n  - identifier: erecept.visszavonas_ideje"
    )
    new = old.replace("source: T1", "valid_from: 2020-01-01\n    source: T1")
    site.edit("mappings/rules.yaml", old, new)
    assert site.load(today=date(2019, 12, 31)).types["erecept_feliras"].version.send_limit_s is None
    assert site.load(today=date(2020, 1, 1)).types["erecept_feliras"].version.send_limit_s == 6.0


def test_each_shipped_type_is_what_the_law_says(shipped: Mappings) -> None:
    kinds = {name: kind.kind for name, kind in shipped.types.items()}
    assert kinds == {
        "erecept_feliras": Kind.AT_RECORDING,
        "erecept_visszavonas": Kind.WITHDRAWAL,
        "erecept_lekerdezes": Kind.QUERY,
        "ebeutalo_iras": Kind.AT_RECORDING,
        "ebeutalo_utolag": Kind.LATE_EBEUTALO,
        "ebeutalo_visszavonas": Kind.WITHDRAWAL,
        "ebeutalo_lekerdezes": Kind.LOOKUP,
        "ehr_feltoltes": Kind.REPORT,
        "ehr_uj_valtozat": Kind.REPORT,
        "ehr_visszavonas": Kind.REPORT,
        "ehr_bekuldes_lekerdezes": Kind.REPORT,
        "ehr_lista": Kind.QUERY,
        "ehr_letoltes": Kind.QUERY,
        "eprofil_iras": Kind.EPROFIL,
        "eprofil_lekerdezes": Kind.QUERY,
        "ekat_esemeny": Kind.REPORT,
        "ekat_modositas": Kind.REPORT,
        "ekat_torles": Kind.REPORT,
        "ekat_lekerdezes": Kind.QUERY,
        "ekat_bekuldes_lekerdezes": Kind.REPORT,
        "labworks_lelet": Kind.REPORT,
        "medbakter_lelet": Kind.REPORT,
    }
    assert shipped.types["erecept_feliras"].version.withdrawal_type == "erecept_visszavonas"
    assert shipped.types["ekat_bekuldes_lekerdezes"].version.is_probe
    at_recording = [kind for kind in shipped.types.values() if kind.kind is Kind.AT_RECORDING]
    assert all(kind.version.answer_limit_s and kind.version.send_limit_s for kind in at_recording)


def test_outboxes_are_as_declared(shipped: Mappings) -> None:
    assert {lane: outbox.table for lane, outbox in shipped.outboxes.items()} == {
        "interactive": "EESZT_OUT_INTERACTIVE",
        "query": "EESZT_OUT_QUERY",
        "background": "EESZT_OUT_BACKGROUND",
    }
    recorders = {lane: outbox.recorder for lane, outbox in shipped.outboxes.items()}
    assert recorders == {"interactive": "bound", "query": "bound", "background": "asserted"}
    assert shipped.outboxes["query"].columns["recorded_by"] == "RECORDED_BY"


def test_a_dba_may_rename_columns(site: Site) -> None:
    table = "    table: EESZT_OUT_QUERY\n"
    site.edit("mappings/outboxes.yaml", table, table + "    columns: {recorded_by: FELHASZNALO}\n")
    columns = site.load().outboxes["query"].columns
    assert columns["recorded_by"] == "FELHASZNALO"
    assert columns["item_id"] == "ITEM_ID"


def test_over_a_table_of_the_his_lies_only_what_nobody_withdraws(site: Site) -> None:
    table = "    table: EESZT_OUT_INTERACTIVE\n"
    site.edit("mappings/outboxes.yaml", table, "    table: MW_RENDELES\n    key: [RENDELES_ID]\n")
    told = {each.where.split("/")[-2]: each for each in site.problems() if each.number == 2014}
    assert sorted(told) == ["ebeutalo_iras", "erecept_feliras"]
    found = told["erecept_feliras"]
    assert found.where.endswith("mapping.yaml:7")
    assert found.what == "a withdrawal, in the table of the HIS 'interactive', may not be used here"

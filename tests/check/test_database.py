"""Database, environment, workplaces, people, relaxed settings: each shown failing for its reason."""

from __future__ import annotations

import shutil

import pytest

from runner.settings import shipped
from tests.check.site import Installation

PEOPLE = "workplaces and people"


def test_a_database_that_is_not_there_fails_and_is_not_made(site: Installation) -> None:
    for file in site.folder.glob("medworks.db*"):
        file.unlink()
    bad = site.bad("database", "environment", PEOPLE)
    assert bad[0][:2] == ("installed", "FAIL")
    assert "RNR-7008" in bad[0][2]
    assert {(status, found) for _, status, found in bad[1:]} == {("skip", "the database cannot be used")}
    assert not site.database.exists()


def test_an_empty_database_is_not_installed(site: Installation) -> None:
    for file in site.folder.glob("medworks.db*"):
        file.unlink()
    site.database.touch()
    bad = site.bad("database", PEOPLE)
    assert (bad[0][:2], "RNR-7008" in bad[0][2]) == (("installed", "FAIL"), True)
    assert {status for _, status, _ in bad[1:]} == {"skip"}


def test_a_database_of_another_version_fails(site: Installation) -> None:
    site.sql("UPDATE EESZT_INSTALLATION SET schema_version = 'older'")
    assert site.bad("database")[0][:2] == ("installed", "FAIL")


def test_settings_of_the_other_environment_fail(site: Installation) -> None:
    site.change('environment = "test"', 'environment = "production"')
    found = site.bad("environment")
    assert {status for _, status, _ in found} == {"FAIL"}
    for number in ("RNR-8001", "RNR-8002", "RNR-8012", "RNR-8014"):
        assert any(number in text for _, _, text in found), number
    assert any("technical_user.pkcs12" in text for _, _, text in found), "what only a password opens too"


@pytest.mark.parametrize(("needs_daemon", "status"), [(False, "warn"), (True, "FAIL")])
def test_a_daemon_that_is_not_alive_fails_where_one_is_needed(
    site: Installation, *, needs_daemon: bool, status: str
) -> None:
    assert site.bad("database", needs_daemon=needs_daemon) == [("daemon", status, "no daemon has run yet")]
    site.sql("INSERT INTO EESZT_RUNNER (lane, owner, beat_at) VALUES ('query', 'x', '2026-01-01 10:00:00.000000')")
    ((name, told, found),) = site.bad("database", needs_daemon=needs_daemon)
    assert (name, told) == ("daemon", status)
    assert "2026-01-01 11:00:00" in found


def test_a_service_that_the_daemon_sees_down_is_told(site: Installation) -> None:
    beat = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"
    site.sql(f"INSERT INTO EESZT_RUNNER (lane, owner, beat_at) VALUES ('query', 'x', {beat})")
    site.sql(f"INSERT INTO EESZT_SERVICE_STATE VALUES ('erecept', 'DOWN', {beat}, {beat})")
    assert [(name, status) for name, status, _ in site.bad("database")] == [("erecept", "warn")]


def test_a_paused_lane_and_what_needs_a_person_are_counted(site: Installation) -> None:
    site.sql("INSERT INTO EESZT_LANE (lane, paused_at, paused_by) VALUES ('query', '2026-01-01 10:00:00.0', 'admin')")
    for _ in range(2):
        site.sql(
            "INSERT INTO EESZT_OUT_BACKGROUND (document_type, recorded_by, workplace, recorded_at, payload)"
            " VALUES ('ekat_esemeny', 'kovacs.anna', '013579101', '2026-01-01 10:00:00', '{}')"
        )
    site.sql("UPDATE EESZT_OUT_BACKGROUND SET STATE = 'CLAIMED'")
    site.sql("UPDATE EESZT_OUT_BACKGROUND SET STATE = 'PARKED'")
    bad = {name: found for name, _, found in site.bad("database")}
    assert "by admin" in bad["lane query"]
    assert bad["attention PARKED"] == "2 item(s) wait for a person"


def test_every_reporting_workplace_without_a_good_oth_code_is_listed(site: Installation) -> None:
    site.sql("INSERT INTO EESZT_WORKPLACE VALUES ('AMB', NULL, 1), ('BEL', '12345', 1), ('SEB', '013579303', 1)")
    site.sql("INSERT INTO EESZT_WORKPLACE VALUES ('RAKTAR', NULL, 0), ('013579404', NULL, 1)")
    bad = [each for each in site.bad(PEOPLE) if each[0] != "technical user"]
    assert [(name, status) for name, status, _ in bad] == [("AMB", "FAIL"), ("BEL", "FAIL")]
    assert ["RNR-4331" in bad[0][2], "RNR-4332" in bad[1][2]] == [True, True]


def test_the_technical_user_must_be_assigned_wherever_something_is_reported(site: Installation) -> None:
    of_technical_user = "eeszt_user LIKE 'TECHN%' AND workplace LIKE '%101'"
    site.sql(f"UPDATE EESZT_USER_WORKPLACE SET valid_to = '2020-01-01' WHERE {of_technical_user}")
    ((name, status, found),) = site.bad(PEOPLE)
    assert (name, status) == ("technical user", "FAIL")
    assert "'013579101'" in found


def test_a_registered_user_without_a_workplace_is_named(site: Installation) -> None:
    site.sql("DELETE FROM EESZT_USER_WORKPLACE WHERE eeszt_user = 'O12345'")
    site.sql("INSERT INTO EESZT_USER_MAP VALUES ('nemes.eva', 'NOT_REGISTERED', 0, NULL)")
    ((name, status, found),) = site.bad(PEOPLE)
    assert (name, status) == ("users", "warn")
    assert "kovacs.anna (RNR-4334" in found


def test_two_users_of_one_identity_and_an_identity_that_does_not_fit_are_told(site: Installation) -> None:
    site.sql("INSERT INTO EESZT_USER_MAP VALUES ('nover.anna', 'REGISTERED', 0, 'O12345')")
    shared, unfit = site.bad(PEOPLE)
    assert shared[:2] == ("users", "FAIL")
    assert "O12345: kovacs.anna, nover.anna;" in shared[2]
    assert unfit[:2] == ("users", "warn")
    assert "'nover.anna'" in unfit[2]


def test_nothing_that_reports_is_told_too(site: Installation) -> None:
    site.sql("UPDATE EESZT_WORKPLACE SET reports = 0")
    assert [each[:2] for each in site.bad(PEOPLE)] == [("workplaces", "warn")]


@pytest.mark.parametrize(("environment", "status"), [("test", "warn"), ("production", "FAIL")])
def test_what_is_the_simulator_s_is_told_and_fails_in_production(
    site: Installation, environment: str, status: str
) -> None:
    site.sql(
        "INSERT INTO EESZT_IDENTIFIER (name, value, item_id, is_second, kept_at) VALUES ('eeszt_id', 'SIM1', 1, 0, 'x')"
    )
    site.sql(f"UPDATE EESZT_INSTALLATION SET environment = '{environment}'")
    site.change('environment = "test"', f'environment = "{environment}"')
    bad = {name: (told, found) for name, told, found in site.bad("relaxed settings")}
    assert {name: told for name, (told, _) in bad.items()} == {
        "waits": "warn",
        "simulator": status,
        "identifiers": status,
    }
    assert "tls.trust" in bad["simulator"][1]


def test_an_outbox_that_believes_its_rows_is_told(site: Installation) -> None:
    assert "outboxes" not in [name for name, _, _ in site.bad("relaxed settings")]
    shutil.copytree(shipped("mappings"), site.folder / "own")
    outboxes = site.folder / "own" / "outboxes.yaml"
    outboxes.write_text(outboxes.read_text("utf-8").replace("recorder: bound", "recorder: trusted", 1), "utf-8")
    site.change("[log]\n", '[site]\nmappings = "own"\n\n[log]\n')
    found = {name: (told, text) for name, told, text in site.bad("relaxed settings")}
    assert found["outboxes"][0] == "warn"
    assert ": interactive (RNR-2064" in found["outboxes"][1]


def test_an_audit_log_that_is_gone_is_told(site: Installation) -> None:
    site.sql("""UPDATE EESZT_INSTALLATION SET adopted_log = '{"demo@20260302-110000": 7}'""")
    ((name, status, found),) = site.bad("environment")
    assert (name, status) == ("history", "warn")
    assert "demo@20260302-110000 (RNR-8219" in found


def test_a_rule_whose_source_is_sure_and_that_the_settings_change_is_told(site: Installation) -> None:
    assert not [each for each in site.bad("relaxed settings") if each[0] == "rules"]
    text = site.settings.read_text("utf-8")
    site.settings.write_text(f'{text}\n[rules."ebeutalo.utolag"]\nsend_within = "40d"\n', "utf-8")
    ((_, status, found),) = [each for each in site.bad("relaxed settings") if each[0] == "rules"]
    assert status == "warn"
    assert "'ebeutalo.utolag' (send_within = 40d)" in found
    assert "288/2025" in found

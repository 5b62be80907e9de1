"""Settings, files, rights and certificates: each shown failing for its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import app
from tests.check.site import Installation, write_certificate


def test_every_problem_of_the_settings_is_told_and_what_needs_them_is_skipped(site: Installation) -> None:
    site.change('name = "demo"', 'nmae = "demo"')
    site.change('connect_timeout = "1s"', 'connect_timeout = "soon"')
    findings = site.findings()
    failed = [each.found for each in findings if each.status == "FAIL"]
    assert [text[text.rindex("(RNR-") :][:9] for text in failed] == ["(RNR-1003", "(RNR-1001", "(RNR-1004"]
    others = [each for each in findings if each.status != "FAIL"]
    assert {each.status for each in others} == {"skip"}
    assert {each.found for each in others} == {"the settings cannot be used", "left out by --offline"}


def test_a_settings_file_that_is_not_there_is_one_failure(tmp_path: Path) -> None:
    (missing,) = Installation(tmp_path).bad("settings")[:1]
    assert missing[:2] == ("settings", "FAIL")
    assert "RNR-1005" in missing[2]


def test_a_file_that_is_not_there_is_named_by_its_setting(site: Installation) -> None:
    site.change('key_file = "sealing.key"', 'key_file = "sealing.kye"')
    ((name, status, found),) = site.bad("settings")
    assert (name, status) == ("sealing.key_file", "FAIL")
    assert "RNR-1006" in found


@pytest.mark.parametrize(("environment", "status"), [("test", "warn"), ("production", "FAIL")])
def test_a_secret_that_others_may_read_fails_in_production(site: Installation, environment: str, status: str) -> None:
    site.change('environment = "test"', f'environment = "{environment}"')
    (site.folder / "sealing.key").chmod(0o640)
    ((name, told, found),) = site.bad("settings")
    assert (name, told) == ("sealing.key_file", status)
    assert "0640" in found


def test_a_folder_that_cannot_be_written_fails(site: Installation) -> None:
    site.change('state_dir = "state"', 'state_dir = "sealing.key/state"')
    (name, status, found), audit = site.bad("settings")
    assert (audit[0], audit[1]) == ("audit log", "FAIL"), "it would lie there too"
    assert (name, status) == ("runner.state_dir", "FAIL")
    assert "RNR-1021" in found


def test_a_folder_that_the_runner_will_make_is_no_problem(site: Installation) -> None:
    site.change('state_dir = "state"', 'state_dir = "new/state"')
    assert site.bad("settings") == []
    assert not (site.folder / "new").exists()


@pytest.mark.parametrize(
    ("days", "status", "said"),
    [
        (61.5, None, None),
        (60.5, "warn", "in 60 days"),
        (29.5, "warn", "in 29 days"),
        (1.5, "warn", "in 1 day "),
        (0.5, "warn", "today or tomorrow"),
        (-0.5, "FAIL", "ended on"),
    ],
)
def test_a_certificate_is_told_of_from_sixty_days_on(
    site: Installation, days: float, status: str | None, said: str | None
) -> None:
    write_certificate(site.pki / "institution.crt", site.pki / "institution.key", days=days)
    bad = site.bad("certificates and keys")
    assert [(name, told) for name, told, _ in bad] == ([("tls.client_certificate", status)] if status else [])
    assert all(said is not None and said in found for _, _, found in bad)


def test_a_certificate_that_is_not_valid_yet_fails(site: Installation) -> None:
    write_certificate(site.pki / "server.crt", site.pki / "server.key", days=400, begins=1)
    ((name, status, found),) = site.bad("certificates and keys")
    assert (name, status) == ("login.certificate", "FAIL")
    assert "is not valid before" in found


def test_a_key_of_another_certificate_fails(site: Installation) -> None:
    write_certificate(site.pki / "institution.crt", None, days=400)
    write_certificate(site.pki / "server.crt", None, days=400)
    assert [(name, status, "RNR-4304" in found) for name, status, found in site.bad("certificates and keys")] == [
        ("tls.client_certificate", "FAIL", True),
        ("login.certificate", "FAIL", True),
    ]


def test_the_technical_user_s_file_must_open(site: Installation) -> None:
    (site.pki / "technical.password").write_text("wrong")
    ((name, status, found),) = site.bad("certificates and keys")
    assert (name, status) == ("technical_user", "FAIL")
    assert "RNR-4302" in found


def test_a_signing_certificate_is_watched_where_there_is_one(site: Installation) -> None:
    write_certificate(site.folder / "sign.crt", site.folder / "sign.key", days=10.5)
    site.change('code = "013579"', 'code = "013579"\nsigning_certificate = "sign.crt"\nsigning_key = "sign.key"')
    ((name, status, found),) = site.bad("certificates and keys")
    assert (name, status) == ("institution.signing_certificate", "warn")
    assert "in 10 days" in found


def test_an_old_pin_beside_a_living_one_is_a_warning_and_alone_a_failure(site: Installation) -> None:
    write_certificate(site.folder / "old.crt", None, days=-1)
    site.change('pins = ["pki/service.crt"]', 'pins = ["old.crt", "pki/service.crt"]')
    site.change('sts_pins = ["pki/sts.crt"]', 'sts_pins = ["old.crt"]')
    assert [(name, status) for name, status, _ in site.bad("certificates and keys")] == [
        ("eeszt.pins 1", "warn"),
        ("eeszt.sts_pins", "FAIL"),
    ]


def test_a_sealing_key_that_is_none_fails(site: Installation) -> None:
    (site.folder / "sealing.key").write_text("short")
    ((name, status, found),) = site.bad("certificates and keys")
    assert (name, status) == ("sealing", "FAIL")
    assert "RNR-1013" in found


def test_which_source_gives_the_sealing_keys_is_told(site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> tuple[str, str]:
        (found,) = [each for each in site.findings("certificates and keys") if each.name == "sealing"]
        return found.status.value, found.found

    assert app.new_sealing_key(site.settings)
    status, found = told()
    assert status == "ok"
    assert f"file {site.folder}/sealing.key: a key that seals, 1 that only open" in found
    key = (site.folder / "sealing.key").read_text("ascii")
    site.change('key_file = "sealing.key"', 'key_variable = "SEALING_OF_A_TEST"')
    assert told()[0] == "FAIL"
    monkeypatch.setenv("SEALING_OF_A_TEST", key)
    status, found = told()
    assert status == "ok"
    assert "environment variable SEALING_OF_A_TEST" in found
    assert key.split()[0] not in found


def test_what_is_no_certificate_fails_by_its_setting(site: Installation) -> None:
    (site.pki / "ca.crt").write_text("nothing")
    assert [(name, status, "RNR-4303" in found) for name, status, found in site.bad("certificates and keys")] == [
        ("tls.trust", "FAIL", True),
        ("login.trust", "FAIL", True),
    ]

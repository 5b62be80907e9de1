"""Test and production are never mixed: addresses, certificates, contract, identifiers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from runner import app
from runner.demo.medworks import MedWorkS
from runner.demo.people import KOVACS, PATIENTS
from runner.demo.site import DemoSite, prepare_folder, write_settings
from runner.demo.stage import Stage
from runner.domain.environment import is_marked, is_simulated
from runner.eeszt.keys import names_of, read_pins
from runner.errors import ProblemsError
from runner.simulator import pki, process

SERVICES = {name: f"https://127.0.0.1:9/{name}" for name in ("sts", "erecept", "ekat", "ebeutalo", "ehr", "eprofil")}
THEIRS = {name: f"https://prod-if.eeszt.gov.hu/{name}" for name in SERVICES}


def a_pack(folder: Path, hosts: str, origin: str = "operator") -> Path:
    """The reference contract under another origin, with production hosts of the test's own."""
    shutil.copytree(app.default_pack(), folder)
    text = (folder / "pack.yaml").read_text("utf-8")
    text = re.sub(r"(?m)^origin: ours ", f"origin: {origin} ", text)
    text = re.sub(r"(?m)^production_hosts: .*$", f"production_hosts: {hosts}", text)
    (folder / "pack.yaml").write_text(text, "utf-8")
    return folder


def a_site(folder: Path, environment: str, addresses: dict[str, str], pack: Path) -> DemoSite:
    site = prepare_folder(folder)
    write_settings(site, addresses, pack)
    text = site.settings.read_text(encoding="utf-8")
    site.settings.write_text(text.replace('environment = "test"', f'environment = "{environment}"'), encoding="utf-8")
    return site


def numbers(site: DemoSite) -> list[int]:
    """The faults with which the daemon refuses to start."""
    with pytest.raises(ProblemsError) as refused, app.running(site.settings):
        pass
    assert not site.database.exists(), "it is refused before anything is opened"
    return sorted({problem.number for problem in refused.value.problems})


def test_a_production_setting_pointed_at_a_simulator_is_refused_for_all_its_reasons(tmp_path: Path) -> None:
    site = a_site(tmp_path / "site", "production", SERVICES, app.default_pack())
    assert numbers(site) == [8002, 8012, 8014]


def test_a_test_system_never_calls_production(tmp_path: Path) -> None:
    assert numbers(a_site(tmp_path / "site", "test", THEIRS, app.default_pack())) == [8011]


def test_what_lies_below_a_production_host_is_production_too(tmp_path: Path) -> None:
    addresses = {name: f"https://a.PROD-IF.eeszt.gov.hu.:443/{name}" for name in SERVICES}
    assert numbers(a_site(tmp_path / "site", "test", addresses, app.default_pack())) == [8011]


def test_a_production_contract_must_say_which_hosts_are_production(tmp_path: Path) -> None:
    pack = a_pack(tmp_path / "pack", "[]")
    assert numbers(a_site(tmp_path / "site", "production", SERVICES, pack)) == [8013, 8014]


def test_every_certificate_of_the_simulator_carries_the_mark_that_production_knows(tmp_path: Path) -> None:
    site = prepare_folder(tmp_path / "site")
    made = [certificate for file in site.pki.folder.glob("*.crt") for certificate in read_pins(file)]
    assert len(made) > 3
    assert all(is_marked(*names_of(certificate)) for certificate in made)


def test_a_simulator_s_identifier_is_not_believed_in_production_whatever_its_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(common_name: str, serial: str | None = None) -> x509.Name:
        names = [(NameOID.COMMON_NAME, common_name.replace("zimul", "")), (NameOID.SERIAL_NUMBER, serial)]
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in names if value is not None])

    monkeypatch.setattr(pki, "_name", plain)  # a simulator that somebody gave certificates without the mark
    pack = a_pack(tmp_path / "pack", "[127.0.0.1]")
    site = prepare_folder(tmp_path / "site")
    with process.start(site.simulator, pack=pack) as simulator:
        write_settings(site, simulator.addresses, pack)
        text = site.settings.read_text(encoding="utf-8")
        site.settings.write_text(text.replace('environment = "test"', 'environment = "production"'), encoding="utf-8")
        app.install_example(site.settings)
        with app.opened_his(site.settings) as (desk, asked):
            medworks = MedWorkS(site.database, asked)
            medworks.register_people()
            stage = Stage(site, medworks, desk, simulator, pack)
            stage.start_daemon()
            try:
                stage.log_in(KOVACS)
                number = medworks.prescribe(KOVACS, PATIENTS[0], "210002737", "1 tabletta")
                stage.until("paper", lambda: stage.status("erecept_feliras", number)["ward_answer"] == "PAPER")
            finally:
                stage.stop_daemon()
        assert is_simulated({"eeszt_id": simulator.control.register()[0]["id"]})
    status = medworks.rows("SELECT state, eeszt_id FROM EESZT_V_STATUS")
    assert [(row["state"], row["eeszt_id"]) for row in status] == [("UNKNOWN", None)]
    assert not medworks.rows("SELECT 1 FROM EESZT_IDENTIFIER")
    assert '"environment.simulated"' in (site.folder / "runner.log").read_text("utf-8")

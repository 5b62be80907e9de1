"""The register, the PKI and the process: what survives, what is made, how it ends."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from runner.simulator.cli import main
from runner.simulator.pki import MARK, Pki, institution_of, load_certificate, load_key, make_pki
from runner.simulator.process import SimulatorProcess
from runner.simulator.refusal import SimulatorError
from runner.simulator.register import Document, Register
from runner.simulator.user import UserRegister
from tests.simulator.conftest import PACK
from tests.simulator.example import DOCTOR, prescription, withdrawal
from tests.simulator.hand_client import HandClient


def a_document(identifier: str, message_id: str = "urn:m") -> Document:
    return Document(
        id=identifier, operation="s.O", message_id=message_id, user="O1", role="ORVOS", created="2026-01-01T00:00:00Z"
    )


@pytest.mark.slow
def test_the_books_survive_sigkill_and_duplicates_are_still_known(started: Callable[..., SimulatorProcess]) -> None:
    first = started()
    client = HandClient(first.addresses, first.pki)
    _, token = client.token(DOCTOR, first.one_time_password(DOCTOR))
    request = prescription(client.addresses["erecept"])
    identifier = client.send(request, token).text(".//er:Azonosito")
    assert identifier is not None
    client.send(withdrawal(client.addresses["erecept"], identifier), token)
    before = first.control.register()
    port = first.addresses["erecept"].split(":")[2].split("/")[0]
    first.kill()
    second = started(port=port)
    assert second.addresses == first.addresses
    assert second.control.register() == before
    assert before[0]["state"] == "VISSZAVONT"
    assert client.send(request, token).code == "MAR_RENDBEN"


def test_a_port_that_is_in_use_or_none_is_named_with_its_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--state", str(tmp_path), "--init", "--port", str(port)]) == 1
    assert main(["--state", str(tmp_path), "--port", "99999"]) == 1
    used, beyond = capsys.readouterr().err.splitlines()
    assert f"port {port} of 127.0.0.1 cannot be listened on: Address already in use" in used
    assert "--port" in used
    assert "port 99999 of 127.0.0.1 cannot be listened on: it is no port" in beyond


def test_half_a_last_line_is_dropped_and_a_spoiled_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "register.jsonl"
    register = Register(path)
    register.add(a_document("SIM1"))
    register.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event": "docu')
    register = Register(path)
    register.add(a_document("SIM2", "urn:n"))
    register.close()
    assert [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()] == ["SIM1", "SIM2"]
    path.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(SimulatorError, match=r"register\.jsonl:1"):
        Register(path)


def test_one_message_makes_one_document_however_many_send_it_at_once(tmp_path: Path) -> None:
    register = Register(tmp_path / "register.jsonl")
    together = threading.Barrier(8)

    def send(_: int) -> str | None:
        together.wait()
        return register.accept(a_document(register.new_id()), refuse_duplicates=True)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(send, range(8)))
    (made,) = register.documents()
    assert sorted(results, key=str) == [None, *[made.id] * 7]
    assert register.documents()[0].copies == 8
    register.close()


@pytest.mark.slow
def test_the_judge_can_have_duplicates_taken_as_second_documents(started: Callable[..., SimulatorProcess]) -> None:
    process = started(duplicates="accept")
    client = HandClient(process.addresses, process.pki)
    _, token = client.token(DOCTOR, process.one_time_password(DOCTOR))
    request = prescription(client.addresses["erecept"])
    identifiers = {client.send(request, token).text(".//er:Azonosito") for _ in range(2)}
    assert len(identifiers) == 2
    assert {d["id"] for d in process.control.register()} == identifiers


@pytest.mark.slow
def test_fifty_clients_at_once_are_served(started: Callable[..., SimulatorProcess]) -> None:
    process = started(latency_ms=50)
    client = HandClient(process.addresses, process.pki)
    _, token = client.token(DOCTOR, process.one_time_password(DOCTOR))

    def send(_: int) -> int:
        return client.send(prescription(client.addresses["erecept"]), token).status

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(send, range(50))) == [200] * 50
    assert len({d["id"] for d in process.control.register()}) == 50


@pytest.mark.slow
def test_sigterm_ends_it_cleanly(started: Callable[..., SimulatorProcess]) -> None:
    process = started()
    process.control.fault("slow", seconds=30)
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(timeout=5) == 0
    assert not (process.state / "simulator.json").exists()


def test_the_pki_is_recognisable_private_and_fits_together(prepared: Path) -> None:
    pki = Pki.at(prepared / "pki")
    assert all(path.stat().st_mode & 0o077 == 0 for path in pki.folder.iterdir())
    ca = load_certificate(pki.ca.certificate)
    identities = (pki.server, pki.service, pki.sts, pki.institution, pki.technical, pki.other_institution)
    for identity in identities:
        certificate = load_certificate(identity.certificate)
        certificate.verify_directly_issued_by(ca)
        assert MARK in certificate.subject.rfc4514_string()
        assert load_key(identity.key).public_key() == certificate.public_key()
    with pytest.raises(ValueError, match="Issuer"):
        load_certificate(pki.stranger.certificate).verify_directly_issued_by(ca)
    assert institution_of(load_certificate(pki.institution.certificate)) != institution_of(
        load_certificate(pki.other_institution.certificate)
    )
    _, certificate, _ = pkcs12.load_key_and_certificates(
        pki.technical_p12.read_bytes(), pki.technical_password.read_bytes()
    )
    assert certificate == load_certificate(pki.technical.certificate)
    names = load_certificate(pki.server.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost"]


@pytest.mark.slow
def test_an_rsa_pki_serves_as_well(tmp_path: Path, prepared: Path, started: Callable[..., SimulatorProcess]) -> None:
    state = tmp_path / "rsa"
    pki = make_pki(state / "pki", keys="rsa")
    (state / "users.yaml").write_bytes((prepared / "users.yaml").read_bytes())
    process = started(state=state)
    client = HandClient(process.addresses, pki)
    answer, token = client.technical_token()
    assert answer.status == 200, answer.body
    assert isinstance(token.key, rsa.RSAPrivateKey)
    _, person = client.token(DOCTOR, process.one_time_password(DOCTOR), key=token.key)
    assert client.send(prescription(client.addresses["erecept"]), person).status == 200


def test_otp_prints_the_password_of_this_moment(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["otp", DOCTOR, "--state", str(state)]) == 0
    assert capsys.readouterr().out.strip().isdigit()
    assert main(["otp", "TECHNIKAI-100001", "--state", str(state)]) == 1
    assert "has no one-time passwords" in capsys.readouterr().err


def test_without_init_an_empty_folder_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runner.simulator", "--state", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "--init makes them" in ended.stderr


@pytest.mark.slow
def test_an_answer_that_the_schema_refuses_is_not_sent_and_nothing_is_recorded(
    tmp_path: Path, started: Callable[..., SimulatorProcess]
) -> None:
    pack = Path(shutil.copytree(PACK, tmp_path / "pack"))
    script = pack / "simulator.yaml"
    wrong = script.read_text(encoding="utf-8").replace("er:SajatAzonosito>{{", "er:Valami>{{", 1)
    script.write_text(wrong.replace("}}</er:SajatAzonosito>", "}}</er:Valami>", 1), encoding="utf-8")
    process = started(pack=pack)
    client = HandClient(process.addresses, process.pki)
    _, token = client.token(DOCTOR, process.one_time_password(DOCTOR))
    assert client.send(prescription(client.addresses["erecept"]), token).code == "BELSO_HIBA"
    assert process.control.register() == []


def test_a_list_of_users_that_is_being_written_does_no_harm(state: Path) -> None:
    users = UserRegister(state / "users.yaml")
    whole = (state / "users.yaml").read_bytes()
    (state / "users.yaml").write_bytes(whole[:40])
    assert users.get(DOCTOR) is not None
    (state / "users.yaml").write_bytes(whole.replace(DOCTOR.encode(), b"O99999"))
    assert users.get(DOCTOR) is None


def test_moves_are_refused_in_the_wrong_state(simulator: SimulatorProcess) -> None:
    identifier = simulator.control.add_document("erecept.Feliras", patient="TAJ:111111110")
    simulator.control.dispense(identifier)
    with pytest.raises(SimulatorError, match="KIVALTOTT"):
        simulator.control.dispense(identifier)
    with pytest.raises(SimulatorError, match="no document"):
        simulator.control.reserve("SIM-nincs")
    with pytest.raises(SimulatorError, match="there is no"):
        simulator.control.move("burn", identifier)

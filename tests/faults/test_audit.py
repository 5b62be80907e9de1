"""The audit log of a working hospital: what is in it, what never is, and what happens when its disk is full."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.audit.keys import read_private
from runner.audit.opening import opened_body
from runner.audit.reading import Wanted, find, search
from runner.demo.people import KOVACS, PATIENTS, SZUCS
from runner.domain.audit import Header
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("audit") / "site") as opened:
        yield opened


def folder(place: Clinic) -> Path:
    return place.stage.site.folder / "state" / "audit"


def entries(place: Clinic, **wanted: object) -> list[Header]:
    return list(search(folder(place), Wanted(**wanted)))  # type: ignore[arg-type]


def body(place: Clinic, header: Header) -> bytes:
    files, found = find(folder(place), f"{header.chain}/{header.sequence}")
    return opened_body(files, found, read_private(place.stage.site.audit_key, None))


def audit(place: Clinic, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return place.command("audit", *words, stdin=stdin)


def test_every_exchange_is_two_entries_with_who_what_and_what_came_of_it(place: Clinic) -> None:
    prescription = place.prescription()
    place.rest(prescription)
    asked, answered = entries(place, item=prescription)
    [message] = place.sql("SELECT message_id FROM EESZT_MESSAGE WHERE item_id = ?", prescription)
    for header, kind in ((asked, "REQUEST"), (answered, "ANSWER")):
        assert (header.kind, header.acting_user, header.his_user) == (kind, KOVACS.eeszt_user, KOVACS.his_user)
        assert (header.operation, header.message_id) == ("erecept.Feliras", message["message_id"])
    assert answered.outcome == "ANSWERED"
    assert PATIENTS[0].taj.encode() in body(place, asked)
    assert place.row(prescription)["eeszt_id"].encode() in body(place, answered)


def test_a_lost_answer_and_the_question_after_it_are_there(place: Clinic) -> None:
    place.simulator.fault("cut_after_accept", operation="Esemeny", times=1)
    event = place.event()
    place.rest(event)
    told = [(header.operation, header.kind, header.outcome) for header in entries(place, item=event)]
    assert told[:2] == [("ekat.Esemeny", "REQUEST", ""), ("ekat.Esemeny", "ANSWER", "LOST")]
    assert ("ekat.BekuldesLekerdezes", "ANSWER", "ANSWERED") in told


def test_each_attempt_has_the_head_of_its_answer_and_the_proof_compares_them(place: Clinic) -> None:
    event = place.event()
    place.rest(event)
    [attempt] = place.sql("SELECT * FROM EESZT_ATTEMPT WHERE item_id = ?", event)
    [answered] = entries(place, item=event, kind="ANSWER")
    assert (attempt["audit_chain"], attempt["audit_sequence"]) == (answered.chain, answered.sequence)
    assert len(attempt["audit_head"]) == 64
    done = audit(place, "verify", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["found"]) == (0, 0)
    assert report["anchors"] >= 1


def test_logins_granted_and_refused_are_there_and_no_secret_is_anywhere(place: Clinic) -> None:
    password = place.stage.counterpart.one_time_password(SZUCS.eeszt_user or "", ahead_s=-30)
    place.command("login", "otp", SZUCS.his_user, stdin=password.encode())
    assert place.command("login", "otp", SZUCS.his_user, stdin=b"000000x").returncode == 3
    assert place.command("login", "otp", "senki", stdin=b"123456").returncode == 3
    place.rest(place.event())
    outcomes = {header.outcome for header in entries(place, kind="LOGIN", user=SZUCS.his_user)}
    assert outcomes >= {"GRANTED", "RNR-4101"}
    assert [header.outcome for header in entries(place, kind="LOGIN", user="senki")] == ["RNR-4401"]
    everything = [body(place, header) for header in entries(place) if header.kind != "SEGMENT"]
    assert len(everything) > 10
    secrets = [password.encode(), b"000000x", b"Assertion ", b":Password", b"PRIVATE KEY"]
    assert [secret for secret in secrets if any(secret in each for each in everything)] == []
    asked = entries(place, kind="TOKEN_REQUEST")
    answered = entries(place, kind="TOKEN_ANSWER")
    assert len(asked) == len(answered) >= 3


def test_headers_and_files_tell_nothing_of_a_patient(place: Clinic) -> None:
    place.rest(place.event(), place.prescription(patient=PATIENTS[1]))
    data = b"".join(each.read_bytes() for each in folder(place).rglob("*") if each.is_file())
    marks = [mark for patient in PATIENTS[:2] for mark in (patient.taj, patient.name, *patient.name.split())]
    assert [mark for mark in marks if mark.encode() in data] == []


# commands


def test_a_body_is_shown_with_the_private_key_and_that_is_logged_first(place: Clinic) -> None:
    event = place.event()
    place.rest(event)
    [asked] = entries(place, item=event, kind="REQUEST")
    reference = f"{asked.chain}/{asked.sequence}"
    key = str(place.stage.site.audit_key)
    done = audit(place, "show", reference, "--key", key)
    assert (done.returncode, done.stdout) == (0, body(place, asked))
    shown = entries(place, kind="SHOWN")[-1]
    assert (shown.outcome, shown.item) == (reference, event)
    assert shown.his_user
    assert shown.chain.startswith("demo-cli@")
    before = len(entries(place, kind="SHOWN"))
    public = audit(place, "show", reference, "--key", str(place.stage.site.folder / "audit-public.pem"))
    assert (public.returncode, public.stdout) == (1, b"")
    assert len(entries(place, kind="SHOWN")) == before


def test_the_log_is_searched_without_a_key(place: Clinic) -> None:
    event = place.event()
    place.rest(event)
    rows = json.loads(audit(place, "search", "--item", str(event), "--json").stdout)
    assert [row["kind"] for row in rows] == ["REQUEST", "ANSWER"]
    narrowed = audit(place, "search", "--user", KOVACS.his_user, "--kind", "answer", "--operation", "ekat", "--json")
    assert {row["kind"] for row in json.loads(narrowed.stdout)} == {"ANSWER"}
    assert json.loads(audit(place, "search", "--until", "2020-01-01", "--json").stdout) == []
    assert audit(place, "search", "--since", "yesterday").returncode == 2


def test_a_copy_is_proved_without_the_database_and_a_changed_byte_is_told(place: Clinic, tmp_path: Path) -> None:
    place.rest(place.event())
    copy = tmp_path / "copy"
    shutil.copytree(folder(place), copy)
    done = audit(place, "verify", "--folder", str(copy))
    assert done.returncode == 0
    assert b"the database was not asked" in done.stdout
    headers = min(copy.glob("demo@*/*.headers.jsonl"))
    headers.write_bytes(headers.read_bytes().replace(b"O12345", b"O12346", 1))
    done = audit(place, "verify", "--folder", str(copy))
    assert done.returncode == 1
    assert done.stdout.startswith(b"RNR-8201 ")
    assert audit(place, "verify", "--folder", str(tmp_path / "none")).returncode == 1


def test_a_key_pair_is_made_by_command_and_its_password_opens_it(place: Clinic, tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    words = ("keys", "--private", str(private), "--public", str(public))
    assert audit(place, *words, stdin=b"\n").returncode == 1
    assert audit(place, *words, stdin=b"Kuku-1\n").returncode == 0
    assert b"ENCRYPTED" in private.read_bytes()
    assert read_private(private, "Kuku-1").key_size == 4096


# starting, a full disk, a killed daemon


def test_the_daemon_does_not_start_without_a_usable_key(tmp_path: Path) -> None:
    with clinic(tmp_path / "site", people=(), daemon=False) as place:
        public = place.stage.site.folder / "audit-public.pem"
        public.write_bytes(place.stage.site.audit_key.read_bytes())
        refused = place.command("run")
        assert refused.returncode == 1
        assert b"RNR-1042" in refused.stderr
        public.unlink()
        assert b"RNR-1006" in place.command("run").stderr


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A file system of 1 MB of its own, or skip."""
    path.mkdir(mode=0o700)
    mount = shutil.which("mount")
    done = subprocess.run(
        [mount or "false", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(path)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("no file system can be mounted here: " + done.stderr.decode().strip())
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(file: Path) -> None:
    """Write until nothing more fits."""
    with file.open("wb", buffering=0) as output, contextlib.suppress(OSError):
        while True:
            output.write(b"x" * 4096)


def test_a_full_disk_stops_sending_loudly_and_the_runner_goes_on_when_there_is_room(tmp_path: Path) -> None:
    named = 'public_key = "audit-public.pem"\n'
    with small_disk(tmp_path / "disk") as disk:
        changes = [(named, f'{named}folder = "{disk}/audit"\n')]
        with clinic(tmp_path / "site", changes=changes) as place:
            place.rest(place.event())
            assert place.service("audit") == "UP"
            filler = disk / "filler"
            fill(filler)
            event = place.event()
            place.until("the log is down", lambda: place.service("audit") == "DOWN")
            prescription = place.prescription()
            assert place.rest(prescription)[0]["ward_answer"] == "PAPER"
            assert [place.documents(item) for item in (event, prescription)] == [[], []]
            assert place.state(event) in {"NEW", "WAITING"}
            assert [place.service(name) for name in ("erecept", "ekat")] == ["UP", "UP"]
            assert len(place.events("audit.down")) == 1
            before = len(place.log())
            time.sleep(2)
            assert len(place.log()) - before < 20
            filler.unlink()
            assert place.rest(event)[0]["state"] == "ACCEPTED"
            place.until("the log is back", lambda: place.service("audit") == "UP")
            assert place.rest(place.prescription())[0]["ward_answer"] == "PRINT"
            assert place.differences() == []
            done = audit(place, "verify")
            assert done.returncode == 0, done.stdout.decode()
            assert b"RESUMED: since" in done.stdout


def test_a_killed_daemon_leaves_a_log_that_is_proved_before_and_after_its_next_start(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as place:
        place.simulator.fault("slow", operation="Esemeny", seconds=0.3)
        events = [place.event(patient=PATIENTS[n % 6]) for n in range(20)]
        place.until("work", lambda: sum(place.state(item) == "ACCEPTED" for item in events) >= 3)
        place.stage.kill_daemon()
        assert audit(place, "verify").returncode == 0
        place.simulator.clear()
        place.start_daemon()
        assert {row["state"] for row in place.rest(*events, timeout_s=30)} == {"ACCEPTED"}
        done = audit(place, "verify")
        assert done.returncode == 0, done.stdout.decode()

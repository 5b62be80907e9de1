"""A database that was copied, moved or restored: noticed, and adopted without a message lost or sent twice."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.domain.outbox import State
from runner.domain.outcome import Ending
from runner.errors import IntegrityError
from runner.ports import LoginRow, Sent
from runner.store.embedded import EmbeddedStore
from tests.support.rows import OUTBOXES, SQL, Lab, accepted, claim, claim_probes, completion, request, sent


def left(item: int, **facts: object) -> Sent:
    """What the log says of a message of an item that left a moment ago."""
    now = datetime.now(UTC)
    proved = {
        "item_id": item,
        "message_id": f"urn:uuid:{item}",
        "acting_user": "O12345",
        "operation": "ekat.Esemeny",
        "sent_at": now,
        "expires_at": now + timedelta(seconds=60),
        **facts,
    }
    return Sent(**proved)  # type: ignore[arg-type]


def backup(lab: Lab, to: Path) -> Path:
    """A consistent copy, made as a DBA makes it."""
    with closing(lab.connect()) as here, closing(sqlite3.connect(to)) as there:
        here.backup(there)
    return to


def test_a_copy_is_noticed_and_the_original_is_not_taken_for_one(lab: Lab, tmp_path: Path) -> None:
    copy = EmbeddedStore(backup(lab, tmp_path / "copy.db"), OUTBOXES, SQL)
    with pytest.raises(IntegrityError, match="RNR-8021"):
        copy.check_installed("test")
    copy.close()
    lab.store.check_installed("test")
    assert lab.store.outbox.identity().is_at_home


def test_a_file_that_was_only_renamed_is_at_home(lab: Lab, tmp_path: Path) -> None:
    lab.store.close()
    shutil.move(lab.path, tmp_path / "renamed.db")
    store = EmbeddedStore(tmp_path / "renamed.db", OUTBOXES, SQL)
    store.check_installed("test")
    store.close()


def test_what_left_after_the_backup_is_asked_after_and_not_sent_again(lab: Lab) -> None:
    new, waiting = lab.insert(), lab.insert()
    lab.store.outbox.complete([completion(sent(lab, waiting), Ending.NOT_RECEIVED, retry_after_s=0.0)])
    missing = lab.store.adoption.missing([left(new), left(waiting)])
    assert {each.item_id for each in missing} == {new, waiting}
    adopted = lab.store.adoption.adopt_moved("dba", missing, {new: ('{"a": 1}', b"<a/>")}, {})
    assert sorted(adopted.asked_after) == [new, waiting]
    assert not adopted.lost
    assert claim(lab) == []
    asked = {item.row.item_id: item for item in claim_probes(lab)}
    assert asked.keys() == {new, waiting}
    assert asked[new].row.message_id == f"urn:uuid:{new}"
    assert asked[new].acting_user == "O12345"
    assert (asked[new].stored_document, asked[new].stored_body) == ('{"a": 1}', b"<a/>")


def test_what_was_compared_with_the_log_is_not_compared_again(lab: Lab) -> None:
    assert not lab.store.adoption.logged()
    lab.store.adoption.adopt_moved("dba", [], {}, {"runner-1@20260302-110000": 17})
    assert lab.store.adoption.logged() == {"runner-1@20260302-110000": 17}


def test_what_the_database_knows_of_is_not_missing(lab: Lab) -> None:
    done = lab.insert()
    accepted(lab, done, "SIM1")
    sending, unknown = lab.insert(), lab.insert()
    for item in claim(lab):
        lab.store.outbox.permit([request(item)])
        if item.row.item_id == unknown:
            lab.store.outbox.complete([completion(item, Ending.UNKNOWN)])
    assert not lab.store.adoption.missing([left(sending), left(unknown), left(done)])


def test_a_parked_item_that_had_gone_meanwhile_is_asked_after(lab: Lab) -> None:
    item = lab.insert()
    lab.store.outbox.complete([completion(claim(lab)[0], Ending.PARKED, reason_code="LOGIN", attempt=None)])
    lab.store.adoption.adopt_moved("dba", lab.store.adoption.missing([left(item)]), {}, {})
    assert lab.row(item).state is State.UNKNOWN


def test_a_prescription_that_had_left_is_told_nothing_and_shows_no_bar_code(lab: Lab) -> None:
    item = lab.insert("erecept_feliras")
    lab.store.adoption.adopt_moved("dba", lab.store.adoption.missing([left(item)]), {}, {})
    assert lab.record(item)["ward_answer"] is None
    [probed] = claim_probes(lab, "interactive")
    lab.store.outbox.complete([completion(probed, eeszt_id="SIM7", attempt="PROBE")])
    row = lab.row(item)
    assert (row.state, row.compensation) == (State.ACCEPTED, None)
    assert not lab.run("SELECT barcode FROM EESZT_V_BARCODE")


def test_a_message_whose_row_is_gone_is_named_and_its_number_is_not_given_again(lab: Lab) -> None:
    last = lab.insert()
    gone = left(last + 7)
    adopted = lab.store.adoption.adopt_moved("dba", lab.store.adoption.missing([gone]), {}, {})
    assert adopted.lost == [gone]
    assert lab.insert() == last + 8
    assert lab.insert("erecept_feliras") == last + 9


def test_a_younger_row_of_the_same_number_is_not_taken_for_the_one_that_left(lab: Lab) -> None:
    item = lab.insert()
    old = left(item, sent_at=datetime.now(UTC) - timedelta(hours=1))
    adopted = lab.store.adoption.adopt_moved("dba", lab.store.adoption.missing([old]), {}, {})
    assert adopted.lost == [old]
    assert lab.row(item).state is State.NEW


def test_adopting_ends_all_sessions_and_logins_that_were_begun(lab: Lab) -> None:
    now = datetime.now(UTC)
    lab.store.logins.begin("kovacs.anna", "f" * 64, 60)
    lab.store.logins.save(
        LoginRow(1, "kovacs.anna", "O12345", "ORVOS", "013579", "otp", now, now + timedelta(hours=8), b"sealed")
    )
    assert lab.store.adoption.adopt_moved("dba", [], {}, {}).sessions == 1
    assert lab.store.logins.live("O12345") is None
    assert lab.store.logins.take("f" * 64) is None


def test_a_moved_database_keeps_its_identity_and_a_copy_gets_its_own(lab: Lab, tmp_path: Path) -> None:
    before = lab.store.outbox.identity().database_id
    moved = EmbeddedStore(backup(lab, tmp_path / "moved.db"), OUTBOXES, SQL)
    assert moved.adoption.adopt_moved("dba", [], {}, {}).database_id == before
    moved.check_installed("test")
    copy = EmbeddedStore(backup(lab, tmp_path / "copy.db"), OUTBOXES, SQL)
    assert copy.adoption.adopt_copy("dba", "test", {}).database_id != before
    copy.check_installed("test")
    for store in (moved, copy):
        store.close()


def test_nothing_that_stands_open_in_a_copy_is_sent_or_asked_from_it(lab: Lab) -> None:
    new, ward, parked, flying = lab.insert(), lab.insert("erecept_feliras"), lab.insert(), lab.insert()
    for item in claim(lab):
        if item.row.item_id == parked:
            lab.store.outbox.complete([completion(item, Ending.PARKED, reason_code="LOGIN", attempt=None)])
        elif item.row.item_id == flying:
            lab.store.outbox.permit([request(item)])
    assert lab.store.adoption.adopt_copy("dba", "test", {}).ended == 4
    assert [lab.row(each).state for each in (new, ward, parked)] == [State.CANCELLED] * 3
    assert lab.row(flying).state is State.PARKED
    assert lab.record(ward)["ward_answer"] == "PAPER"
    assert {lab.row(each).reason_code for each in (new, ward, parked, flying)} == {"COPIED"}
    assert claim(lab) == claim(lab, "interactive") == claim_probes(lab) == []


def test_a_copy_never_becomes_production(lab: Lab) -> None:
    with pytest.raises(IntegrityError, match="RNR-8024"):
        lab.store.adoption.adopt_copy("dba", "production", {})
    assert lab.store.outbox.identity().environment == "test"

"""Patients' data is forgotten when it was kept long enough, and never while anybody may still need it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runner.domain.outbox import Compensation, State
from runner.domain.outcome import Ending, Reason
from runner.ports import KeptFor, LoginRow
from tests.support.rows import Lab, accepted, claim, claim_probes, completion, request, sent

DAY_S = 86400.0
KEPT = KeptFor(payload_s=30 * DAY_S, payload_to_mend_s=90 * DAY_S, document_s=3650 * DAY_S)
PAYLOAD = '{"NEV": "Tündérné"}'


def forget(lab: Lab, limit: int = 500) -> dict[str, int]:
    return dict(lab.store.outbox.forget(KEPT, limit))


def kept(lab: Lab, item: int) -> tuple[bool, bool, bool]:
    """Whether payload, document and body are there."""
    messages = lab.run("SELECT document, body FROM EESZT_MESSAGE WHERE item_id = ?", [item])
    document, body = messages[0] if messages else (None, None)
    return lab.record(item)["payload"] is not None, document is not None, body is not None


def test_a_payload_goes_thirty_days_after_its_end_and_the_rest_stays(lab: Lab) -> None:
    old = accepted(lab, lab.insert(payload=PAYLOAD), "SIM-1").row.item_id
    young = accepted(lab, lab.insert(payload=PAYLOAD), "SIM-2").row.item_id
    open_ = lab.insert(payload=PAYLOAD)
    lab.travel(old, 30 * DAY_S + 1)
    lab.travel(young, 30 * DAY_S - 60)
    lab.travel(open_, 400 * DAY_S)
    before = lab.record(old)
    assert forget(lab) == {"payload": 1}
    assert [lab.record(item)["payload"] for item in (old, young, open_)] == [None, PAYLOAD, PAYLOAD]
    after, of_it = lab.record(old), {"payload", "has_payload", "payload_at"}
    assert {name: value for name, value in after.items() if value != before[name]}.keys() <= of_it
    assert kept(lab, old)[1]
    assert forget(lab) == {}


@pytest.mark.parametrize("ending", [Ending.REJECTED, Ending.INVALID])
def test_what_may_be_mended_from_its_payload_keeps_it_longer(lab: Lab, ending: Ending) -> None:
    item = lab.insert(payload=PAYLOAD)
    [claimed] = claim(lab)
    if ending is Ending.REJECTED:
        lab.store.outbox.permit([request(claimed)])
    lab.store.outbox.complete([completion(claimed, ending, reason_code="HIBA")])
    lab.travel(item, 89 * DAY_S)
    assert forget(lab) == {}
    lab.travel(item, 2 * DAY_S)
    assert forget(lab) == {"payload": 1}


def test_a_row_that_was_invalid_from_the_first_is_no_exception(lab: Lab) -> None:
    item = lab.insert("nincs_ilyen", lane="background", payload=PAYLOAD)
    lab.travel(item, 91 * DAY_S)
    assert forget(lab) == {"payload": 1}


def test_what_went_up_goes_after_its_own_time_and_its_identifiers_stay(lab: Lab) -> None:
    item = lab.insert(source_key="k")
    accepted(lab, item, "SIM-1")
    lab.travel(item, 3649 * DAY_S)
    assert forget(lab) == {}
    lab.travel(item, 2 * DAY_S)
    assert forget(lab) == {"document": 1}
    [row] = lab.store.desk.rows("SELECT * FROM EESZT_V_SENT")
    assert (row["item_id"], row["document"], row["acting_user"]) == (item, None, "O12345")
    assert row["identifiers"] == '{"barcode":"SIM-1","eeszt_id":"SIM-1"}'
    assert row["digest"]


def test_bytes_that_were_left_behind_go_with_the_next_round(lab: Lab) -> None:
    item = accepted(lab, lab.insert(), "SIM-1").row.item_id
    on_its_way = sent(lab, lab.insert()).row.item_id
    lab.run("UPDATE EESZT_MESSAGE SET body = ?, purged_at = NULL WHERE item_id = ?", [b"\0", item])
    assert forget(lab) == {"body": 1}
    assert [kept(lab, each)[2] for each in (item, on_its_way)] == [False, True]
    assert lab.run("SELECT item_id FROM EESZT_MESSAGE WHERE purged_at IS NOT NULL") == [(item,)]


def test_nothing_goes_while_a_withdrawal_is_owed_and_it_goes_up_with_the_originals_payload(lab: Lab) -> None:
    item = lab.insert("erecept_feliras", payload=PAYLOAD)
    claimed = sent(lab, item)
    lab.travel(item, 60)
    lab.store.outbox.sweep("interactive")
    lab.store.outbox.complete([completion(claimed, eeszt_id="SIM-1")])
    lab.travel(item, 4000 * DAY_S)
    assert forget(lab) == {}
    assert lab.row(item).compensation is Compensation.DUE
    [withdrawal] = claim(lab, "interactive")
    assert withdrawal.payload == PAYLOAD
    lab.store.outbox.permit([request(withdrawal)])
    lab.store.outbox.complete([completion(withdrawal)])
    assert lab.row(item).compensation is Compensation.DONE
    assert forget(lab) == {"payload": 1, "document": 1}
    assert kept(lab, withdrawal.row.item_id)[:2] == (True, True)
    lab.travel(withdrawal.row.item_id, 31 * DAY_S)
    assert forget(lab) == {"payload": 1}, "the withdrawal's own copy goes by its own end"


def test_nothing_goes_while_a_withdrawal_has_failed(lab: Lab) -> None:
    item = lab.insert("erecept_feliras", payload=PAYLOAD)
    accepted(lab, item, "SIM-1")
    lab.force((item, {"compensation": "FAILED"}))
    lab.travel(item, 4000 * DAY_S)
    assert forget(lab) == {}


def test_nothing_goes_of_what_ended_by_absence_until_it_was_asked_after_once_more(lab: Lab) -> None:
    item = lab.insert("erecept_feliras", payload=PAYLOAD)
    sent(lab, item)
    lab.force((item, {"state": "MISSED", "reason_code": Reason.ABSENT, "claim_token": None, "lease_until": None}))
    lab.force((item, {"next_at": lab.record(item)["created_at"]}))
    lab.travel(item, 4000 * DAY_S)
    assert forget(lab) == {}
    [asked] = claim_probes(lab, "interactive")
    assert asked.stored_document == "{}"
    assert forget(lab) == {}
    lab.store.outbox.complete([completion(asked, Ending.ABSENT, attempt="PROBE")])
    assert lab.row(item).state is State.MISSED
    assert forget(lab) == {"payload": 1, "document": 1, "body": 1}


def test_a_round_takes_no_more_than_its_bound_over_all_outboxes(lab: Lab) -> None:
    items = [lab.insert(kind, payload=PAYLOAD) for kind in ("ekat_esemeny", "erecept_lekerdezes") for _ in range(4)]
    ends = {"state": "CANCELLED", "next_at": None}
    lab.force(*((item, ends) for item in items))
    for item in items:
        lab.travel(item, 31 * DAY_S)
    assert [forget(lab, 3) for _ in range(4)] == [{"payload": 3}, {"payload": 3}, {"payload": 2}, {}]


def test_the_token_of_a_session_that_ran_out_is_forgotten_and_a_live_one_stays(lab: Lab) -> None:
    now = datetime.now(UTC)
    for number, ends_in_s in ((1, -1), (2, 3600)):
        lab.store.logins.save(
            LoginRow(
                login_id=number,
                his_user=f"u{number}",
                eeszt_user=f"O{number}",
                role="ORVOS",
                institution="013579",
                method="otp",
                started_at=now - timedelta(hours=8),
                ends_at=now + timedelta(seconds=ends_in_s),
                sealed=b"sealed",
            )
        )
    assert forget(lab) == {"token": 1}
    rows = lab.run("SELECT login_id, sealed, end_reason FROM EESZT_LOGIN ORDER BY 1")
    assert rows == [(1, None, "EXPIRED"), (2, b"sealed", None)]
    assert forget(lab) == {}


def test_a_login_that_was_begun_is_forgotten_after_a_day(lab: Lab) -> None:
    lab.store.logins.begin("u1", "a" * 64, -86401)
    lab.store.logins.begin("u2", "b" * 64, 60)
    assert forget(lab) == {"login_request": 1}
    assert lab.run("SELECT his_user FROM EESZT_LOGIN_REQUEST") == [("u2",)]

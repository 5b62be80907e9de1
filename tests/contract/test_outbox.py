"""The daemon's verbs on the outboxes, one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runner.domain import sentences
from runner.domain.outbox import Compensation, State, Verdict, Waits, WardAnswer
from runner.domain.outcome import Ending, Outcome
from runner.errors import StoreError
from runner.ports import DecisionNote, Permitted, ServiceReport, WriteBack
from tests.support.rows import (
    DIGESTS,
    LONG_AGO,
    OUTBOXES,
    Lab,
    accepted,
    claim,
    claim_probes,
    completion,
    log_in,
    matched,
    request,
    sent,
)


def numbers(items: list) -> list[int]:
    return [item.row.item_id for item in items]


# claim


def test_a_claim_takes_rows_by_priority_and_number(lab: Lab) -> None:
    low, high, middle = lab.insert(priority=200), lab.insert(priority=10), lab.insert()
    assert numbers(claim(lab, limit=2)) == [high, middle]
    assert numbers(claim(lab)) == [low]


@pytest.mark.parametrize("letter", ["x", "ő", "𝄞"])
def test_payloads_of_all_lengths_come_as_they_were_written(lab: Lab, letter: str) -> None:
    texts = [f'{{"a":"{letter * count}"}}' for count in (1, 491, 497, 992, 993, 3991, 40_000)]
    written = {lab.insert(payload=text): text for text in texts} | {lab.insert(payload=None): None}
    retried = next(iter(written))
    items = {item.row.item_id: item for item in claim(lab)}
    assert {item: each.payload for item, each in items.items()} == written
    lab.store.outbox.permit([request(items[retried])])
    ended = Outcome(Ending.NOT_RECEIVED, retry_after_s=0.0)
    lab.store.outbox.complete([replace(completion(items[retried]), outcome=ended)])
    lab.insert(payload="{}")
    again, fresh = claim(lab)
    assert (again.row.item_id, again.stored_body, again.payload) == (retried, request(again).body, written[retried])
    assert (fresh.stored_body, fresh.stored_document, fresh.payload) == (None, None, "{}")


def test_a_claimed_row_is_leased_under_the_token(lab: Lab) -> None:
    item_id = lab.insert(source_key="k", order_key="o", payload="{}")
    [item] = claim(lab, token="t-1", lease_s=30)
    row = lab.row(item_id)
    assert item.row == row
    assert (row.state, row.claim_token) == (State.CLAIMED, "t-1")
    assert row.lease_until is not None
    assert 25 < (row.lease_until - datetime.now(UTC)).total_seconds() <= 30
    assert (item.source_key, item.order_key, item.payload, item.recorded_by) == ("k", "o", "{}", "kovacs.anna")
    assert (item.stored_body, item.acting_user) == (None, None)


def test_a_second_claim_never_gets_a_claimed_row(lab: Lab) -> None:
    lab.insert()
    assert len(claim(lab)) == 1
    assert claim(lab) == []


def test_only_types_are_claimed_whose_digest_the_daemon_holds(lab: Lab) -> None:
    lab.insert()
    assert list(lab.store.outbox.claim("background", "t", 9, 30, {"ekat_esemeny": "another"})) == []
    assert list(lab.store.outbox.claim("background", "t", 9, 30, {})) == []
    assert len(lab.store.outbox.claim("background", "t", 9, 30, {"ekat_esemeny": DIGESTS["ekat_esemeny"]})) == 1


def test_a_row_that_is_not_due_yet_is_left(lab: Lab) -> None:
    item = lab.insert()
    lab.force((item, {"state": "WAITING", "next_at": datetime.now(UTC) + timedelta(seconds=60)}))
    assert claim(lab) == []
    lab.travel(item, 61)
    assert numbers(claim(lab)) == [item]


def test_lanes_do_not_see_each_others_rows(lab: Lab) -> None:
    lab.insert("erecept_feliras")
    assert claim(lab, "background") == []


def test_a_paused_lane_gives_nothing_until_it_is_resumed(lab: Lab) -> None:
    item = lab.insert()
    lab.store.desk.pause("background", "operator")
    assert lab.store.outbox.is_paused("background")
    assert claim(lab) == []
    lab.store.desk.resume("background")
    assert numbers(claim(lab)) == [item]


# order


def test_rows_of_one_key_go_one_after_the_other(lab: Lab) -> None:
    first, second, other = (lab.insert(order_key=key) for key in ("k", "k", "other"))
    item, _ = claim(lab)
    assert numbers([item]) == [first]
    assert other not in numbers(claim(lab))
    lab.store.outbox.permit([request(item)])
    assert claim(lab) == []
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    assert numbers(claim(lab)) == [second]


@pytest.mark.parametrize("state", ["REJECTED", "INVALID", "SKIPPED", "MISSED", "CANCELLED", "ACCEPTED"])
def test_what_needs_its_predecessor_final_goes_after_any_end(lab: Lab, state: str) -> None:
    first, second = (lab.insert(order_key="k") for _ in range(2))
    lab.force((first, {"state": state}))
    assert numbers(claim(lab)) == [second]


@pytest.mark.parametrize("state", ["CLAIMED", "SENDING", "UNKNOWN", "WAITING", "PARKED"])
def test_what_follows_waits_while_its_predecessor_is_on_its_way(lab: Lab, state: str) -> None:
    first, _ = (lab.insert(order_key="k") for _ in range(2))
    lab.force((first, {"state": state, "next_at": None}))
    assert claim(lab) == []


def test_successors_of_successors_end_together(lab: Lab) -> None:
    items = [lab.insert(order_key="k") for _ in range(4)]
    lab.force(*((item, {"needs": "ACCEPTED"}) for item in items[1:]))
    [item] = claim(lab)
    lab.store.outbox.complete([completion(item, Ending.INVALID, reason_code="BAD_FIELD", status_text="TAJ")])
    assert [lab.row(item).state for item in items] == [State.INVALID, *[State.SKIPPED] * 3]
    assert lab.row(items[3]).status_text == sentences.PREDECESSOR


def test_what_was_written_behind_a_failed_predecessor_ends_with_the_sweep(lab: Lab) -> None:
    first, second = (lab.insert(order_key="k") for _ in range(2))
    lab.force((first, {"state": "REJECTED"}), (second, {"needs": "ACCEPTED"}))
    assert claim(lab) == []
    assert lab.store.outbox.sweep("background") == {"skipped": 1}


# permit


def test_a_permit_stores_what_leaves_before_it_leaves(lab: Lab) -> None:
    item_id = lab.insert()
    [item] = claim(lab)
    answer = lab.store.outbox.permit([request(item, body=b"<b/>", document='{"a": 1}', life_s=60)])[item_id]
    assert isinstance(answer, Permitted)
    assert 55 < (answer.expires_at - datetime.now(UTC)).total_seconds() <= 60
    row, record = lab.row(item_id), lab.record(item_id)
    assert (row.state, row.attempts, row.message_id) == (State.SENDING, 1, f"urn:uuid:{item_id}")
    assert row.sent_at is not None
    assert row.expires_at == answer.expires_at
    assert (record["acting_user"], record["mapping_version"]) == ("O12345", "d-esemeny")
    assert lab.run("SELECT body, document, acting_user FROM EESZT_MESSAGE") == [(b"<b/>", '{"a": 1}', "O12345")]


def test_a_message_never_outlives_the_window(lab: Lab) -> None:
    item_id = lab.insert("erecept_feliras")
    [item] = claim(lab, "interactive")
    answer = lab.store.outbox.permit([request(item, life_s=3600)])[item_id]
    assert isinstance(answer, Permitted)
    assert answer.expires_at == lab.row(item_id).send_by


@pytest.mark.parametrize(
    ("change", "verdict", "state"),
    [
        ({"claim_token": "another"}, Verdict.LOST_LEASE, State.CLAIMED),
        ({"state": "NEW", "claim_token": None}, Verdict.LOST_LEASE, State.NEW),
        ({"withdraw_asked_at": LONG_AGO}, Verdict.WITHDRAWN, State.CANCELLED),
        ({"send_by": LONG_AGO}, Verdict.TOO_LATE, State.MISSED),
        ({"ward_answer": "PAPER"}, Verdict.TOO_LATE, State.MISSED),
    ],
)
def test_a_permit_is_conditional(lab: Lab, change: dict[str, object], verdict: Verdict, state: State) -> None:
    item_id = lab.insert("erecept_feliras")
    [item] = claim(lab, "interactive")
    lab.force((item_id, change))
    assert lab.store.outbox.permit([request(item)]) == {item_id: verdict}
    assert lab.row(item_id).state is state
    assert lab.run("SELECT count(*) FROM EESZT_MESSAGE") == [(0,)]


def test_one_row_that_may_not_go_does_not_hold_up_the_others(lab: Lab) -> None:
    ids = [lab.insert() for _ in range(3)]
    items = claim(lab)
    lab.store.desk.withdraw(ids[1], "kovacs.anna")
    answers = lab.store.outbox.permit([request(item) for item in items])
    assert [isinstance(answers[item], Permitted) for item in ids] == [True, False, True]


def test_a_retry_gets_the_same_bytes_back(lab: Lab) -> None:
    item_id = lab.insert()
    item = sent(lab, item_id)
    lab.store.outbox.complete([completion(item, Ending.NOT_RECEIVED, reason_code="NOT_REACHED", retry_after_s=0.0)])
    [again] = claim(lab)
    body = request(item).body
    assert (again.stored_body, again.stored_document, again.acting_user) == (body, "{}", "O12345")
    assert again.row.message_id == f"urn:uuid:{item_id}"
    assert isinstance(lab.store.outbox.permit([request(again)])[item_id], Permitted)
    assert lab.row(item_id).attempts == 2


@pytest.mark.parametrize("other", [{"body": b"<other/>"}, {"acting_user": "O99999"}, {"message_id": "urn:uuid:other"}])
def test_other_bytes_or_another_name_never_leave_for_the_same_item(lab: Lab, other: dict[str, object]) -> None:
    item_id = lab.insert()
    item = sent(lab, item_id)
    lab.store.outbox.complete([completion(item, Ending.NOT_RECEIVED, reason_code="NOT_REACHED", retry_after_s=0.0)])
    [again] = claim(lab)
    assert lab.store.outbox.permit([request(again, **other)]) == {item_id: Verdict.LOST_LEASE}
    assert lab.row(item_id).state is State.CLAIMED


def test_the_decision_is_stored_with_the_first_permit_and_no_retry_changes_it(lab: Lab) -> None:
    item_id = lab.insert()
    [item] = claim(lab)
    note = DecisionNote("12", '{"jelentes.kuldo":{"kind":"E"}}', "O12345")
    lab.store.outbox.permit([request(item, decision=note)])
    lab.store.outbox.complete([completion(item, Ending.NOT_RECEIVED, reason_code="NOT_REACHED", retry_after_s=0.0)])
    [again] = claim(lab)
    lab.store.outbox.permit([request(again)])
    decisions = lab.run("SELECT item_id, decision, acting_user, ending, reason_code, rules FROM EESZT_V_DECISION")
    assert decisions == [(item_id, "12", "O12345", "PERMITTED", None, note.rules)]


def test_a_decision_by_which_nothing_is_sent_is_kept_too(lab: Lab) -> None:
    item_id = lab.insert()
    [item] = claim(lab)
    note = DecisionNote("14", '{"jelentes.bejelentkezes_nelkul":{"choice":"PARKED"}}')
    parked = completion(item, Ending.PARKED, reason_code="LOGIN", attempt="DECIDE")
    lab.store.outbox.complete([replace(parked, decision=note, acting_user=None)])
    assert lab.row(item_id).state is State.PARKED
    decisions = lab.run("SELECT item_id, decision, acting_user, ending, reason_code, rules FROM EESZT_V_DECISION")
    assert decisions == [(item_id, "14", None, "PARKED", "LOGIN", note.rules)]


# complete


def test_an_acceptance_in_time_is_printed_and_its_identifiers_are_kept(lab: Lab) -> None:
    item_id = lab.insert("erecept_feliras", source_key="9001")
    item = sent(lab, item_id)
    assert lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")]) == {item_id: Verdict.DONE}
    row = lab.row(item_id)
    assert (row.state, row.ward_answer, row.eeszt_id) == (State.ACCEPTED, WardAnswer.PRINT, "SIM-1")
    assert lab.run("SELECT source_key, barcode FROM EESZT_V_BARCODE") == [("9001", "SIM-1")]
    attempts = lab.run("SELECT item_id, kind, ending, verdict, acting_user FROM EESZT_ATTEMPT")
    assert attempts == [(item_id, "SEND", "ACCEPTED", "DONE", "O12345")]


def test_the_body_of_what_is_final_is_forgotten_and_what_it_said_stays(lab: Lab) -> None:
    accepted(lab, lab.insert(), "SIM-1")
    assert lab.run("SELECT body, document FROM EESZT_MESSAGE WHERE purged_at IS NOT NULL") == [(None, "{}")]


def test_an_acceptance_counts_whoever_holds_the_row(lab: Lab) -> None:
    item_id = lab.insert()
    item = sent(lab, item_id)
    lab.force((item_id, {"claim_token": "another"}))
    assert lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")]) == {item_id: Verdict.DONE}
    assert lab.row(item_id).state is State.ACCEPTED


def test_everything_else_counts_only_for_who_holds_the_row(lab: Lab) -> None:
    item_id = lab.insert()
    item = sent(lab, item_id)
    late = replace(completion(item, Ending.REJECTED, reason_code="HIBA"), token="another")
    assert lab.store.outbox.complete([late]) == {item_id: Verdict.LOST_LEASE}
    assert lab.row(item_id).state is State.SENDING


def test_an_acceptance_after_paper_is_kept_hidden_and_withdrawn(lab: Lab) -> None:
    item_id = lab.insert("erecept_feliras", recorded_by="szucs.gergo", source_key="9001", order_key="k")
    item = sent(lab, item_id)
    lab.travel(item_id, 60)
    assert lab.store.desk.decide(item_id) is WardAnswer.PAPER
    copies = [WriteBack("MW_VENY", {"VENY_ID": 1}, {"EESZT_VONALKOD": "SIM-1"})]
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1", write_backs=copies)])
    row = lab.row(item_id)
    assert (row.state, row.ward_answer, row.compensation) == (State.ACCEPTED, WardAnswer.PAPER, Compensation.DUE)
    assert row.eeszt_id == "SIM-1"
    assert lab.run("SELECT * FROM EESZT_V_BARCODE") == []
    assert lab.run("SELECT eeszt_id FROM EESZT_V_STATUS WHERE item_id = ?", [item_id]) == [(None,)]
    assert lab.run("SELECT count(*) FROM EESZT_WRITE_BACK") == [(0,)]
    assert lab.run("SELECT what, sentence FROM EESZT_V_ATTENTION") == [("DOUBLE_VALIDITY", sentences.DOUBLE_VALIDITY)]
    [withdrawal] = claim(lab, "interactive")
    assert (withdrawal.document_type, withdrawal.withdraws) == ("erecept_visszavonas", item_id)
    assert (withdrawal.recorded_by, withdrawal.prescriber) == ("szucs.gergo", "szucs.gergo")
    lab.store.outbox.permit([request(withdrawal)])
    lab.store.outbox.complete([completion(withdrawal, eeszt_id="SIM-2")])
    assert lab.row(item_id).compensation is Compensation.DONE
    assert lab.run("SELECT * FROM EESZT_V_ATTENTION") == []


def test_a_withdrawal_that_is_refused_is_shown_until_somebody_acts(lab: Lab) -> None:
    item_id = lab.insert("erecept_feliras")
    item = sent(lab, item_id)
    lab.travel(item_id, 60)
    lab.store.outbox.sweep("interactive")
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    [withdrawal] = claim(lab, "interactive")
    lab.store.outbox.permit([request(withdrawal)])
    refused = completion(withdrawal, Ending.REJECTED, reason_code="MAR_KIVALTOTT", status_text="Már kiváltották.")
    lab.store.outbox.complete([refused])
    assert lab.row(item_id).compensation is Compensation.FAILED
    assert ("WITHDRAWAL_FAILED",) in lab.run("SELECT what FROM EESZT_V_ATTENTION")


def test_an_accepted_item_owes_one_withdrawal_only(lab: Lab) -> None:
    item_id = lab.insert("erecept_feliras")
    item = sent(lab, item_id)
    lab.store.desk.withdraw(item_id, "kovacs.anna")
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")])
    assert lab.run("SELECT count(*) FROM EESZT_OUT_INTERACTIVE WHERE withdraws = ?", [item_id]) == [(1,)]


def test_a_type_without_a_withdrawal_says_so_to_a_person(lab: Lab) -> None:
    original = lab.insert()
    accepted(lab, original, "SIM-1")
    item_id = lab.insert("ekat_torles", withdraws=original)
    item = sent(lab, item_id)
    lab.store.desk.withdraw(item_id, "kovacs.anna")
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-2")])
    assert lab.row(item_id).compensation is Compensation.FAILED


# identifiers (D16)


def test_an_identifier_of_another_item_parks_the_item_and_tells_paper(lab: Lab) -> None:
    accepted(lab, lab.insert("erecept_feliras"), "SIM-1")
    item_id = lab.insert("erecept_feliras")
    accepted(lab, item_id, "SIM-1")
    row = lab.row(item_id)
    assert (row.state, row.reason_code, row.ward_answer) == (State.PARKED, "IDENTIFIER_TAKEN", WardAnswer.PAPER)
    assert row.eeszt_id is None
    assert len(lab.run("SELECT * FROM EESZT_V_BARCODE")) == 1


def test_the_same_identifier_twice_in_one_batch_is_given_once(lab: Lab) -> None:
    ids = [lab.insert() for _ in range(2)]
    items = claim(lab)
    lab.store.outbox.permit([request(item) for item in items])
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1") for item in items])
    assert [lab.row(item).state for item in ids] == [State.ACCEPTED, State.PARKED]


def test_a_second_identifier_is_kept_and_raises_an_alarm(lab: Lab) -> None:
    item_id = lab.insert()
    item = accepted(lab, item_id, "SIM-1")
    assert lab.store.outbox.complete([completion(item, eeszt_id="SIM-2")]) == {item_id: Verdict.SECOND_IDENTIFIER}
    assert lab.row(item_id).eeszt_id == "SIM-1"
    kept = lab.run("SELECT value, is_second FROM EESZT_IDENTIFIER WHERE name = 'eeszt_id' ORDER BY value")
    assert kept == [("SIM-1", 0), ("SIM-2", 1)]
    assert {what for (what,) in lab.run("SELECT what FROM EESZT_V_ATTENTION")} == {"SECOND_IDENTIFIER"}


def test_the_same_acceptance_again_changes_nothing(lab: Lab) -> None:
    item_id = lab.insert()
    item = accepted(lab, item_id, "SIM-1")
    before = lab.record(item_id)
    assert lab.store.outbox.complete([completion(item, eeszt_id="SIM-1")]) == {item_id: Verdict.UNCHANGED}
    assert lab.record(item_id) == before


def test_a_withdrawal_may_be_answered_with_the_identifier_that_it_withdraws(lab: Lab) -> None:
    original = lab.insert("erecept_feliras", order_key="k")
    accepted(lab, original, "SIM-1")
    withdrawal = lab.insert("erecept_visszavonas", order_key="k")
    accepted(lab, withdrawal, "SIM-1")
    assert lab.row(withdrawal).state is State.ACCEPTED
    assert lab.row(original).compensation is Compensation.DONE


# results of queries


def test_the_answer_of_a_query_is_kept_for_its_asker_until_it_expires(lab: Lab) -> None:
    item_id = lab.insert("erecept_lekerdezes")
    item = sent(lab, item_id)
    lab.store.outbox.complete([completion(item, result='{"recept": []}', asker="kovacs.anna")])
    assert lab.run("SELECT item_id, asker, result FROM EESZT_RESULT") == [(item_id, "kovacs.anna", '{"recept": []}')]
    assert lab.store.outbox.sweep("query") == {}
    lab.run("UPDATE EESZT_RESULT SET expires_at = ?", [datetime.now(UTC)])
    assert lab.store.outbox.sweep("query") == {"purged": 1}
    assert lab.run("SELECT * FROM EESZT_RESULT") == []


# probes


def test_what_is_unknown_is_asked_after_when_it_is_time(lab: Lab) -> None:
    item_id = lab.insert()
    item = sent(lab, item_id)
    lab.store.outbox.complete([completion(item, Ending.UNKNOWN, reason_code="LOST_ANSWER")])
    assert claim(lab) == []
    assert claim_probes(lab) == []
    lab.travel(item_id, 2)
    [probe] = claim_probes(lab)
    assert (probe.row.item_id, probe.row.state, probe.acting_user) == (item_id, State.UNKNOWN, "O12345")
    assert probe.stored_document == "{}"
    assert claim_probes(lab) == []


def test_absence_is_believed_after_two_probes_and_the_messages_end(lab: Lab) -> None:
    item_id = lab.insert()
    item = sent(lab, item_id)
    lab.store.outbox.complete([completion(item, Ending.UNKNOWN, reason_code="LOST_ANSWER")])
    for _ in range(2):
        lab.travel(item_id, 200)
        [probe] = claim_probes(lab)
        lab.store.outbox.complete([completion(probe, Ending.ABSENT, attempt="PROBE")])
    row = lab.row(item_id)
    assert (row.state, row.reason_code, row.sent_at) == (State.WAITING, "ABSENT", None)
    assert claim(lab) == [], "it waits as before any further try"
    lab.travel(item_id, Waits().retry)
    assert numbers(claim(lab)) == [item_id]


def test_what_ended_by_absence_is_asked_after_once_more(lab: Lab) -> None:
    item_id = lab.insert("erecept_feliras")
    lab.force(
        (item_id, {"state": "MISSED", "reason_code": "ABSENT", "ward_answer": "PAPER", "message_id": "urn:uuid:1"})
    )
    [probe] = claim_probes(lab, "interactive")
    lab.store.outbox.complete([completion(probe, Ending.ABSENT, attempt="PROBE")])
    assert lab.row(item_id).next_at is None
    assert claim_probes(lab, "interactive") == []


# what time brings


def test_a_dead_daemons_rows_are_rescued_and_what_may_have_left_is_unknown(lab: Lab) -> None:
    claimed, sending = lab.insert(), lab.insert()
    items = claim(lab)
    lab.store.outbox.permit([request(items[1])])
    assert lab.store.outbox.sweep("background") == {}
    for item in (claimed, sending):
        lab.travel(item, 31)
    assert lab.store.outbox.sweep("background") == {"rescued": 2}
    assert [lab.row(item).state for item in (claimed, sending)] == [State.NEW, State.UNKNOWN]
    assert lab.row(claimed).rescue_count == 1


def test_a_row_whose_daemon_dies_again_and_again_is_taken_out_of_the_way(lab: Lab) -> None:
    item_id = lab.insert()
    for _ in range(4):
        assert len(claim(lab)) == 1
        lab.travel(item_id, 31)
        lab.store.outbox.sweep("background")
    assert (lab.row(item_id).state, lab.row(item_id).reason_code) == (State.PARKED, "POISON")
    assert lab.run("SELECT what, reason_code FROM EESZT_V_ATTENTION") == [("PARKED", "POISON")]


def test_a_ward_is_told_paper_when_its_time_is_over(lab: Lab) -> None:
    new, sending = lab.insert("erecept_feliras"), lab.insert("erecept_feliras", priority=1)
    [item] = claim(lab, "interactive", limit=1)
    lab.store.outbox.permit([request(item)])
    for each in (new, sending):
        lab.travel(each, 30)
    assert lab.store.outbox.sweep("interactive")["answered"] == 2
    assert [(lab.row(each).state, lab.row(each).ward_answer) for each in (new, sending)] == [
        (State.MISSED, WardAnswer.PAPER),
        (State.UNKNOWN, WardAnswer.PAPER),
    ]


def test_a_closed_window_ends_what_was_not_sent(lab: Lab) -> None:
    new, parked, unknown = (lab.insert() for _ in range(3))
    lab.force(
        (parked, {"state": "PARKED", "reason_code": "LOGIN", "next_at": None}),
        (unknown, {"state": "UNKNOWN", "sent_at": datetime.now(UTC), "next_at": None}),
    )
    for item in (new, parked, unknown):
        lab.travel(item, 86401)
    assert lab.store.outbox.sweep("background") == {"missed": 2}
    assert [lab.row(item).state for item in (new, parked, unknown)] == [State.MISSED, State.MISSED, State.UNKNOWN]


def test_a_lane_says_when_something_is_due(lab: Lab) -> None:
    assert lab.store.outbox.next_due_s("background") is None
    item_id = lab.insert()
    assert lab.store.outbox.next_due_s("background") == 0.0
    lab.force((item_id, {"state": "WAITING", "next_at": datetime.now(UTC) + timedelta(seconds=60)}))
    due = lab.store.outbox.next_due_s("background")
    assert due is not None
    assert 55 < due <= 60


# write-back


def copy_of(key: object = 9001, **values: object) -> WriteBack:
    return WriteBack("MW_VENY", {"VENY_ID": key}, values or {"EESZT_VONALKOD": "SIM-1"})


def test_an_acceptance_is_copied_into_the_table_of_medworks(lab: Lab) -> None:
    lab.put("MW_VENY", {"VENY_ID": 9001}, {"VENY_ID": 9002})
    item = sent(lab, lab.insert("erecept_feliras"))
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1", write_backs=[copy_of()])])
    assert lab.store.outbox.write_back(10) == {"written": 1}
    assert lab.run("SELECT VENY_ID, EESZT_VONALKOD FROM MW_VENY ORDER BY 1") == [(9001, "SIM-1"), (9002, None)]
    assert lab.store.outbox.write_back(10) == {}


@pytest.mark.parametrize(
    "bad",
    [
        copy_of(1),
        WriteBack("MW_VENY", {"OTH_KOD": "same"}, {"EESZT_VONALKOD": "SIM-1"}),
        WriteBack("MW_NINCS", {"VENY_ID": 9001}, {"EESZT_VONALKOD": "SIM-1"}),
        WriteBack("MW_VENY; DROP TABLE MW_VENY", {"VENY_ID": 9001}, {"EESZT_VONALKOD": "SIM-1"}),
        WriteBack("MW_VENY", {"VENY_ID": 9001}, {'EESZT_VONALKOD" = 1 --': "SIM-1"}),
    ],
)
def test_a_copy_that_cannot_be_made_is_shown_and_holds_up_nothing(lab: Lab, bad: WriteBack) -> None:
    lab.put("MW_VENY", *({"VENY_ID": number, "OTH_KOD": "same"} for number in (9001, 9002)))
    item = sent(lab, lab.insert("erecept_feliras"))
    good = copy_of(EESZT_ALLAPOT="ACCEPTED")
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1", write_backs=[bad, good])])
    assert lab.store.outbox.write_back(10) == {"written": 1, "failed": 1}
    assert lab.run("SELECT VENY_ID, EESZT_VONALKOD, EESZT_ALLAPOT FROM MW_VENY ORDER BY 1") == [
        (9001, None, "ACCEPTED"),
        (9002, None, None),
    ]
    [(what, sentence)] = lab.run("SELECT what, sentence FROM EESZT_V_ATTENTION")
    assert what == "WRITE_BACK"
    assert sentence.startswith(sentences.WRITE_BACK_FAILED)
    assert lab.store.outbox.write_back(10) == {}


def test_a_failed_copy_is_tried_again_and_clears_the_alarm(lab: Lab) -> None:
    item = sent(lab, lab.insert("erecept_feliras"))
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1", write_backs=[copy_of()])])
    assert lab.store.outbox.write_back(10) == {"failed": 1}
    lab.put("MW_VENY", {"VENY_ID": 9001})
    lab.run("UPDATE EESZT_WRITE_BACK SET next_at = ?", [LONG_AGO])
    assert lab.store.outbox.write_back(10) == {"written": 1}
    assert lab.run("SELECT * FROM EESZT_V_ATTENTION") == []


# source queries


def test_a_source_query_reads_by_name_and_cannot_write(lab: Lab) -> None:
    lab.put("MW_VENY", *({"VENY_ID": number, "NEV": name} for number, name in enumerate("ABC", start=1)))
    lab.insert("erecept_feliras", source_key="2", workplace="w")
    [item] = claim(lab, "interactive")
    sql = "SELECT VENY_ID, nev, :workplace AS hol FROM MW_VENY WHERE VENY_ID >= :source_key"
    assert lab.store.outbox.read_source(sql, item) == [
        {"VENY_ID": 2, "NEV": "B", "HOL": "w"},
        {"VENY_ID": 3, "NEV": "C", "HOL": "w"},
    ]
    with pytest.raises(Exception, match="RNR-7302"):
        lab.store.outbox.read_source("DELETE FROM MW_VENY", item)
    with pytest.raises(StoreError, match=r"RNR-7\d\d\d"):
        lab.store.outbox.read_source("SELECT * FROM MW_NINCS", item)


# waking, heartbeats, services


def test_a_login_wakes_what_waited_for_this_person_alone(lab: Lab) -> None:
    lab.put("EESZT_USER_MAP", matched("kovacs.anna", "O12345"))
    later = datetime.now(UTC) + timedelta(hours=1)
    parked, other, unknown, absent, poison = (
        lab.insert(recorded_by=who) for who in ("kovacs.anna", "x", "x", "x", "x")
    )
    lab.force(
        (parked, {"state": "PARKED", "reason_code": "LOGIN"}),
        (other, {"state": "PARKED", "reason_code": "LOGIN"}),
        (unknown, {"state": "UNKNOWN", "reason_code": "LOGIN", "next_at": later, "acting_user": "O12345"}),
        (absent, {"state": "MISSED", "reason_code": "ABSENT", "next_at": later, "acting_user": "O12345"}),
        (poison, {"state": "PARKED", "reason_code": "POISON", "acting_user": "O12345"}),
    )
    log_in(lab, "O12345", "kovacs.anna")
    assert numbers(claim(lab)) == [parked]
    assert sorted(numbers(claim_probes(lab))) == [unknown, absent]
    assert [lab.row(item).state for item in (other, poison)] == [State.PARKED, State.PARKED]


def test_what_is_parked_again_after_a_login_waits_for_something_else(lab: Lab) -> None:
    early, late, beyond, asked = (lab.insert(recorded_by="kovacs.anna") for _ in range(4))
    log_in(lab, "O12345", "kovacs.anna", ago_s=60)
    now = datetime.now(UTC)
    parked = {"state": "PARKED", "next_at": None}
    lab.force(
        (early, {**parked, "reason_code": "LOGIN", "state_at": now - timedelta(hours=1)}),
        (late, {**parked, "reason_code": "LOGIN", "state_at": now - timedelta(seconds=40)}),
        (beyond, {**parked, "reason_code": "LOGIN", "state_at": now - timedelta(seconds=20)}),
        (asked, {**parked, "reason_code": "POISON", "state_at": now - timedelta(hours=1)}),
    )
    assert lab.store.outbox.wake_missed() == 2
    states = [lab.row(item).state for item in (early, late, beyond, asked)]
    assert states == [State.NEW, State.NEW, State.PARKED, State.PARKED]


def test_a_service_is_up_only_while_a_daemon_is_alive_to_know_it(lab: Lab) -> None:
    lab.store.outbox.service_states([ServiceReport("erecept", "UP")])
    services = "SELECT service, state FROM EESZT_V_SERVICE ORDER BY service"
    assert lab.run(services) == [("erecept", "DOWN"), ("runner", "DOWN")]
    lab.store.outbox.beat({"interactive": 0.0}, "one")
    assert lab.run(services) == [("erecept", "UP"), ("runner", "UP")]
    lab.store.outbox.service_states([ServiceReport("erecept", "DOWN", datetime(2026, 7, 1, 10, tzinfo=UTC))])
    [(state, since)] = lab.run("SELECT state, since FROM EESZT_V_SERVICE WHERE service = 'erecept'")
    assert (state, since[:19]) == ("DOWN", "2026-07-01 12:00:00")


def test_an_outage_keeps_its_beginning_and_an_end_gets_one(lab: Lab) -> None:
    since = datetime(2026, 1, 1, 10, tzinfo=UTC)
    for state, at in (("DOWN", since), ("DOWN", since), ("UP", None), ("UP", None)):
        lab.store.outbox.service_states([ServiceReport("ekat", state, at)])
    [(state, since_at)] = lab.run("SELECT state, since FROM EESZT_SERVICE_STATE")
    assert state == "UP"
    assert since_at > "2026-01-01 10:00:01"


# several outboxes in one batch


def test_one_batch_may_hold_items_of_several_lanes(lab: Lab) -> None:
    ids = [lab.insert(), lab.insert("erecept_feliras"), lab.insert()]
    items = [*claim(lab, "background"), *claim(lab, "interactive")]
    lab.store.outbox.permit([request(item) for item in items])
    done = [completion(item, eeszt_id=f"SIM-{item.row.item_id}") for item in items]
    assert set(lab.store.outbox.complete(done).values()) == {Verdict.DONE}
    assert {lab.row(item).state for item in ids} == {State.ACCEPTED}


def test_an_outcome_of_an_item_that_does_not_exist_is_said_so(lab: Lab) -> None:
    item = sent(lab, lab.insert())
    gone = replace(completion(item), item_id=4711)
    assert lab.store.outbox.complete([gone]) == {4711: Verdict.LOST_LEASE}


def test_a_lane_that_does_not_exist_is_named(lab: Lab) -> None:
    with pytest.raises(Exception, match="RNR-7005"):
        claim(lab, "nincs")
    assert OUTBOXES.keys() == {"interactive", "query", "background"}

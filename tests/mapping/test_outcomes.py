"""What replies mean beyond the mappings' own tests: hostile bodies, copies made late, questions of stored documents."""

from __future__ import annotations

import json

import pytest

from runner.domain.outcome import Ending, Reason
from runner.mapping import Mappings, RowRefused, WriteBackPlan
from runner.ports import Delivery, Reply, WriteBack
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

ER = "urn:x-eeszt-runner:reference-contract:1:erecept"
GOOD = (
    f'<er:FelirasValasz xmlns:er="{ER}"><er:Azonosito>SIM1</er:Azonosito>'
    f"<er:SajatAzonosito>{MESSAGE_ID}</er:SajatAzonosito></er:FelirasValasz>"
)
RECEPT = (
    "<er:Recept><er:Azonosito>{eeszt_id}</er:Azonosito><er:SajatAzonosito>{own}</er:SajatAzonosito>"
    "<er:Allapot>{state}</er:Allapot><er:FelirasIdeje>2026-01-15T10:00:00Z</er:FelirasIdeje>"
    "<er:Pecsetszam>12345</er:Pecsetszam></er:Recept>"
)


def found(*prescriptions: str) -> Reply:
    """An answer to the query for prescriptions."""
    body = f'<er:LekerdezesValasz xmlns:er="{ER}">{"".join(prescriptions)}</er:LekerdezesValasz>'
    return Reply(Delivery.ANSWERED, body=body.encode())


def ours(eeszt_id: str = "SIM1", state: str = "FELIRT", own: str = MESSAGE_ID) -> str:
    return RECEPT.format(eeszt_id=eeszt_id, state=state, own=own)


def test_a_good_answer_is_accepted(shipped: Mappings) -> None:
    outcome = shipped.types["erecept_feliras"].outcome(Reply(Delivery.ANSWERED, body=GOOD.encode()), {}, an_item())
    assert (outcome.ending, outcome.receipt) == (Ending.ACCEPTED, {"eeszt_id": "SIM1", "barcode": "SIM1"})


@pytest.mark.parametrize(
    "body",
    [
        GOOD.replace("SIM1", "SIM 1"),
        GOOD.replace("SIM1", ""),
        GOOD.replace("FelirasValasz", "VisszavonasValasz"),
        GOOD.replace(ER, "urn:mas"),
        f"<!DOCTYPE x [<!ENTITY e 'SIM1'>]>{GOOD.replace('SIM1', '&e;')}",
        f"<x>{GOOD}</x>",
        GOOD[:-5],
        "",
        "<html><body>200 OK</body></html>",
    ],
)
def test_an_answer_that_is_not_the_contract_s_is_believed_by_nobody(shipped: Mappings, body: str) -> None:
    outcome = shipped.types["erecept_feliras"].outcome(Reply(Delivery.ANSWERED, body=body.encode()), {}, an_item())
    assert (outcome.ending, outcome.reason_code) == (Ending.UNKNOWN, Reason.BAD_ANSWER)


def test_a_comment_cannot_cut_an_identifier(shipped: Mappings) -> None:
    body = GOOD.replace("SIM1", "SIM<!-- x -->1").encode()
    outcome = shipped.types["erecept_feliras"].outcome(Reply(Delivery.ANSWERED, body=body), {}, an_item())
    assert outcome.receipt["eeszt_id"] == "SIM1"


def test_a_fault_without_a_code_is_unknown(shipped: Mappings) -> None:
    outcome = shipped.types["erecept_feliras"].outcome(Reply(Delivery.FAULT), {}, an_item())
    assert (outcome.ending, outcome.reason_code) == (Ending.UNKNOWN, Reason.UNKNOWN_ANSWER)


@pytest.mark.parametrize("name", ["ekat_esemeny", "erecept_feliras"])
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("UJ_HIBAKOD", "UJ_HIBAKOD"),
        ("E-12.4", "E-12.4"),
        ("Kiss Ilona", None),
        ("032154784", None),
        ("TAJ_032154784", None),
        ("X" * 41, None),
        (None, None),
    ],
)
def test_an_unlisted_code_is_told_where_it_looks_like_a_code(
    shipped: Mappings, name: str, code: str | None, told: str | None
) -> None:
    outcome = shipped.types[name].outcome(Reply(Delivery.FAULT, fault_code=code), {}, an_item())
    assert (outcome.ending, outcome.reason_code) == (Ending.UNKNOWN, Reason.UNKNOWN_ANSWER)
    assert outcome.unlisted_code == told


def test_a_listed_code_is_not_told_as_unlisted(shipped: Mappings) -> None:
    outcome = shipped.types["ekat_esemeny"].outcome(Reply(Delivery.FAULT, fault_code="TULTERHELT"), {}, an_item())
    assert (outcome.reason_code, outcome.unlisted_code) == ("TULTERHELT", None)


def test_what_was_not_sent_burns_no_attempt(shipped: Mappings) -> None:
    for kind in shipped.types.values():
        outcome = kind.outcome(Reply(Delivery.NOT_SENT), {}, an_item())
        assert (outcome.ending, outcome.burns_attempt) == (Ending.NOT_RECEIVED, False)


def test_no_document_is_sent_again_when_its_fate_is_unknown(shipped: Mappings) -> None:
    for name, kind in shipped.types.items():
        outcome = kind.outcome(Reply(Delivery.LOST), {}, an_item())
        if kind.sends_again_when_unknown:
            assert outcome.ending is Ending.NOT_RECEIVED
            assert kind.reader.contract.is_query
        else:
            assert outcome.ending is Ending.UNKNOWN
            assert kind.ask is not None, name


def test_a_question_and_its_copy_need_only_what_is_stored(shipped: Mappings) -> None:
    kind = shipped.types["erecept_feliras"]
    asking = shipped.types["erecept_lekerdezes"]
    stored = json.loads(kind.prepare(GOOD_ROW, an_item(), MESSAGE_ID).document_json)
    assert kind.ask is not None
    assert kind.ask.row(stored, an_item()) == {
        "SAJAT_AZONOSITO": MESSAGE_ID,
        "AZONOSITO_TIPUS": "TAJ",
        "TAJ": "032154784",
        "AZONOSITO": None,
        "PECSETSZAM": "12345",
        "OTH_KOD": "013579101",
    }
    outcome = kind.ask.judge(found(ours("SIM7"), ours("SIM8", own=MESSAGE_ID[:-1] + "2")), asking, stored, an_item())
    assert (outcome.ending, outcome.receipt) == (Ending.ACCEPTED, {"eeszt_id": "SIM7", "barcode": "SIM7"})
    expected = WriteBack("MW_VENY", {"VENY_ID": 9001}, {"EESZT_VONALKOD": "SIM7", "EESZT_ALLAPOT": "FELIRT"})
    assert kind.write_backs(stored, outcome.receipt) == [expected]


def test_absence_is_told_only_where_the_query_shows_everything_of_that_operation(site: Site) -> None:
    def ending() -> Ending:
        loaded = site.load()
        kind = loaded.types["erecept_feliras"]
        stored = kind.prepare(GOOD_ROW, an_item(), MESSAGE_ID).document
        assert kind.ask is not None
        return kind.ask.judge(found(), loaded.types["erecept_lekerdezes"], stored, an_item()).ending

    assert ending() is Ending.ABSENT
    assert site.notes() == []
    site.edit(
        "mappings/contract/reference-1/pack.yaml", "[erecept.Feliras, erecept.Visszavonas]", "[erecept.Visszavonas]"
    )
    assert ending() is Ending.NO_ANSWER
    (note,) = site.notes()
    assert note.number == 2080
    assert str(note.where).startswith("mappings/erecept_feliras/mapping.yaml:")
    assert "'erecept.Lekerdezes' shows everything of 'erecept.Feliras'" in str(note)
    assert site.lint() == []


@pytest.mark.parametrize(
    ("reply", "ending", "reason"),
    [
        (Reply(Delivery.LOST), Ending.NO_ANSWER, Reason.LOST_ANSWER),
        (Reply(Delivery.LOST, bad_answer=True), Ending.NO_ANSWER, Reason.BAD_ANSWER),
        (Reply(Delivery.NOT_SENT), Ending.NO_ANSWER, Reason.LOST_ANSWER),
        (Reply(Delivery.FAULT, fault_code="TULTERHELT"), Ending.NO_ANSWER, Reason.LOST_ANSWER),
        (Reply(Delivery.FAULT, fault_code="TOKEN_LEJART"), Ending.NO_ANSWER, Reason.TOKEN_REFUSED),
        (Reply(Delivery.ANSWERED, body=b"<x/>"), Ending.NO_ANSWER, Reason.BAD_ANSWER),
        (found(ours("SIM1"), ours("SIM2")), Ending.PARKED, Reason.SEVERAL),
    ],
)
def test_a_question_without_a_clear_answer_tells_nothing(
    shipped: Mappings, reply: Reply, ending: Ending, reason: Reason
) -> None:
    kind = shipped.types["erecept_feliras"]
    stored = kind.prepare(GOOD_ROW, an_item(), MESSAGE_ID).document
    assert kind.ask is not None
    outcome = kind.ask.judge(reply, shipped.types["erecept_lekerdezes"], stored, an_item())
    assert (outcome.ending, outcome.reason_code) == (ending, reason)


def test_a_copy_without_its_key_is_refused_before_anything_is_sent(shipped: Mappings) -> None:
    with pytest.raises(RowRefused) as raised:
        shipped.types["erecept_feliras"].prepare({**GOOD_ROW, "VENY_ID": None}, an_item(), MESSAGE_ID)
    assert raised.value.column == "VENY_ID"


def test_a_copy_s_key_of_forbidden_characters_is_refused(shipped: Mappings) -> None:
    with pytest.raises(RowRefused) as raised:
        shipped.types["erecept_feliras"].prepare({**GOOD_ROW, "VENY_ID": "1\x002"}, an_item(), MESSAGE_ID)
    assert raised.value.column == "VENY_ID"


def test_a_document_without_copies_gives_none() -> None:
    assert WriteBackPlan.complete({}, {"eeszt_id": "SIM1"}) == []

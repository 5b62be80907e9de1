"""The story of one item: all that is known of it, and nothing of the patient."""

from __future__ import annotations

import json
from dataclasses import replace

from runner.app import story_of
from runner.cli.story import screen
from runner.domain.outcome import Ending
from runner.ports import DecisionNote, WriteBack
from tests.support.rows import Lab, claim, completion, request

DOCUMENT = {
    "paciens": {"taj": "032154784", "nev": "Világszép Ilona", "szuletett": "1958-03-12"},
    "felirva": "2026-01-15T11:00:00Z",
    "magisztralis": False,
    "osszetevok": [{"nev": "Vaselinum album", "mennyiseg": 97.5}],
    "ttt": None,
    "_write_back": {"titok": "Világszép"},
}
SECRETS = ("032154784", "Világszép", "1958", "Vaselinum", "97.5", "titok")
RULES = '{"erecept.csak_orvos":{"kind":"R"},"erecept.gyse":{"from":"2020-05-01"}}'


def sent(lab: Lab, source_key: str = "9001") -> int:
    """A prescription that went up under line 4, with its copy into MedWorkS's table."""
    item_id = lab.insert("erecept_feliras", source_key=source_key)
    [item] = claim(lab, "interactive")
    note = DecisionNote("4", RULES, "O12345")
    lab.store.outbox.permit([request(item, document=json.dumps(DOCUMENT, ensure_ascii=False), decision=note)])
    copy = WriteBack("MW_VENY", {"VENY_ID": 9001}, {"EESZT_VONALKOD": "SIM-1"})
    lab.store.outbox.complete([completion(item, eeszt_id=f"SIM-{source_key}", write_backs=[copy])])
    return item_id


def test_there_is_no_story_of_an_item_that_does_not_exist(lab: Lab) -> None:
    assert story_of(lab.store.desk, 1) is None


def test_a_decision_is_told_with_its_source_and_the_versions_of_its_rules(lab: Lab) -> None:
    story = story_of(lab.store.desk, sent(lab))
    assert story is not None
    [decision] = story["decisions"]
    assert (decision["line"], decision["source"], decision["open"]) == ("4", "T9", False)
    assert decision["statement"].endswith("→ the recorder sends")
    assert decision["rules"]["erecept.gyse"] == {"from": "2020-05-01"}
    assert "erecept.gyse of 2020-05-01" in screen(story)


def test_of_values_only_the_form_is_told(lab: Lab) -> None:
    story = story_of(lab.store.desk, sent(lab))
    assert story is not None
    assert story["message"]["fields"] == {
        "paciens.taj": "9 digits",
        "paciens.nev": "text, 15 characters",
        "paciens.szuletett": "day",
        "felirva": "instant",
        "magisztralis": "yes or no",
        "osszetevok[1].nev": "text, 15 characters",
        "osszetevok[1].mennyiseg": "number, 4 characters",
        "ttt": "empty",
    }
    for told in (screen(story), json.dumps(story, ensure_ascii=False, default=str)):
        assert [secret for secret in SECRETS if secret in told] == []


def test_of_keys_and_names_that_hold_something_else_only_the_form_is_told(lab: Lab) -> None:
    marked = "TITKOSJEL Kiss Ilona 032154784"
    columns = ("document_type", "source_key", "order_key", "recorded_by", "workplace")
    for name in columns:
        story = story_of(lab.store.desk, lab.insert(**{name: marked}))
        assert story is not None
        assert story["item"][name] == "text, 30 characters"
        for told in (screen(story), json.dumps(story, ensure_ascii=False, default=str)):
            assert "TITKOSJEL" not in told
    story = story_of(lab.store.desk, lab.insert(source_key="032154784", workplace="BEL-2"))
    assert story is not None
    assert (story["item"]["source_key"], story["item"]["workplace"]) == ("9 digits", "BEL-2")


def test_it_fits_on_one_screen(lab: Lab) -> None:
    story = story_of(lab.store.desk, sent(lab))
    assert story is not None
    lines = screen(story).splitlines()
    assert max(map(len, lines)) <= 110
    assert len(lines) <= 40
    for part in ("row ", "decision ", "message ", "attempts ", "answer ", "write-backs ", "withdrawals "):
        assert [line for line in lines if line.startswith(part)], part


def test_an_identifier_is_hidden_where_the_ward_has_paper_and_so_it_is_of_its_withdrawal(lab: Lab) -> None:
    item_id = sent(lab)
    lab.force((item_id, {"ward_answer": "PAPER"}))
    withdrawal = lab.insert("erecept_visszavonas", withdraws=item_id)
    [item] = claim(lab, "interactive")
    lab.store.outbox.permit([request(item)])
    lab.store.outbox.complete([completion(item, receipt={"withdrawn": "SIM-9001 withdrawn"})])
    for number in (item_id, withdrawal):
        story = story_of(lab.store.desk, number)
        assert story is not None
        assert story["receipt"]
        assert "SIM-9001" not in screen(story)
        assert "the ward has paper" in screen(story)
    original = story_of(lab.store.desk, item_id)
    assert original is not None
    assert f"item {withdrawal} ACCEPTED" in screen(original)


def test_what_went_no_further_tells_which_line_said_so_and_whether_a_source_decides_it(lab: Lab) -> None:
    item_id = lab.insert()
    [item] = claim(lab)
    note = DecisionNote("14", '{"jelentes.bejelentkezes_nelkul":{"choice":"PARKED"}}')
    parked = completion(item, Ending.PARKED, reason_code="LOGIN", attempt="DECIDE")
    lab.store.outbox.complete([replace(parked, decision=note, acting_user=None)])
    story = story_of(lab.store.desk, item_id)
    assert story is not None
    assert story["decisions"][0]["open"]
    told = screen(story)
    assert "PARKED LOGIN" in told
    assert "no public source decides it" in told
    assert "jelentes.bejelentkezes_nelkul choice PARKED" in told
    assert "none: nothing was stored, so nothing left" in told


def test_a_line_that_this_version_does_not_know_is_told_as_such(lab: Lab) -> None:
    item_id = sent(lab)
    lab.run("UPDATE EESZT_MESSAGE SET decision = '99'")
    story = story_of(lab.store.desk, item_id)
    assert story is not None
    assert "this version of the table has no such line" in screen(story)


def test_a_window_that_the_database_closed_is_line_1(lab: Lab) -> None:
    item_id = lab.insert()
    lab.travel(item_id, 2 * 86400)
    lab.store.outbox.sweep("background")
    story = story_of(lab.store.desk, item_id)
    assert story is not None
    [decision] = story["decisions"]
    assert (decision["line"], decision["source"]) == ("1", "T1")
    assert "line 1, " in screen(story)
    assert "MISSED WINDOW_CLOSED" in screen(story)

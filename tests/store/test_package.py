"""The PL/SQL packages and the file of statements agree, and the packages are as an Oracle wants them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner.domain import sentences
from runner.store import OutboxTable, Overlay
from runner.store.naming import ORACLE, render
from runner.store.oracle.package import package, refusals, without_head
from runner.store.queries import read_blocks

SQL = Path(__file__).parents[2] / "sql" / "oracle"
SOURCE = SQL / "source"
OUTBOXES = {
    "recept": OutboxTable("MW_RECEPTEK", {"state": "ALLAPOT", "item_id": "AZON"}),
    "egyeb": OutboxTable("EGYEB"),
}
QUERIES = read_blocks(SQL / "queries.sql")
BLOCKS = {name: without_head(block) for name, block in read_blocks(SOURCE / "package.sql").items() if "_" in name}
RENDERED = package(SQL, OUTBOXES)
BIND = r"(?<![\w:]):([a-z_]+)"


def spaced(text: str) -> str:
    """Give a text whose spaces do not matter."""
    return " ".join(text.split())


def test_every_statement_on_an_outbox_is_one_of_the_file() -> None:
    for name, block in BLOCKS.items():
        assert "[outbox]" not in block, name
    used = set(re.findall(r"\[query ([a-z_]+)\]", "".join(BLOCKS.values())))
    assert used <= set(QUERIES)
    rest = spaced(RENDERED)
    for name in sorted(used, key=lambda each: -len(whole(each))):
        for lane in OUTBOXES if "[outbox]" in whole(name) else ["recept"]:
            rest = rest.replace(spaced(as_in_package(name, lane)), "")
    assert not re.findall(r'"?(?:MW_RECEPTEK|EGYEB)"?(?!_API)\b', rest)


def as_in_package(name: str, lane: str) -> str:
    return render(re.sub(BIND, r"p_\1", whole(name)), lane, OUTBOXES, ORACLE)


def whole(name: str) -> str:
    """Give a statement with the parts that it shares with others."""
    return re.sub(r"\[block ([a-z_]+)\]", lambda found: without_head(QUERIES[found[1]]), without_head(QUERIES[name]))


def test_what_the_daemon_does_too_stands_once() -> None:
    shared = {
        "successors",
        "lock_successors",
        "hand_on_locked",
        "purge_bodies",
        "withdrawal_alive",
        "queue_withdrawal",
        "inherit_proof",
    }
    body = BLOCKS["lane_body"]
    assert {name for name in shared if f"[query {name}]" in body} == shared


def test_every_bind_is_a_parameter_or_local_of_its_subprogram() -> None:
    for text in re.split(r"\n  (?=FUNCTION |PROCEDURE )", BLOCKS["lane_body"] + BLOCKS["api_body"])[1:]:
        for query in re.findall(r"\[query ([a-z_]+)\]", text):
            for bind in re.findall(BIND, whole(query)):
                assert re.search(rf"\bp_{bind}\b", text), f"{query}: {bind} in {text[:60]}"


def test_a_sites_own_names_are_in_the_package() -> None:
    assert "\"ALLAPOT\" = 'CANCELLED'" in RENDERED
    assert "WHEN l_lane IN ('recept', 'egyeb') THEN l_lane ELSE 'egyeb' END" in RENDERED
    assert RENDERED.count('"MW_RECEPTEK_API".withdraw(') == 1
    assert not re.findall(r"\[[a-z_ ]+\]|\{[A-Z_]+\}|(?<!:):[a-z]", RENDERED)


def test_an_outbox_over_a_table_of_the_his_is_not_written_by_the_package() -> None:
    over = {"mw": OutboxTable("MW_ESEMENY", over=Overlay(("ESEMENY_ID",)))}
    assert "RAISE_APPLICATION_ERROR(-20709" in package(SQL, over)
    assert "-20709" not in RENDERED


def test_specifications_come_before_the_bodies_that_call_them() -> None:
    heads = re.findall(r"CREATE OR REPLACE (PACKAGE(?: BODY)?) ", RENDERED)
    assert heads == ["PACKAGE"] * 3 + ["PACKAGE BODY"] * 3
    assert RENDERED.count("\n/\n") + RENDERED.endswith("\n/") == 6


def test_no_package_has_a_state() -> None:
    for block in BLOCKS.values():
        declared = re.findall(r"^  (?!--|FUNCTION|PROCEDURE|BEGIN|END|EXCEPTION|PRAGMA|\[)(\w+)", block, re.MULTILINE)
        assert declared == []


def test_names_fit_an_old_oracle() -> None:
    names = set(re.findall(r"\b[A-Za-z][\w$#]*\b", re.sub(r"'(?:[^']|'')*'|--.*", "", RENDERED)))
    assert [name for name in names if len(name) > 30] == []


def test_lines_fit_sqlplus() -> None:
    assert [line for line in RENDERED.splitlines() if len(line.encode()) > 2499 or line.strip() == "."] == []


# refusals


def test_every_refusal_is_raised_documented_and_said_where_it_may_come() -> None:
    numbers = [each.number for each in refusals(SOURCE)]
    assert numbers == sorted(set(numbers))
    assert all(20700 < number < 20800 for number in numbers)
    bodies = BLOCKS["lane_body"] + BLOCKS["api_body"]
    raised = set(re.findall(r"RAISE_APPLICATION_ERROR\(-(\d+), \[error (\d+)\]", bodies))
    assert raised == {(str(number), str(number)) for number in numbers}
    assert bodies.count("RAISE_APPLICATION_ERROR") == len(re.findall(r"\[error \d+\]", bodies))
    told = " ".join(re.findall(r"-- Errors: ([\d ]+)", BLOCKS["api_spec"])).split()
    assert {int(number) for number in told} == set(numbers)


@pytest.mark.parametrize("refusal", refusals(SOURCE), ids=lambda each: str(each.number))
def test_a_refusal_is_a_sentence_that_a_user_understands(refusal: object) -> None:
    sentence = str(getattr(refusal, "sentence_hu", ""))
    assert re.fullmatch(r"[A-ZÁÉÍÓÖŐÚÜŰ].*\.", sentence)
    assert len(sentence) <= 200


def test_what_the_ward_reads_is_the_domains() -> None:
    assert f"'{sentences.NO_RUNNER}'" in RENDERED
    assert sentences.on_paper(sentences.PREDECESSOR) == sentences.PREDECESSOR_PAPER
    assert f"'{sentences.PREDECESSOR_PAPER}'" in RENDERED

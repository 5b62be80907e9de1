"""Published code tables end to end: read page by page, kept when a read fails, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow

ENTITY = "TTT.TTT.K"
KNOWN = ["210002737", "Minta tabletta", "2007-01-01", ""]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("codes") / "site", daemon=False, people=()) as opened:
        yield opened


@pytest.fixture(autouse=True)
def served_well(place: Clinic) -> Iterator[None]:
    place.simulator.publish(
        entity=ENTITY, rows=[KNOWN, *([f"21000000{n}", f"T{n}", "2007-01-01", ""] for n in range(4))]
    )
    yield
    place.simulator.publish()


def codes(place: Clinic) -> set[str]:
    return {row["code"] for row in place.sql("SELECT code FROM EESZT_CODE WHERE code_list = 'TTT'")}


def test_a_table_is_read_page_by_page_and_shown_with_its_days(place: Clinic) -> None:
    done = place.command("codes", "sync")
    assert (done.returncode, done.stdout.decode()) == (0, "TTT: 5 lines\n")
    assert len(codes(place)) == 5
    (listed,) = json.loads(place.command("codes", "list", "--json").stdout)
    assert (listed["table"], listed["lines"]) == ("TTT", 5)
    (shown,) = json.loads(place.command("codes", "show", "TTT", KNOWN[0], "--json").stdout)
    assert (shown["title"], shown["valid_from"], shown["valid_to"]) == (KNOWN[1], "2007-01-01", None)
    assert place.command("codes", "show", "TTT", "--day", "2000-01-01").returncode == 1


def test_a_page_that_fails_once_is_asked_for_again(place: Clinic) -> None:
    place.simulator.publish("flaky")
    assert place.command("codes", "sync", "TTT").returncode == 0


@pytest.mark.parametrize(("how", "reason"), [("failing", "could not be had"), ("changed_total", "total changed")])
def test_a_read_that_fails_keeps_the_last_good_copy(place: Clinic, how: str, reason: str) -> None:
    assert place.command("codes", "sync").returncode == 0
    before = codes(place)
    place.simulator.publish(how, entity=ENTITY, rows=[["111111111", "Uj", "", ""]] * 5)
    done = place.command("codes", "sync")
    assert done.returncode == 1
    assert "RNR-2101" in done.stdout.decode()
    assert reason in done.stdout.decode()
    assert codes(place) == before


def test_a_table_without_the_columns_or_without_lines_keeps_the_last_good_copy(place: Clinic) -> None:
    assert place.command("codes", "sync").returncode == 0
    before = codes(place)
    for rows in ([], [["210002737", "Minta", "soha", ""]], [["", "Minta", "", ""]]):
        place.simulator.publish(entity=ENTITY, rows=rows)
        assert place.command("codes", "sync").returncode == 1
        assert codes(place) == before


def test_an_unknown_table_is_told(place: Clinic) -> None:
    done = place.command("codes", "sync", "NINCS")
    assert done.returncode == 1
    assert b"Use one of: TTT" in done.stderr


def test_the_daemon_refuses_unknown_and_retired_codes_by_their_column(place: Clinic) -> None:
    place.simulator.publish(entity=ENTITY, rows=[KNOWN, ["210123456", "Kivezetett", "2007-01-01", "2024-12-31"]])
    assert place.command("codes", "sync").returncode == 0
    from runner.demo.people import KOVACS  # noqa: PLC0415  only this test needs a doctor

    place.start_daemon()
    try:
        place.log_in(KOVACS)
        good, retired, unknown = (
            place.prescription(fields={"TTT_KOD": code}) for code in ("210002737", "210123456", "210555555")
        )
        rows = place.rest(good, retired, unknown)
        assert [row["state"] for row in rows] == ["ACCEPTED", "INVALID", "INVALID"]
        assert "nem érvényes" in rows[1]["status_text"]
        assert "nincs ilyen kód" in rows[2]["status_text"]
        assert all("TTT_KOD" in row["status_text"] for row in rows[1:])
        assert rows[1]["ward_answer"] == rows[2]["ward_answer"] == "PAPER"
    finally:
        place.stage.stop_daemon()

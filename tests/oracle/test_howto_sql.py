"""The blocks that the how-to guides show to who calls EESZT_API or writes triggers run as they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runner.mapping import load_mappings
from tests.mapping.site import MESSAGE_ID, ROOT, an_item
from tests.oracle.test_api import accept, refused
from tests.oracle.test_api_login import answered
from tests.support.his import DOCTOR, LOB, NUMBER, OTHER, Hospital, Session, read
from tests.support.oracle import HIS

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
NUMBERS = {"veny_id", "uj_veny_id", "tetel", "uj_tetel", "hibas_tetel", "kerdes", "hatralevo_perc"}

TABLES = """\
CREATE TABLE {} (
  {} NUMBER(10) PRIMARY KEY, TAJ VARCHAR2(9), NEV VARCHAR2(100), SZUL_DATUM DATE, NAPLOSORSZAM VARCHAR2(30),
  ROGZITETTE VARCHAR2(100), MUNKAHELY VARCHAR2(20), KEZDETE DATE, LEZARVA NUMBER(1), VALIDALTA VARCHAR2(100),
  VALIDALVA DATE, LABOR VARCHAR2(20), MINTAVETEL DATE, ALLAPOT VARCHAR2(20), BEERKEZETT DATE, VEGLEGESITVE DATE,
  OTH_KOD VARCHAR2(20), ORVOS VARCHAR2(100), FELIRAS_KESZ NUMBER(1), VALIDALO_NEV VARCHAR2(100),
  LELETEZO_NEV VARCHAR2(100), MINTA VARCHAR2(100), KOROKOZOK CLOB, VELEMENY VARCHAR2(4000))"""
RESULTS = """\
CREATE TABLE LW_EREDMENY (
  LELET_ID NUMBER(10), SORSZAM NUMBER(5), NEV VARCHAR2(100), ERTEK VARCHAR2(100), EGYSEG VARCHAR2(50),
  REFERENCIA VARCHAR2(100), JELZES VARCHAR2(1))"""


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Give each block with the heading that it stands under."""
    heading = ""
    text = (HOWTO / page).read_text("utf-8")
    for found in re.finditer(r"^## ([^\n]+)$|^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if found[1]:
            heading = found[1]
        else:
            yield heading, found[2]


class Client:
    """A program of the HIS with its variables, as SQL*Plus has them."""

    def __init__(self, session: Session, **variables: Any) -> None:
        self.session = session
        self.variables = variables

    def run(self, block: str) -> None:
        """Run a block; what it gives its variables stays."""
        code = re.sub(r"--.*|'(?:[^']|'')*'", "", block)
        names = sorted(set(re.findall(r":(\w+)", code)))
        with self.session.connection.cursor() as cursor:
            binds = {}
            for name in names:
                kind = NUMBER if name in NUMBERS else LOB if name == "eredmeny" else str
                binds[name] = cursor.var(kind, 4000)
                binds[name].setvalue(0, self.variables.get(name))
            cursor.execute(block, binds)
            self.variables.update({name: read(binds[name].getvalue()) for name in names})

    def under(self, page: str, heading: str, place: int = 0) -> None:
        """Run one of a heading's blocks, and commit."""
        found = [block for head, block in blocks(page) if head == heading]
        self.run(found[place])
        self.session.commit()


@pytest.fixture(autouse=True)
def _three_users(hospital: Hospital) -> None:
    if not hospital.database.server.three_users:
        pytest.skip("the guides speak of the owner EESZT and of a HIS that is another user")


@pytest.fixture
def client(ward: Session) -> Client:
    return Client(ward, felhasznalo=DOCTOR, munkahely="013579101", veny_id=9001, uj_veny_id=9002, taj="111111110")


def test_a_prescription_from_login_to_bar_code_and_back(hospital: Hospital, client: Client) -> None:
    page = "call_from_medworks.md"
    client.under(page, "Log in", 0)
    client.under(page, "Log in", 1)
    assert client.variables["allapot"] == "WAITING"
    hospital.log_in(client.variables["munkamenet"])
    client.under(page, "Say who works in this database session")
    hospital.beat("interactive")
    client.under(page, "Send a prescription, and know what to print", 0)
    item = client.variables["tetel"]
    record = hospital.record("interactive", item)
    assert (record["recorded_by"], record["recorder_proof"], record["order_key"]) == (DOCTOR, "BOUND", "VENY:9001")
    accept(hospital, item)
    client.under(page, "Send a prescription, and know what to print", 1)
    client.under(page, "Send a prescription, and know what to print", 2)
    assert (client.variables["felelet"], client.variables["vonalkod"]) == ("PRINT", "SIM-1")
    client.under(page, "Withdraw or change one", 1)
    assert hospital.record("interactive", client.variables["uj_tetel"])["replaces"] == item
    client.under(page, "Withdraw or change one", 0)
    assert client.variables["allapot"] == "ACCEPTED"
    client.under(page, "Show an outage")
    client.under(page, "Log out")
    with refused(20714):
        client.under(page, "Say who works in this database session")


def test_a_question_and_its_answer(hospital: Hospital, client: Client) -> None:
    page = "call_from_medworks.md"
    client.under(page, "Log in")
    hospital.log_in(client.variables["munkamenet"])
    client.under(page, "Say who works in this database session")
    client.under(page, "Ask, and read the answer", 0)
    answered(hospital, client.variables["kerdes"])
    client.under(page, "Ask, and read the answer", 1)
    assert json.loads(client.variables["eredmeny"])


def test_what_was_refused_is_mended(hospital: Hospital, client: Client) -> None:
    item = client.session.written(payload="{}")
    hospital.force("background", [(item, {"state": "REJECTED"})])
    client.variables |= {"hibas_tetel": item, "javitott_adat": '{"a": 1}'}
    client.under("call_from_medworks.md", "Mend what was refused")
    assert hospital.record("background", client.variables["uj_tetel"])["payload"] == '{"a": 1}'


def test_every_block_of_the_page_is_run_here() -> None:
    heads = [head for head, _ in blocks("call_from_medworks.md")]
    source = Path(__file__).read_text("utf-8")
    for head in set(heads):
        assert source.count(f'"{head}"') >= heads.count(head) or heads.count(head) == 1, head
        assert f'"{head}"' in source, head


# triggers


@pytest.fixture
def modules(hospital: Hospital) -> Hospital:
    """The tables of modules beside MedWorkS, in the HIS's own schema, with the triggers of the guide."""
    with hospital.database.connect(HIS) as connection, connection.cursor() as cursor:
        connection.current_schema = hospital.database.users[HIS][0]
        keys = {"SAJAT_TABLA": "AZON", "LW_LELET": "LELET_ID", "MB_LELET": "LELET_ID", "MW_VENY": "VENY_ID"}
        for table, key in keys.items():
            cursor.execute(TABLES.format(table, key))
        cursor.execute(RESULTS)
        for _, block in blocks("write_from_triggers.md"):
            cursor.execute(block)
            assert cursor.warning is None, cursor.execute("SELECT line, text FROM user_errors").fetchall()
    return hospital


def write(modules: Hospital, *statements: str) -> None:
    """Let a module write, in a transaction of its own."""
    with modules.database.connect(HIS) as connection, connection.cursor() as cursor:
        connection.current_schema = modules.database.users[HIS][0]
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


def prepared(document_type: str, payload: dict[str, Any]) -> bytes:
    """Give the message that a payload makes; its patient is one of the contract's."""
    kind = load_mappings(ROOT / "mappings", ROOT / "templates", ROOT / "sql" / "sources").types[document_type]
    written = datetime(2026, 8, 1, tzinfo=UTC)
    text = json.dumps({**payload, "TAJ": "032154784"})
    item = an_item(document_type, lane="background", payload=text, recorded_at=written, created_at=written)
    return kind.prepare(kind.row_of(item), item, MESSAGE_ID).body


FINDING = (
    "INSERT INTO {} ({}, TAJ, NEV, SZUL_DATUM, NAPLOSORSZAM, ROGZITETTE, VALIDALTA, MUNKAHELY, LABOR, KEZDETE,"
    " MINTAVETEL, BEERKEZETT, VEGLEGESITVE, LEZARVA, ALLAPOT)"
    " VALUES (7, '111111110', 'Minta Béla', DATE '1970-01-02', 'N1',"
    f" '{DOCTOR}', '{OTHER}', '013579101', '013579101', DATE '2026-07-01', DATE '2026-07-01', DATE '2026-07-01',"
    " DATE '2026-07-01', {}, '{}')"
)


def rows(modules: Hospital) -> list[dict[str, Any]]:
    """Give what stands in the outbox."""
    numbers = modules.run("SELECT item_id FROM EESZT_OUT_BACKGROUND ORDER BY item_id")
    records = modules.records("background", [number for (number,) in numbers])
    return [records[number] for (number,) in numbers]


def test_the_template_writes_what_is_closed(modules: Hospital) -> None:
    write(modules, FINDING.format("SAJAT_TABLA", "AZON", 0, ""))
    assert rows(modules) == []
    write(modules, "UPDATE SAJAT_TABLA SET LEZARVA = 1")
    [row] = rows(modules)
    assert (row["source_key"], row["recorded_by"], row["state"]) == ("SAJAT:7", DOCTOR, "NEW")
    assert row["recorder_proof"] == "ASSERTED"
    assert json.loads(row["payload"]) == {
        "TAJ": "111111110",
        "NEV": "Minta Béla",
        "SZUL_DATUM": "1970-01-02",
        "TIPUS": "JAROBETEG",
        "NAPLOSORSZAM": "N1",
        "KEZDETE": "2026-07-01T00:00:00",
    }


def test_labworks_writes_what_was_validated(modules: Hospital) -> None:
    write(modules, FINDING.format("LW_LELET", "LELET_ID", 0, ""))
    assert rows(modules) == []
    write(
        modules,
        "INSERT INTO LW_EREDMENY VALUES (7, 2, 'Kálium', '4.1', 'mmol/l', '3.5-5.1', NULL)",
        "INSERT INTO LW_EREDMENY VALUES (7, 1, 'CRP', '48', 'mg/l', '< 5', 'M')",
        "UPDATE LW_LELET SET VALIDALO_NEV = 'Dr. Labor Lívia', VALIDALVA = DATE '2026-07-02'",
        "UPDATE LW_LELET SET VALIDALVA = DATE '2026-07-03'",
    )
    row, finding = rows(modules)
    assert (row["source_key"], row["order_key"], row["recorded_by"]) == ("LW:7", "LW:N1", OTHER)
    assert json.loads(row["payload"])["VEGE"] == "2026-07-02T00:00:00"
    said = json.loads(finding["payload"])
    # Oracle implies FORMAT JSON for an object inside an array, a server of the tests does not
    results = [json.loads(each) if isinstance(each, str) else each for each in said["VIZSGALATOK"]]
    said["VIZSGALATOK"] = results
    assert (finding["document_type"], finding["source_key"]) == ("labworks_lelet", "LW:7")
    assert [each["NEV"] for each in results] == ["CRP", "Kálium"]
    assert prepared("labworks_lelet", said)


def test_medbakter_writes_what_is_final_once(modules: Hospital) -> None:
    grown = json.dumps([{"NEV": "E. coli", "ANTIBIOGRAM": [{"SZER": "ceftriaxon", "ERTEK": "S"}]}])
    write(
        modules,
        FINDING.format("MB_LELET", "LELET_ID", 0, "ELOZETES"),
        "UPDATE MB_LELET SET LELETEZO_NEV = 'Dr. Bakter Béla', MINTA = 'Vizelet', VELEMENY = 'Kezelendő.'",
        f"UPDATE MB_LELET SET KOROKOZOK = '{grown}'",
        "UPDATE MB_LELET SET ALLAPOT = 'VEGLEGES'",
    )
    write(modules, "UPDATE MB_LELET SET ALLAPOT = 'VEGLEGES'")
    first, finding, again, finding_again = rows(modules)
    assert {finding["document_type"], finding_again["document_type"]} == {"medbakter_lelet"}
    said = json.loads(finding["payload"])
    assert said["KOROKOZOK"] == json.loads(grown)
    assert prepared("medbakter_lelet", said)
    assert (first["source_key"], first["state"], again["reason_code"]) == ("MB:7", "NEW", "DUPLICATE")
    assert str(first["recorded_at"]) == "2026-06-30 22:00:00"  # midnight of a summer's day in Budapest


def test_an_hour_that_summer_time_leaves_out_ends_its_item_and_not_the_modules_write(modules: Hospital) -> None:
    never = "TO_DATE('2026-03-29 02:30', 'YYYY-MM-DD HH24:MI')"
    finding = FINDING.format("MB_LELET", "LELET_ID", 0, "ELOZETES")
    write(modules, finding, f"UPDATE MB_LELET SET VEGLEGESITVE = {never}, ALLAPOT = 'VEGLEGES'")
    event, finding_too = rows(modules)
    assert (event["state"], event["reason_code"], event["recorded_at"]) == ("INVALID", "BAD_FIELD", None)
    assert finding_too["recorded_at"] is None


def test_a_bound_outbox_is_written_through_the_package(modules: Hospital) -> None:
    write(
        modules,
        f"INSERT INTO MW_VENY (VENY_ID, ORVOS, OTH_KOD, FELIRAS_KESZ) VALUES (9001, '{DOCTOR}', '013579101', 0)",
        "UPDATE MW_VENY SET FELIRAS_KESZ = 1",
    )
    [(number,)] = modules.run("SELECT item_id FROM EESZT_OUT_INTERACTIVE")
    record = modules.record("interactive", number)
    assert (record["source_key"], record["recorded_by"], record["state"]) == ("9001", DOCTOR, "NEW")

"""Whatever a row holds, it ends in a state with a code and a sentence, and the good rows beside it go up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.demo.people import PATIENTS
from tests.faults.clinic import LEFT_OUT, Clinic, clinic, event_fields
from tests.mapping.site import Site

pytestmark = pytest.mark.slow

DEEP = '{"TAJ": ' + "[" * 100_000 + "]" * 100_000 + "}"
LONG = "x" * 1_000_000


def own_files(folder: Path) -> None:
    """The shipped files, and types whose template, contract or source fails at work, not at loading."""
    site = Site.copy_to(folder)
    _copied(site, "ekat_esemeny", "sablon_hibas", "<ek:Tipus>", "<ek:Tipus>{{ 1 / (doc.tipus|length - 9) }}")
    twice = "{% if doc.tipus == 'JAROBETEG' %}<ek:Tipus>{% endif %}<ek:Tipus>"
    _copied(site, "ekat_esemeny", "xml_hibas", "<ek:Tipus>", twice)
    _copied(site, "ekat_esemeny", "sema_hibas", "<ek:Tipus>{{ doc.tipus }}", "<ek:Tipus>{{ doc.tipus|lower }}")
    for name, source in (
        ("forras_hibas", "SELECT json_extract('{}', v.NEV) AS TAJ FROM MW_VENY v WHERE v.VENY_ID = :source_key"),
        ("forras_ketszer", "SELECT v.* FROM MW_VENY v, (SELECT 1 UNION SELECT 2) WHERE v.VENY_ID = :source_key"),
        ("forras_nincs", "SELECT v.* FROM MW_NINCS v WHERE v.VENY_ID = :source_key"),
        ("forras_oszlop", "SELECT v.TAJ FROM MW_VENY v WHERE v.VENY_ID = :source_key"),
    ):
        _copied(site, "erecept_feliras", name, "<er:FelirasKeres>", "<er:FelirasKeres>")
        mapping = site.folder / "mappings" / name / "mapping.yaml"
        mapping.write_text(mapping.read_text("utf-8").replace("sources/erecept_feliras", f"sources/{name}"), "utf-8")
        (site.folder / "sql" / "sources" / f"{name}.sql").write_text(source + "\n", "utf-8")


def _copied(site: Site, original: str, name: str, old: str, new: str) -> None:
    shutil.copytree(site.folder / "mappings" / original, site.folder / "mappings" / name)
    for path in (site.folder / "mappings" / name).glob("*.yaml"):
        text = path.read_text("utf-8").replace(f"document_type: {original}", f"document_type: {name}")
        path.write_text(text.replace(f"{original}.xml.j2", f"{name}.xml.j2"), "utf-8")
    template = site.folder / "templates" / f"{original}.xml.j2"
    (site.folder / "templates" / f"{name}.xml.j2").write_text(template.read_text("utf-8").replace(old, new), "utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with clinic(tmp_path_factory.mktemp("rows") / "site", files=own_files) as opened:
        yield opened


def good_rows_beside(place: Clinic) -> tuple[int, int]:
    return place.event(), place.prescription()


def test_payloads_that_are_none(place: Clinic) -> None:
    payloads: list[object] = [
        *("ez nem JSON", "", None, "[1, 2]", "null", "17", '"TAJ"', "{", '{"TAJ": NaN}', '{"TAJ": Infinity}', DEEP),
        *("\x00", '{"a": 1}\x00', "\ufeff{}", LONG, '{"TAJ": "\ud800"}'.encode("utf-16", "surrogatepass").hex()),
    ]
    bad = [place.event(payload=payload) for payload in payloads]
    good = good_rows_beside(place)
    for item, row in zip(bad, place.rest(*bad), strict=True):
        assert row["state"] == "INVALID", (payloads[bad.index(item)], row)
        assert row["reason_code"] in {"BAD_PAYLOAD", "BAD_FIELD"}
        assert "PAYLOAD" in row["status_text"] or "mező" in row["status_text"]
    assert {row["state"] for row in place.rest(*good)} == {"ACCEPTED"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("TAJ", value) for value in (LEFT_OUT, None, "", 32154784, ["032154784"], {"a": 1}, True, "123456789", LONG)),
        *(
            ("NEV", value)
            for value in (LEFT_OUT, None, "", LONG, "Anna\x00", "Anna\x0b", "\ufffe", "\ud800", {"a": "b"})
        ),
        *(("SZUL_DATUM", value) for value in (LEFT_OUT, "tegnap", "1958-02-30", 1958, "0000-00-00", "9999-99-99")),
        *(("TIPUS", value) for value in ("VARAZSLAT", 1, None, "\udfff")),
        *(("KEZDETE", value) for value in ("ma", "2026-03-29T02:30:00", "99999-01-01T00:00:00Z", 10**400, -1)),
        *(("NAPLOSORSZAM", value) for value in (LEFT_OUT, "\u202e/1", [])),
        ("DIAGNOZISOK", "J0690"),
        ("DIAGNOZISOK", [{"BNO": "i 10", "TIPUS": "1"}]),
        ("DIAGNOZISOK", [None]),
        ("DIAGNOZISOK", [[["J0690"]]]),
        ("DIAGNOZISOK", {"BNO": "J0690"}),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, str) or len(value) < 30 else f"{len(value)} letters",
)
def test_fields_that_are_wrong(place: Clinic, field: str, value: object) -> None:
    bad = place.insert("ekat_esemeny", payload=_payload({field: value}))
    [row] = place.rest(bad)
    assert row["state"] in {"INVALID", "SKIPPED"}, row
    assert row["reason_code"] in {"BAD_FIELD", "RULE"}, row
    assert field in row["status_text"], row
    assert len(row["status_text"]) < 300


def _payload(changes: dict[str, object]) -> str:
    fields = {**event_fields(PATIENTS[0]), **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not LEFT_OUT})


def test_columns_that_are_missing_or_wrong(place: Clinic) -> None:
    cases = {
        place.event(recorded_by=LEFT_OUT): ("PARKED", "NO_MATCH"),
        place.event(recorded_by="senki.se"): ("PARKED", "NO_MATCH"),
        place.event(recorded_by="\x00'; DROP TABLE EESZT_LOGIN; --"): ("PARKED", "NO_MATCH"),
        place.event(workplace=LEFT_OUT): ("INVALID", "BAD_FIELD"),
        place.event(workplace="999999999"): ("PARKED", "NOT_ASSIGNED"),
        place.event(recorded_at=LEFT_OUT): ("INVALID", "BAD_FIELD"),
        place.event(recorded_at="tegnap"): ("INVALID", "BAD_FIELD"),
        place.event(recorded_at="0000-05-05 00:00:00"): ("INVALID", "BAD_FIELD"),
        place.event(recorded_at="2026-02-30 10:00:00"): ("INVALID", "BAD_FIELD"),
        place.event(recorded_at="2459000.5"): ("INVALID", "BAD_FIELD"),
        place.event(recorded_at="9999-12-31 23:59:59"): ("INVALID", "BAD_FIELD"),
        place.event(first_recorded_at="0000-01-01"): ("INVALID", "BAD_FIELD"),
        place.event(recorded_at="2001-01-01 10:00:00"): ("MISSED", "WINDOW_CLOSED"),
        place.event(recorded_at="2031-01-01 10:00:00"): ("INVALID", "BAD_FIELD"),
        place.event(document_type="nincs_ilyen"): ("INVALID", "UNKNOWN_DOCUMENT_TYPE"),
        place.insert(None, lane="BACKGROUND"): ("INVALID", "UNKNOWN_DOCUMENT_TYPE"),  # type: ignore[arg-type]
        place.insert("ekat_bekuldes_lekerdezes", lane="QUERY"): ("INVALID", "UNKNOWN_DOCUMENT_TYPE"),
        place.insert("erecept_visszavonas", order_key="nincs"): ("INVALID", "BAD_FIELD"),
    }
    good = good_rows_beside(place)
    for item, row in zip(cases, place.rest(*cases), strict=True):
        assert (row["state"], row["reason_code"]) == cases[item], row
        assert row["status_text"]
    assert {row["state"] for row in place.rest(*good)} == {"ACCEPTED"}


def test_texts_that_are_no_utf8_end_their_row_only(place: Clinic) -> None:
    """SQLite keeps whatever bytes it is given as a text."""
    broken = "CAST(x'7B22FF22' AS TEXT)"
    columns = "document_type, recorded_by, workplace, recorded_at, payload"
    items = []
    for values in (
        f"'ekat_esemeny', 'kovacs.anna', '013579101', datetime('now'), {broken}",
        f"'ekat_esemeny', {broken}, '013579101', datetime('now'), '{{}}'",
        f"'ekat_esemeny', 'kovacs.anna', {broken}, datetime('now'), '{{}}'",
        f"'ekat_esemeny', 'kovacs.anna', '013579101', {broken}, '{{}}'",
        f"{broken}, 'kovacs.anna', '013579101', datetime('now'), '{{}}'",
    ):
        place.sql(f"INSERT INTO EESZT_OUT_BACKGROUND ({columns}) VALUES ({values})")
        items.append(place.sql("SELECT max(item_id) AS item FROM EESZT_OUT_BACKGROUND")[0]["item"])
    paper = place.prescription()
    place.sql("UPDATE MW_VENY SET NEV = CAST(x'41FF' AS TEXT) WHERE VENY_ID = (SELECT max(VENY_ID) FROM MW_VENY)")
    good = good_rows_beside(place)
    place.stage.until(
        "their ends",
        lambda: all(
            row["state"] in {"INVALID", "PARKED"}
            for row in place.sql(
                f"SELECT state FROM EESZT_OUT_BACKGROUND WHERE item_id BETWEEN {items[0]} AND {items[-1]}"
            )
        ),
    )
    assert place.rest(paper)[0]["ward_answer"] in {"PAPER", "PRINT"}
    assert {row["state"] for row in place.rest(*good)} == {"ACCEPTED"}


def test_prescriptions_that_are_wrong_are_paper_in_time(place: Clinic) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    bad = {
        place.prescription(fields={"TAJ": "123456789"}): ("INVALID", "TAJ"),
        place.prescription(fields={"NEV": None}): ("INVALID", "NEV"),
        place.prescription(fields={"NEV": "\x00"}): ("INVALID", "NEV"),
        place.prescription(fields={"ADAG": "\x0c", "GYAKORISAG": "este"}): ("INVALID", "ADAG"),
        place.prescription(fields={"TTT_KOD": "1"}): ("INVALID", "TTT_KOD"),
        place.prescription(fields={"FELIRAS_IDEJE": "2026-03-29 02:30:00"}): ("INVALID", "FELIRAS_IDEJE"),
        place.prescription(fields={"FELIRAS_IDEJE": "2026-10-25 02:30:00"}): ("INVALID", "FELIRAS_IDEJE"),
        place.prescription(fields={"JOGCIM": "X"}): ("INVALID", "JOGCIM"),
        place.prescription(fields={"VENY_TIPUS": "MAG", "OSSZETEVOK": "{"}): ("INVALID", "OSSZETEVOK"),
        place.prescription(source_key="999999"): ("INVALID", "SOURCE_KEY"),
        place.prescription(source_key=None): ("INVALID", "SOURCE_KEY"),
        place.prescription(recorded_by="senki.se"): ("MISSED", ""),
        place.prescription(recorded_by="orosz.ildiko"): ("INVALID", "orvos"),
        place.prescription(workplace="999999999"): ("MISSED", "munkahely"),
        place.prescription(recorded_at="tegnap"): ("INVALID", "RECORDED_AT"),
        place.prescription(recorded_at=f"{hour_ago:%Y-%m-%d %H:%M:%S}"): ("MISSED", "papíralapú"),
        place.prescription(recorded_at="2031-01-01 10:00:00"): ("INVALID", "jövőben"),
    }
    good = place.prescription()
    for item, row in zip(bad, place.rest(*bad, timeout_s=6), strict=True):
        assert (row["state"], row["ward_answer"]) == (bad[item][0], "PAPER"), row
        assert row["reason_code"]
        assert bad[item][1] in row["status_text"], row
    place.rest(good)
    assert place.ending(good) == ("ACCEPTED", "PRINT", None)


@pytest.mark.parametrize("name", ["sablon_hibas", "xml_hibas", "sema_hibas"])
def test_a_template_that_fails_parks_its_rows_alone(place: Clinic, name: str) -> None:
    bad = [place.event(name, source_key=f"{name}-{n}") for n in range(3)]
    good = good_rows_beside(place)
    for row in place.rest(*bad):
        assert row["state"] in {"PARKED", "INVALID"}, row
        assert row["reason_code"] in {"MAPPING_FAULT", "BAD_FIELD"}
        assert row["status_text"]
    assert {row["state"] for row in place.rest(*good)} == {"ACCEPTED"}


@pytest.mark.parametrize("name", ["forras_hibas", "forras_ketszer", "forras_nincs", "forras_oszlop"])
def test_a_source_that_fails_is_paper_in_time(place: Clinic, name: str) -> None:
    bad = place.prescription(name)
    good = good_rows_beside(place)
    [row] = place.rest(bad, timeout_s=6)
    assert row["ward_answer"] == "PAPER"
    assert row["state"] == ("INVALID" if name == "forras_ketszer" else "MISSED")
    assert row["reason_code"] in {"NO_SOURCE", "MAPPING_FAULT"}
    assert row["status_text"]
    assert {each["state"] for each in place.rest(*good)} == {"ACCEPTED"}


def test_in_the_end_the_books_agree_and_no_lane_met_a_fault_of_ours(place: Clinic) -> None:
    good = place.event()
    place.rest(good)
    assert place.stage.daemon is not None
    assert place.stage.daemon.poll() is None
    assert place.events("lane.trouble") == []
    assert place.events("complete.given_up") == []

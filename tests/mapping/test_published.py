"""Fields held against the published tables of the day of recording."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from runner.domain.codes import Code, CodeTables
from runner.mapping import RowRefused
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

OF_2025 = Code("210002737", "Minta", date(2025, 1, 1), date(2025, 12, 31))


def refusal(site: Site, codes: list[Code], recorded_at: datetime) -> tuple[str | None, str | None]:
    mappings = site.load()
    mappings.published.tables = CodeTables.of(("TTT", each) for each in codes)
    item = an_item(recorded_at=recorded_at, created_at=recorded_at)
    row = {**GOOD_ROW, "FELIRAS_IDEJE": f"{recorded_at - timedelta(days=1):%Y-%m-%d} 11:00:00"}
    try:
        mappings.types["erecept_feliras"].prepare(row, item, MESSAGE_ID)
    except RowRefused as refused:
        return refused.column, refused.outcome.status_text
    return None, None


def test_a_code_is_judged_by_the_day_of_the_recording_in_budapest(site: Site) -> None:
    last = datetime(2025, 12, 31, 22, 59, tzinfo=UTC)
    assert refusal(site, [OF_2025], last) == (None, None)
    column, text = refusal(site, [OF_2025], datetime(2025, 12, 31, 23, 1, tzinfo=UTC))
    assert column == "TTT_KOD"
    assert "a rögzítés napján nem érvényes" in str(text)


def test_an_unknown_code_is_named_with_its_column_and_its_table(site: Site) -> None:
    column, text = refusal(site, [Code("999999999", "Más")], datetime(2026, 1, 15, tzinfo=UTC))
    assert (column, "termékkód" in str(text), "210002737" in str(text)) == ("TTT_KOD", True, False)


def test_a_table_that_was_never_read_checks_the_format_only(site: Site) -> None:
    assert refusal(site, [], datetime(2026, 1, 15, tzinfo=UTC)) == (None, None)


def test_codes_inside_a_list_are_checked_one_by_one(site: Site) -> None:
    site.edit(
        "mappings/erecept_feliras/mapping.yaml",
        "      egyseg:    {from: EGYSEG, max_length: 20}",
        "      egyseg:    {from: EGYSEG, max_length: 20, code_list: TTT}",
    )
    mappings = site.load()
    mappings.published.tables = CodeTables.of([("TTT", Code("210002737", "Minta"))])
    parts = '[{"NEV": "a", "MENNYISEG": 1, "EGYSEG": "210002737"}, {"NEV": "b", "MENNYISEG": 1, "EGYSEG": "210002738"}]'
    row = {**GOOD_ROW, "VENY_TIPUS": "MAG", "OSSZETEVOK": parts}
    with pytest.raises(RowRefused) as raised:
        mappings.types["erecept_feliras"].prepare(row, an_item(), MESSAGE_ID)
    assert raised.value.column == "EGYSEG"


def test_a_list_has_one_source_and_a_publication_its_columns(site: Site) -> None:
    site.edit("mappings/codes/TTT.yaml", "format: ttt", 'format: ttt\ncodes: {"210002737": Minta}')
    assert any("`publication` beside `codes`" in str(each) for each in site.lint())

"""A value tells where it is from; one compiled mapping serves many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from runner.mapping import Mappings, RowRefused, TraceLine
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item


def test_each_value_tells_its_expression_and_its_line(site: Site) -> None:
    kind = site.load().types["erecept_feliras"]
    lines = (site.folder / "mappings/erecept_feliras/mapping.yaml").read_text("utf-8").splitlines()
    trace: list[TraceLine] = []
    row = {**GOOD_ROW, "VENY_TIPUS": "MAG", "OSSZETEVOK": '[{"NEV": "a", "MENNYISEG": 1.50, "EGYSEG": "g"}]'}
    kind.document(row, an_item(), MESSAGE_ID, trace)
    told = {line.path: line for line in trace}
    assert told["paciens.taj"].value == "032154784"
    assert told["magisztralis"].source == "expr row.VENY_TIPUS == 'MAG'"
    assert told["osszetevok[1].mennyiseg"].value == "1.50"
    assert told["felirva"].value == "2026-01-15T10:00:00Z"
    assert "ttt" not in told
    for path, line in told.items():
        file, number = line.where.rsplit(":", 1)
        assert file == "mappings/erecept_feliras/mapping.yaml"
        assert lines[int(number) - 1].strip().startswith(f"{path.rsplit('.', 1)[-1]}:")


def test_a_row_that_is_refused_has_its_trace_up_to_there(site: Site) -> None:
    kind = site.load().types["erecept_feliras"]
    trace: list[TraceLine] = []
    with pytest.raises(RowRefused):
        kind.document({**GOOD_ROW, "PECSETSZAM": "x"}, an_item(), MESSAGE_ID, trace)
    assert [line.path for line in trace] == ["paciens.fajta", "paciens.taj", "paciens.nev", "paciens.szuletett"]


def test_many_threads_make_the_messages_that_one_makes(shipped: Mappings) -> None:
    kind = shipped.types["erecept_feliras"]
    rows = [{**GOOD_ROW, "ADAG": f"{number} tabletta", "VENY_ID": number} for number in range(400)]

    def make(row: dict[str, object]) -> tuple[bytes, str]:
        prepared = kind.prepare(row, an_item(), MESSAGE_ID)
        return prepared.body, prepared.document_json

    one_by_one = [make(row) for row in rows]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(make, rows)) == one_by_one

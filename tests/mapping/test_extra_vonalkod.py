"""The filter that an integrator writes: the day is Budapest's, and an empty part is told by its column."""

from __future__ import annotations

from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

FIELD = "  bno:           {from: BNO_KOD, type: bno}\n"
ARGUMENTS = "doc.paciens.taj, doc.bno, doc.jogcim, doc.helyettesitheto, doc.ttt"
CODE = f'  kod:           {{expr: "doc.felirva|extra_vonalkod({ARGUMENTS})"}}\n'


def test_a_mapping_makes_the_older_bar_code_with_the_day_of_budapest(site: Site) -> None:
    site.edit("mappings/erecept_feliras/mapping.yaml", FIELD, FIELD + CODE)
    kind = site.load().types["erecept_feliras"]
    row = {**GOOD_ROW, "FELIRAS_IDEJE": "2026-01-01 00:30:00", "HELYETTESITHETO": 0}
    document = kind.prepare(row, an_item(), MESSAGE_ID).document
    assert document["felirva"] == "2025-12-31T23:30:00Z"
    assert document["kod"] == "3" + "065" + "01EAA4A0" + "I10H0" + "1" + "0" + "0C846331"

"""What a ward reads of a row that cannot go up: the right field, in right Hungarian, and never a value."""

from __future__ import annotations

from typing import Any

import pytest

from runner.domain.outcome import Ending
from runner.errors import MappingError
from runner.mapping.refusal import RowRefused, bad_field, empty_field, the_field
from runner.ports import Delivery, Reply
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

FELIRAS = "mappings/erecept_feliras/mapping.yaml"
TEMPLATE = "templates/erecept_feliras.xml.j2"


@pytest.mark.parametrize(
    ("name", "said"),
    [("NEV", "a NEV mező"), ("ADAG", "az ADAG mező"), ("OTH_KOD", "az OTH_KOD mező"), ("ügyelet", "az ügyelet mező")],
)
def test_the_article_is_chosen(name: str, said: str) -> None:
    assert the_field(name) == said
    capital = said[0].upper() + said[1:]
    assert bad_field(name, "nem jó.").outcome.status_text == f"{capital} hibás: nem jó."
    assert empty_field(name).outcome.status_text == f"{capital} üres, pedig kötelező."


def test_the_eeszt_refuses_a_field_with_its_article(site: Site) -> None:
    kind = site.load().types["erecept_feliras"]
    outcome = kind.outcome(Reply(Delivery.FAULT, fault_code="NINCS_HOZZARENDELES"), {}, an_item())
    assert outcome.ending is Ending.REJECTED
    assert outcome.status_text == "Az EESZT elutasította (NINCS_HOZZARENDELES): az OTH_KOD mező hibás."


def refused(site: Site, **row: Any) -> RowRefused:
    kind = site.load().types["erecept_feliras"]
    with pytest.raises(RowRefused) as raised:
        kind.prepare({**GOOD_ROW, **row}, an_item(), MESSAGE_ID)
    return raised.value


def test_an_element_that_is_missing_names_the_field_that_is_written_into_it(site: Site) -> None:
    site.edit(FELIRAS, "bno:           {from: BNO_KOD, type: bno}", "bno: {from: BNO_KOD, type: bno, optional: true}")
    site.edit(TEMPLATE, "<er:Bno>{{ doc.bno }}</er:Bno>", "{% if doc.bno %}<er:Bno>{{ doc.bno }}</er:Bno>{% endif %}")
    found = refused(site, BNO_KOD=None)
    assert found.column == "BNO_KOD"
    assert found.outcome.status_text == "A BNO_KOD mező üres, pedig kötelező."


def test_of_a_choice_that_is_missing_the_field_is_named_and_not_what_stands_in_its_place(site: Site) -> None:
    site.edit(FELIRAS, "{from: TTT_KOD, code_list: TTT, when", "{from: TTT_KOD, optional: true, when")
    site.edit(TEMPLATE, "<er:Ttt>{{ doc.ttt }}</er:Ttt>", "{% if doc.ttt %}<er:Ttt>{{ doc.ttt }}</er:Ttt>{% endif %}")
    assert refused(site, TTT_KOD=None).column == "TTT_KOD"


def test_an_optional_element_before_the_missing_one_is_not_blamed(site: Site) -> None:
    site.edit(FELIRAS, "    from: JOGCIM\n", "    from: JOGCIM\n    optional: true\n")
    text = (site.folder / TEMPLATE).read_text("utf-8")
    (line,) = [line for line in text.splitlines() if "<er:Jogcim>" in line]
    site.edit(TEMPLATE, line, f"{{% if doc.jogcim %}}\n{line}\n{{% endif %}}")
    found = refused(site, JOGCIM=None, NAPLOSORSZAM=None)
    assert found.column == "JOGCIM"


def test_an_element_that_the_template_forgets_is_the_template_s_fault(site: Site) -> None:
    site.edit(TEMPLATE, "<er:Bno>{{ doc.bno }}</er:Bno>", "")
    kind = site.load().types["erecept_feliras"]
    with pytest.raises(MappingError, match=r"RNR-2042 .* at 'Bno'"):
        kind.prepare(GOOD_ROW, an_item(), MESSAGE_ID)

"""Files that are there and are no files of the language: each is told with its place, and none ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.app import Folders
from runner.errors import ProblemsError
from runner.mapping.scaffold import new_mapping
from tests.mapping.site import Site

TEMPLATE = "templates/ekat_esemeny.xml.j2"
MAPPING = "mappings/ekat_esemeny/mapping.yaml"
PACK = "mappings/contract/reference-1"


def told(site: Site) -> list[str]:
    return [str(each) for each in site.lint()]


def test_a_template_in_another_encoding_is_told_with_its_line(site: Site) -> None:
    path = site.folder / TEMPLATE
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_bytes("".join([*lines[:2], "{# őű #}\n", *lines[2:]]).encode("iso8859-2"))
    assert [each for each in told(site) if f"{TEMPLATE}:3" in each and "it is not UTF-8" in each]


def test_a_mapping_in_another_encoding_is_told_with_its_line(site: Site) -> None:
    path = site.folder / MAPPING
    path.write_bytes(("# a\n# b\n# őű\n" + path.read_text("utf-8")).encode("iso8859-2"))
    assert [each for each in told(site) if f"{MAPPING}:3" in each and "it is not UTF-8" in each]


def test_a_source_query_in_another_encoding_is_told_with_its_line(site: Site) -> None:
    path = site.folder / "sql" / "sources" / "erecept_feliras.sql"
    path.write_bytes(("-- ő\n" + path.read_text("utf-8")).encode("iso8859-2"))
    assert [each for each in told(site) if "erecept_feliras.sql:1" in each and "it is not UTF-8" in each]


@pytest.mark.parametrize("name", [TEMPLATE, "sql/sources/erecept_feliras.sql"])
def test_a_folder_in_the_place_of_a_file_is_called_one(site: Site, name: str) -> None:
    (site.folder / name).unlink()
    (site.folder / name).mkdir()
    assert [each for each in told(site) if name in each and "it is a folder" in each]


def test_a_folder_in_the_place_of_a_schema_is_a_problem_of_the_contract(site: Site) -> None:
    (site.folder / PACK / "ekat.xsd").unlink()
    (site.folder / PACK / "ekat.xsd").mkdir()
    assert [each for each in told(site) if each.startswith(("RNR-2030", "RNR-2032")) and "ekat" in each]


def test_a_folder_whose_mapping_has_another_name_is_not_passed_over(site: Site) -> None:
    (site.folder / MAPPING).rename(site.folder / "mappings/ekat_esemeny/mapping.yml")
    assert [each for each in told(site) if each.startswith("RNR-2001") and MAPPING in each]


def test_a_mapping_that_is_a_link_to_itself_is_told(site: Site) -> None:
    (site.folder / MAPPING).unlink()
    (site.folder / MAPPING).symlink_to(site.folder / MAPPING)
    assert [each for each in told(site) if each.startswith("RNR-2001") and MAPPING in each]


def test_an_empty_folder_is_no_document_type(site: Site) -> None:
    (site.folder / "mappings" / "leendo" / "expected").mkdir(parents=True)
    assert told(site) == []


def test_an_operation_without_its_message_is_told_and_not_dropped(site: Site) -> None:
    site.edit(
        f"{PACK}/ekat.wsdl",
        '<wsdl:operation name="Torles">\n      <wsdl:documentation>',
        '<wsdl:operation name="Toroles"><wsdl:documentation>',
    )
    assert [each for each in told(site) if each.startswith("RNR-2030") and "'Torles'" in each]


@pytest.mark.parametrize("life", ["999999999999999d", "0.12345678901234567890s"])
def test_a_duration_beyond_every_calendar_is_refused(site: Site, life: str) -> None:
    site.edit(MAPPING, "give_up: 1h", f"give_up: {life}")
    assert [each for each in told(site) if each.startswith("RNR-2008") and life in each and "six digits" in each]


def test_a_poll_without_a_pause_is_refused(site: Site) -> None:
    site.edit("mappings/outboxes.yaml", "poll: 500ms\n    idle_poll: 2s", "poll: 0.0s\n    idle_poll: 2s")
    assert [each for each in told(site) if each.startswith("RNR-2008") and "above zero" in each]


def test_with_two_contracts_none_is_taken_by_chance(site: Site) -> None:
    (site.folder / "mappings/contract/masik").mkdir()
    (site.folder / "mappings/contract/masik/pack.yaml").write_text("contract: masik\n", "utf-8")
    with pytest.raises(ProblemsError, match=r"RNR-2082 .*masik, reference-1"):
        Folders(*site.parts).pack()
    assert [each for each in told(site) if each.startswith("RNR-2082")]
    assert Folders(*site.parts, "reference-1").pack().name == "reference-1"


def test_a_site_without_any_contract_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match=r"RNR-2001 .*no folder in it has a pack.yaml"):
        Folders(tmp_path, tmp_path, tmp_path).pack()


def test_a_schema_whose_own_namespace_is_that_of_schemas_gives_a_template(site: Site) -> None:
    xsd = site.folder / PACK / "ekat.xsd"
    text = xsd.read_text("utf-8").replace("xmlns:xs=", 'xmlns="http://www.w3.org/2001/XMLSchema" xmlns:xs=', 1)
    text = text.replace("\n</xs:schema>", UNPREFIXED)
    xsd.write_text(text, "utf-8")
    site.edit(
        f"{PACK}/ekat.wsdl",
        '<wsdl:part name="body" element="ek:EsemenyKeres"/>',
        '<wsdl:part name="body" element="ek:Sajat"/>',
    )
    mappings, templates, _ = site.parts
    new_mapping(mappings, templates, Folders(*site.parts).pack(), "sajat", "ekat.Esemeny")
    made = (templates / "sajat.xml.j2").read_text("utf-8")
    assert '<ek:Adag egyseg="{{ doc.adag_egyseg }}">{{ doc.adag }}</ek:Adag>' in made
    assert "adag: {from: ADAG, type: decimal}" in (mappings / "sajat" / "mapping.yaml").read_text("utf-8")


UNPREFIXED = """
  <complexType name="Adag"><simpleContent><extension base="decimal"><attribute name="egyseg" use="required">
    <simpleType><restriction base="string"/></simpleType></attribute></extension></simpleContent></complexType>
  <element name="Sajat"><complexType><sequence><element name="Adag" type="ek:Adag"/>
    <element name="Kar"><simpleType><restriction base="string"/></simpleType></element>
  </sequence></complexType></element>
</xs:schema>"""

"""Packs, schemas and samples: every operation of the reference contract can be read and answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from runner.simulator.pack import read_pack, seconds
from runner.simulator.pattern import UnsupportedPatternError, example, matches
from runner.simulator.refusal import SimulatorError
from runner.simulator.sample import NoSampleError, Sampler
from runner.simulator.schema import Schemas
from runner.simulator.script import read_script
from runner.simulator.wsdl import read_wsdl
from tests.simulator.conftest import PACK

OPERATIONS = {
    *("sts.Issue", "erecept.Feliras", "erecept.Visszavonas", "erecept.Lekerdezes", "erecept.Elerheto"),
    *("ekat.Esemeny", "ekat.Modositas", "ekat.Torles", "ekat.Lekerdezes", "ekat.BekuldesLekerdezes", "ekat.Elerheto"),
    *("ebeutalo.Iras", "ebeutalo.Visszavonas", "ebeutalo.UtolagosRogzites", "ebeutalo.Lekerdezes", "ebeutalo.Elerheto"),
    *("ehr.Feltoltes", "ehr.UjValtozat", "ehr.Visszavonas", "ehr.Lista", "ehr.Letoltes", "ehr.BekuldesLekerdezes"),
    *("ehr.Elerheto", "eprofil.Iras", "eprofil.Lekerdezes", "eprofil.Elerheto"),
}


def test_the_reference_pack_has_its_operations_and_all_are_scripted() -> None:
    pack = read_pack(PACK)
    assert pack.operations.keys() == OPERATIONS == set(read_script(pack).acts)
    assert {o.fault for o in pack.operations.values()} == {"{urn:x-eeszt-runner:reference-contract:1:kozos}Hiba"}
    assert pack.operations["erecept.Feliras"].action == "urn:x-eeszt-runner:reference-contract:1:erecept/Feliras"
    assert (pack.security.timestamp_life_s, pack.security.clock_skew_s, pack.sts.life_s) == (60, 30, 28800)


@pytest.mark.parametrize("path", sorted(PACK.glob("*.xsd")), ids=lambda path: path.name)
def test_every_schema_loads_by_itself(path: Path) -> None:
    etree.XMLSchema(etree.parse(path))


@pytest.mark.parametrize("full", [False, True])
def test_a_valid_sample_of_every_element_of_every_operation_can_be_made(full: bool) -> None:  # noqa: FBT001
    pack = read_pack(PACK)
    for service, description in pack.descriptions.items():
        sampler = Sampler(Schemas(description))
        for operation in description.operations:
            for name in (operation.request, operation.answer, operation.fault):
                assert name is not None, service
                assert sampler.make(name, ["SIM000000000001"], full=full).tag == name


def test_a_schema_that_contains_itself_has_no_sample(tmp_path: Path) -> None:
    (tmp_path / "x.wsdl").write_text(
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><types><xs:schema targetNamespace="urn:x"'
        ' xmlns:x="urn:x" xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"><xs:complexType>'
        '<xs:sequence><xs:element ref="x:a"/></xs:sequence></xs:complexType></xs:element></xs:schema></types>'
        "</definitions>",
        encoding="utf-8",
    )
    sampler = Sampler(Schemas(read_wsdl("x", tmp_path / "x.wsdl")))
    with pytest.raises(NoSampleError, match="contains itself"):
        sampler.make("{urn:x}a", [])


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{9}",
        "[A-Z][0-9][0-9A-Z]{1,3}",
        r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "(A|B)+C?",
        r"\S(.*\S)?",
    ],
)
def test_an_example_of_a_pattern_matches_it(pattern: str) -> None:
    assert matches(pattern, example(pattern))


_ATOMS = st.sampled_from(["a", "[0-9]", r"\d", ".", "(b|c)", "[^x]", r"\.", "[a-f]{2}", "(de)?", "f+", "g{1,3}"])


@settings(deadline=None)
@given(st.lists(_ATOMS, min_size=1, max_size=6))
def test_examples_match_whatever_is_put_together(atoms: list[str]) -> None:
    assert matches("".join(atoms), example("".join(atoms)))


def test_a_pattern_that_is_not_understood_says_so() -> None:
    with pytest.raises(UnsupportedPatternError):
        example(r"\p{Lu}")


@pytest.mark.parametrize(("text", "value"), [("60s", 60), ("8h", 28800), ("10min", 600), ("250ms", 0.25), (5, 5)])
def test_durations_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


def test_all_mistakes_of_a_script_are_named_at_once(tmp_path: Path) -> None:
    for file in PACK.glob("*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "simulator.yaml").write_text(
        "operations:\n"
        "  erecept.Feliras: {does: creat, patiant: er:Paciens}\n"
        "  erecept.Nincs: {does: echo}\n"
        "  ekat.Esemeny: {does: create, patient: 'ek:Paciens[', answer: '{{ x'}\n",
        encoding="utf-8",
    )
    with pytest.raises(SimulatorError) as raised:
        read_script(read_pack(tmp_path))
    text = str(raised.value)
    for part in ("'creat'", "'patiant'", "erecept.Nincs", "is no XPath", "of the template"):
        assert part in text


def test_a_pack_that_is_none_says_which_file(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"pack\.yaml"):
        read_pack(tmp_path)

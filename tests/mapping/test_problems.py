"""Every mistake of an author is told with its file, its line and what to write; all of them in one run."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass

import pytest

from runner.errors import ProblemsError
from tests.mapping.site import Site

FELIRAS = "mappings/erecept_feliras/mapping.yaml"
VISSZAVONAS = "mappings/erecept_visszavonas/mapping.yaml"
BEKULDES = "mappings/ekat_bekuldes_lekerdezes/mapping.yaml"
ESEMENY = "mappings/ekat_esemeny/mapping.yaml"
TEMPLATE = "templates/erecept_feliras.xml.j2"
RULES = "mappings/rules.yaml"
OUTBOXES = "mappings/outboxes.yaml"
PACK = "mappings/contract/reference-1/pack.yaml"


@dataclass(frozen=True)
class Mistake:
    """
    One mistake: what is changed, and what is said of it.

    Attributes:
        file: Where.
        old: What stands there once.
        new: What the author writes instead.
        says: Number and words of the one problem.
        down: Lines from the change to the place that is told.
    """

    file: str
    old: str
    new: str
    number: int
    says: str
    down: int = 0


TAJ = "    taj:         {from: TAJ, type: taj, when: doc.paciens.fajta == 'TAJ'}\n"

MISTAKES = {
    "a misspelt key of the file": Mistake(FELIRAS, "title: eR", "titel: eR", 2007, "the key 'title' is missing", -1),
    "a misspelt key of a field": Mistake(FELIRAS, "type: taj,", "tpye: taj,", 2003, "'tpye'. Did you mean 'type'?"),
    "a misspelt type": Mistake(FELIRAS, "type: taj,", "type: tja,", 2003, "unknown value 'tja'. Did you mean 'taj'?"),
    "a key twice": Mistake(FELIRAS, TAJ, TAJ + TAJ, 2005, "'taj' stands here twice", 1),
    "a tab": Mistake(FELIRAS, "  felirva:  ", "\tfelirva:  ", 2002, "a tab stands where only spaces may"),
    "an expression that YAML cuts at its comma": Mistake(
        FELIRAS, "expr: row.VENY_TIPUS == 'MAG'", "expr: row.VENY_TIPUS == 'MAG, X'", 2006, "cut at its comma"
    ),
    "an expression that begins with a quote": Mistake(
        FELIRAS, "expr: row.ADAG ~", "expr: 'x' ~", 2002, "no YAML that can be read"
    ),
    "an expression with a bracket and no quotes": Mistake(
        ESEMENY, "    each: row.DIAGNOZISOK|default(none)", "    each: row['DIAGNOZISOK']", 2009, "without quotes"
    ),
    "an alias": Mistake(FELIRAS, "title: eRecept felírása", "title: *cim", 2002, "an alias (*) is not used here"),
    "an expression that is none": Mistake(
        FELIRAS, "when: doc.magisztralis\n", "when: doc.magisztralis and\n", 2010, "the expression is wrong"
    ),
    "two expressions in one": Mistake(FELIRAS, "when: doc.magisztralis\n", "when: doc.bno doc.ttt\n", 2010, "too much"),
    "an unknown name": Mistake(FELIRAS, "expr: row.ADAG", "expr: rwo.ADAG", 2003, "name 'rwo'. Did you mean 'row'?"),
    "a field that does not exist": Mistake(
        FELIRAS, "    when: doc.magisztralis\n", "    when: doc.magisztralas\n", 2003, "Did you mean 'magisztralis'?"
    ),
    "a field that stands later": Mistake(
        FELIRAS, "expr: row.VENY_TIPUS == 'MAG'", "expr: doc.bno == 'MAG'", 2013, "'doc.bno' is not known yet"
    ),
    "an unknown filter": Mistake(FELIRAS, "expr: row.ADAG ~", "expr: row.ADAG|uper ~", 2003, "Did you mean 'upper'?"),
    "an unknown test": Mistake(
        FELIRAS,
        "expr: row.VENY_TIPUS == 'MAG'",
        "expr: row.VENY_TIPUS is nothing",
        2003,
        "unknown test 'nothing'. Did you mean 'string'?",
    ),
    "a call of nothing known": Mistake(
        FELIRAS, "expr: row.ADAG ~", "expr: row.ADAG.uper() ~", 2003, "unknown method 'uper'. Did you mean 'upper'?"
    ),
    "two sources": Mistake(
        FELIRAS, "{from: TAJ, type", "{from: TAJ, expr: row.TAJ, type", 2008, "one of from, expr, each"
    ),
    "an unknown code list": Mistake(FELIRAS, "code_list: TTT", "code_list: TTTT", 2003, "Did you mean 'TTT'?"),
    "a length that is none": Mistake(
        FELIRAS, "max_length: 250", "max_length: sok", 2008, "a whole number from 1 to 9999999, got 'sok'"
    ),
    "an unknown rule": Mistake(FELIRAS, "erecept.gyse", "erecept.gyze", 2003, "Did you mean 'erecept.gyse'?"),
    "a rule that reads a field of another document": Mistake(
        VISSZAVONAS, "rules: [", "rules: [erecept.gyse, ", 2023, "it reads doc.gyse, which is no field here"
    ),
    "no rule that says who may send": Mistake(FELIRAS, "rules: [erecept.csak_orvos, ", "rules: [", 2024, "here are 0"),
    "an unknown operation": Mistake(
        FELIRAS, "operation: erecept.Feliras,", "operation: erecept.Felirs,", 2003, "Did you mean 'erecept.Feliras'?"
    ),
    "an unknown lane": Mistake(FELIRAS, "lane: interactive", "lane: interaktiv", 2003, "Did you mean 'interactive'?"),
    "a text of the past": Mistake(
        FELIRAS,
        "nev:         {from: NEV, max_length: 100}",
        "nev:         {from: NEV, past: true}",
        2014,
        "neither a day nor an instant",
    ),
    "an unknown source": Mistake(
        FELIRAS, "sources/erecept_feliras.sql", "sources/erecept_feliraz.sql", 2003, "sql/sources/erecept_feliras.sql"
    ),
    "an unknown template": Mistake(
        FELIRAS,
        "template: erecept_feliras",
        "template: erecept_felirass",
        2003,
        "Did you mean 'erecept_feliras.xml.j2'?",
    ),
    "another folder's name": Mistake(
        FELIRAS, "document_type: erecept_feliras", "document_type: erecept_felirat", 2008, "the folder's name"
    ),
    "an XPath that is none": Mistake(
        FELIRAS, "accepted: //er:FelirasValasz/er:Azonosito", "accepted: //er:(", 2012, "the XPath '//er:(' is wrong"
    ),
    "an XPath with an unknown prefix": Mistake(
        FELIRAS, "accepted: //er:FelirasValasz/", "accepted: //xy:FelirasValasz/", 2012, "Undefined namespace prefix"
    ),
    "a list of faults left out": Mistake(
        FELIRAS, "    retry:           [LEJART_UZENET, HIBAS_IDO]\n", "", 2020, "says nothing of `faults.retry`", -2
    ),
    "a code in two lists": Mistake(
        FELIRAS,
        "retry:           [LEJART_UZENET, HIBAS_IDO]",
        "retry: [MAR_RENDBEN]",
        2021,
        "'MAR_RENDBEN' stands in two",
    ),
    "a ward that waits for a person": Mistake(
        FELIRAS, "needs_person:    []    ", "needs_person:    [HIBA]", 2022, "may not wait for a person"
    ),
    "a refusal that names no field": Mistake(
        FELIRAS, "HIBAS_TTT: ttt", "HIBAS_TTT: tt", 2003, "unknown field 'tt'. Did you mean 'ttt'?"
    ),
    "a document that is simply sent again": Mistake(
        "mappings/erecept_lekerdezes/mapping.yaml",
        "rules: [lekerdezes.csak_orvos,",
        "rules: [jelentes.kuldo,",
        2023,
        "sent again, it may be there twice",
        56,
    ),
    "a question to nobody": Mistake(
        FELIRAS, "ask: erecept_lekerdezes", "ask: erecept_lekerdezas", 2003, "Did you mean 'erecept_lekerdezes'?"
    ),
    "a question to what is no query": Mistake(
        FELIRAS, "ask: erecept_lekerdezes", "ask: erecept_visszavonas", 2023, "it is no query"
    ),
    "an answer's field that the query does not name": Mistake(
        FELIRAS,
        "found: answer.sajat_azonosito",
        "found: answer.sajat_azonosit",
        2003,
        "Did you mean 'sajat_azonosito'?",
    ),
    "a receipt that the question leaves out": Mistake(
        FELIRAS,
        "receipt: {eeszt_id: answer.azonosito, barcode: answer.azonosito}",
        "receipt: {eeszt_id: answer.azonosito}",
        2007,
        "the key 'receipt.barcode' is missing",
    ),
    "a computed receipt": Mistake(
        FELIRAS, "receipt.barcode, EESZT", "receipt.barcode|upper, EESZT", 2014, "a computation with `receipt`", 0
    ),
    "an unknown part of the receipt": Mistake(
        FELIRAS, "receipt.barcode, EESZT", "receipt.barkode, EESZT", 2003, "Did you mean 'barcode'?"
    ),
    "a withdrawal by nobody": Mistake(
        FELIRAS, "withdrawn_by: erecept_visszavonas", "withdrawn_by: erecept_vissza", 2003, "'erecept_visszavonas'?"
    ),
    "a template's unknown field": Mistake(
        TEMPLATE, "<er:Bno>{{ doc.bno }}", "<er:Bno>{{ doc.bnoo }}", 2003, "'doc.bnoo'. Did you mean 'doc.bno'?"
    ),
    "a template's unknown field of an element": Mistake(
        TEMPLATE, "{{ osszetevo.egyseg }}", "{{ osszetevo.egysg }}", 2003, "Did you mean 'osszetevo.egyseg'?"
    ),
    "a template that reads the row": Mistake(TEMPLATE, "{{ doc.bno }}", "{{ row.BNO }}", 2004, "unknown name 'row'"),
    "a template's unknown filter": Mistake(
        TEMPLATE, "{{ doc.bno }}", "{{ doc.bno|safe }}", 2004, "unknown filter 'safe'"
    ),
    "a template without its end": Mistake(TEMPLATE, "  {% else %}\n", "  {% esle %}\n", 2011, "unknown tag 'esle'"),
    "a template that switches escaping off": Mistake(
        TEMPLATE,
        "<er:Bno>{{ doc.bno }}",
        "{% autoescape false %}{{ doc.bno }}{% endautoescape %}<er:Bno>",
        2014,
        "`autoescape` may not be used",
    ),
    "a template's missing part": Mistake(TEMPLATE, "'_macros.xml.j2'", "'_makros.xml.j2'", 2003, "'_macros.xml.j2'?"),
    "a source that changes data": Mistake(
        "sql/sources/erecept_feliras.sql", "SELECT v.VENY_ID", "DELETE v.VENY_ID", 2008, "a query (SELECT or WITH)", -1
    ),
    "an unknown bind": Mistake(
        "sql/sources/erecept_feliras.sql",
        ":source_key",
        ":source_kye",
        2003,
        "bind 'source_kye'. Did you mean 'source_key'?",
    ),
    "a rule of an unknown kind": Mistake(
        RULES, "kind: identifier", "kind: identifyer", 2003, "Did you mean 'identifier'?"
    ),
    "a rule's unknown parameter": Mistake(
        RULES,
        "parameters: {kind: P}",
        "parameters: {kind: P, kindd: P}",
        2003,
        "parameter 'kindd'. Did you mean 'kind'?",
    ),
    "a rule's kind that is no line": Mistake(RULES, "parameters: {kind: P}", "parameters: {kind: Z}", 2004, "kind 'Z'"),
    "a duration without its unit": Mistake(
        RULES, "{send_within: 90d}", "{send_within: 90}", 2008, "a duration such as 4d, 8h, 10min or 30s, got '90'"
    ),
    "a day that does not exist": Mistake(
        RULES, "valid_to: 2020-04-30", "valid_to: 2020-04-31", 2008, "a day that exists"
    ),
    "two versions on one day": Mistake(
        RULES, "valid_to: 2020-04-30", "valid_to: 2020-05-02", 2025, "two versions are in force on its first day", 4
    ),
    "a rule without its sentence": Mistake(
        RULES, "      sentence: Ideiglenes betegazonosítóval az EESZT-be nem küldhető.\n", "", 2007, "'sentence'", -2
    ),
    "an outbox's unknown column": Mistake(
        OUTBOXES,
        "    table: EESZT_OUT_QUERY\n",
        "    table: EESZT_OUT_QUERY\n    columns: {recorded_bi: FELHASZNALO}\n",
        2003,
        "column 'recorded_bi'. Did you mean 'recorded_by'?",
        1,
    ),
    "a name that the database cannot hold": Mistake(
        OUTBOXES, "EESZT_OUT_QUERY", "EESZT_OUT_QUERY_OF_ALL_THE_DOCTORS", 2008, "at most 30 letters"
    ),
    "a time zone that is none": Mistake(
        OUTBOXES, "time_zone: Europe/Budapest ", "time_zone: Europa/Budapest ", 2008, "a time zone such as"
    ),
    "a pack's unknown operation": Mistake(
        PACK, "erecept: erecept.Elerheto", "erecept: erecept.Elerhet", 2003, "Did you mean 'erecept.Elerheto'?"
    ),
    "a pack's wrong path": Mistake(PACK, "code: //kz:Hiba/kz:Kod", "code: //kz:Hiba[", 2012, "the XPath '//kz:Hiba['"),
    "a pack's missing file": Mistake(
        PACK, "{wsdl: ekat.wsdl}", "{wsdl: ekat2.wsdl}", 2001, "there is no file ekat2.wsdl"
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(site: Site, mistake: Mistake) -> None:
    line = site.edit(mistake.file, mistake.old, mistake.new) + mistake.down
    found = [problem for problem in site.problems() if problem.number == mistake.number]
    assert found, [str(each) for each in site.problems()]
    assert found[0].where == f"{mistake.file}:{line}", [str(each) for each in found]
    assert mistake.says in str(found[0])


def test_all_problems_of_all_files_come_in_one_run(site: Site) -> None:
    site.edit(FELIRAS, "type: pecsetszam}", "type: pecset}")
    site.edit(FELIRAS, "code_list: TTT", "code_list: TTTT")
    site.edit(ESEMENY, "lane: background", "lane: backround")
    site.edit(OUTBOXES, "EESZT_OUT_QUERY", "EESZT OUT QUERY")
    found = [problem.where.split(":")[0] for problem in site.problems()]
    assert set(found) >= {FELIRAS, OUTBOXES}
    site.edit(OUTBOXES, "EESZT OUT QUERY", "EESZT_OUT_QUERY")
    with pytest.raises(ProblemsError) as raised:
        site.load()
    assert {problem.where.split(":")[0] for problem in raised.value.problems} >= {FELIRAS, ESEMENY}


EVERYWHERE = [
    (
        FELIRAS,
        "    taj:         {from: TAJ, type: taj,",
        "    taj:         {from: TAJ, type: tajj,",
        "'tajj'. Did you mean 'taj'",
    ),
    (FELIRAS, "lane: interactive", "lane: interactiv", "unknown lane 'interactiv'"),
    (FELIRAS, "erecept.gyse,", "erecept.gyze,", "unknown rule 'erecept.gyze'"),
    (
        FELIRAS,
        "withdrawn_by: erecept_visszavonas",
        "withdrawn_by: erecept_viszavonas",
        "'erecept_viszavonas'. Did you mean",
    ),
    (FELIRAS, "operation: erecept.Feliras,", "operation: erecept.Feliraas,", "unknown operation 'erecept.Feliraas'"),
    (FELIRAS, "template: erecept_feliras", "template: erecept_feliraas", "unknown template 'erecept_feliraas.xml.j2'"),
    (FELIRAS, "max_length: 250", "max_lenght: 250", "unknown key 'max_lenght'. Did you mean 'max_length'"),
    (FELIRAS, "doc.felirta.pecsetszam, OTH", "doc.felirta.pecsetszm, OTH", "unknown field 'felirta.pecsetszm'"),
    (FELIRAS, "HIBAS_TAJ: paciens.taj", "HIBAS_TAJ: paciens.tja", "unknown field 'paciens.tja'"),
    (FELIRAS, "code_list: TTT,", "code_list: TTX,", "unknown code list 'TTX'"),
    (FELIRAS, "DATUM, type: date, past: true}", "DATUM, type: date, kod: {x: y}}", "unknown key 'kod'"),
    (FELIRAS, "receipt.barcode,", "receipt.barcod,", "unknown part of the receipt 'barcod'"),
    (
        FELIRAS,
        "    settle: 30s\n",
        "    settle: sok\n",
        "expected a duration such as 30s, 10min, 8h or 4d, of six digits at most, got 'sok'",
    ),
    (ESEMENY, "[LEJART_UZENET, HIBAS_IDO]", "[LEJART_UZENET, HIBAS_TAJ]", "'HIBAS_TAJ' stands in two lists"),
    (
        ESEMENY,
        "accepted: //ek:EsemenyValasz/",
        "accepted: //ek:EsemenyValas/",
        "'ek:EsemenyValas'. Did you mean 'ek:EsemenyV",
    ),
    (ESEMENY, "{eeszt_id: //ek:EsemenyValasz/ek:Azonosito}", "{eeszt_id: /*/ek:Xyq}", "no element 'ek:Xyq' here"),
    (
        ESEMENY,
        "ask: ekat_bekuldes_lekerdezes",
        "ask: ekat_bekuldes_lekerdezs",
        "document type 'ekat_bekuldes_lekerdezs'",
    ),
    (ESEMENY, "{from: VEGE,", "{frm: VEGE,", "unknown key 'frm'. Did you mean 'from'"),
    (ESEMENY, "{from: TIPUS, values", "{values", "the key 'from' is missing"),
    (
        BEKULDES,
        "o: ek:SajatAzonosito",
        "o: SajatAzonosito",
        "element 'SajatAzonosito'. Did you mean 'ek:SajatAzonosito'",
    ),
    (BEKULDES, "allapot:         ek:Allapot", "allapot: ek:Diagnozis", "no element 'ek:Diagnozis' here"),
    (
        VISSZAVONAS,
        "[er:Allapot = 'VISSZAVONT']",
        "[kz:Allapot = 'VISSZAVONT']",
        "'kz:Allapot'. Did you mean 'er:Allapot'",
    ),
    (
        "templates/ekat_esemeny.xml.j2",
        "<ek:Naplosorszam>",
        "<Naplosorszam>",
        "'Naplosorszam'. Did you mean 'ek:Naplosorszam'",
    ),
    (VISSZAVONAS, "document_type: e", "document_tipe: e", "unknown key 'document_tipe'. Did you mean 'document_type'"),
    ("templates/erecept_visszavonas.xml.j2", "doc.recept", "doc.receptt", "'doc.receptt'. Did you mean 'doc.recept'"),
    (
        "templates/erecept_visszavonas.xml.j2",
        "<er:SajatAzonosito>",
        "<er:SajatAzonosit>",
        "unknown element 'er:SajatAzonosit'",
    ),
    ("templates/ekat_esemeny.xml.j2", "<ek:SajatAzonosito>", "<ekk:SajatAzonosito>", "prefix 'ekk'. Did you mean 'ek'"),
    (RULES, "send_within: 90d", "send_within: 90x", "got '90x'"),
    (RULES, "valid_to: 2020-04-30", "valid_to: 2020-05-30", "two versions are in force"),
    (
        OUTBOXES,
        "    recorder: bound\n    time_zone",
        "    recorder: trustd\n    time_zone",
        "'trustd'. Did you mean 'trusted'",
    ),
    (OUTBOXES, "senders: 8", "sendrs: 8", "unknown key 'sendrs'. Did you mean 'senders'"),
    (PACK, "ekat: ekat.Elerheto", "ekat: ekat.Elerhet", "unknown operation 'ekat.Elerhet'"),
    (PACK, "code: //kz:Hiba/kz:Kod ", "code: //kz:Hiba/kz:Kodd ", "unknown element 'kz:Kodd'. Did you mean 'kz:Kod'"),
    (
        PACK,
        "ekat.BekuldesLekerdezes: [ekat.Esemeny,",
        "ekat.BekuldesLekerdezes: [ekat.Esemen,",
        "operation 'ekat.Esemen'",
    ),
    (PACK, "  life: 8h", "  life: 8ora", "got '8ora'"),
]
"""Mistakes of every kind in every file, each with what is said of it; all are planted at once."""


def test_mistakes_of_every_kind_do_not_hide_each_other(site: Site) -> None:
    for file, old, new, _ in EVERYWHERE:
        site.edit(file, old, new)
    found = [str(problem) for problem in site.lint()]
    assert [says for *_, says in EVERYWHERE if sum(says in each for each in found) != 1] == []
    others = [each for each in found if not any(says in each for *_, says in EVERYWHERE)]
    # a key that is misspelt is missing, too; nothing else is said of what is not wrong
    assert [each for each in others if "the key 'document_type' is missing" not in each] == []


def test_a_line_stays_right_behind_an_element_that_nothing_can_be_made_of(site: Site) -> None:
    site.edit(RULES, "rules:\n", "rules:\n  - [no rule]\n")
    line = site.edit(RULES, "send_within: 90d", "send_within: 90x")
    assert f"{RULES}:{line}" in [problem.where for problem in site.lint()]


def test_a_part_that_is_shared_is_told_once(site: Site) -> None:
    site.edit("templates/_macros.xml.j2", "<kz:Nev>", "<kz:Neev>")
    (problem,) = site.lint()
    assert "unknown element 'kz:Neev'. Did you mean 'kz:Nev'?" in str(problem)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{frm: VEGE}", "unknown key 'frm'. Did you mean 'from'?"),
        ("{typ: date, form: VEGE}", "unknown key 'form'. Did you mean 'from'?"),
        ("{type: date}", "the key 'from' is missing"),
        ("VEGE", "expected a field or a group, got 'VEGE'"),
    ],
)
def test_what_should_be_a_field_is_told_once(site: Site, written: str, says: str) -> None:
    site.edit(ESEMENY, "{from: VEGE, type: instant, past: true, optional: true}", written)
    found = [str(problem) for problem in site.lint()]
    assert sum(says in each for each in found) == 1
    assert len(found) == 1 + ("typ:" in written)


@pytest.mark.slow
@pytest.mark.parametrize("file", [FELIRAS, ESEMENY, VISSZAVONAS, RULES, OUTBOXES, PACK])
def test_no_value_of_a_wrong_shape_breaks_the_checks(site: Site, file: str) -> None:
    """Every line of a file in turn becomes nonsense; lint tells something and never fails itself."""
    for other in (site.folder / "mappings").glob("*/mapping.yaml"):
        if not other.parent.name.startswith(("erecept_", "ekat_")):
            shutil.rmtree(other.parent)
    assert site.lint() == []
    path = site.folder / file
    lines = path.read_text("utf-8").splitlines()
    changed = [number for number, line in enumerate(lines) if re.match(r"\s*-?\s*[\w.]+:\s", line)]
    for number in changed[:: max(1, len(changed) // 12)]:
        head, _, _ = lines[number].partition(": ")
        path.write_text("\n".join([*lines[:number], f"{head}: [{{a: b}}]", *lines[number + 1 :]]), "utf-8")
        assert site.lint(), lines[number]


def test_problems_of_a_file_stand_in_the_order_of_its_lines_and_each_once(site: Site) -> None:
    site.edit(FELIRAS, "lane: interactive", "lane: interaktiv")
    site.edit(FELIRAS, "type: date,", "type: datum,")
    site.edit(FELIRAS, "operation: erecept.Feliras", "operation: erecept.Felirass")
    site.edit(FELIRAS, "give_up: 10min", "giveup: 10min")
    found = [str(each) for each in site.lint()]
    lines = [int(each.split(":")[1]) for each in found if each.split()[1].startswith(FELIRAS)]
    assert len(lines) == 5
    assert lines == sorted(lines)
    assert len(set(found)) == len(found)


def test_a_macro_is_not_proposed_as_a_template(site: Site) -> None:
    site.edit(FELIRAS, "template: erecept_feliras.xml.j2", "template: cda.xml.j2")
    assert [each for each in map(str, site.lint()) if "'_cda" in each] == []


def test_a_case_whose_row_is_refused_says_why(site: Site) -> None:
    site.edit("mappings/erecept_feliras/mapping_test.yaml", 'TAJ: "032154784"', 'TAJ: "032154785"')
    failed = [str(problem) for case in site.cases("erecept_feliras") for problem in case.problems]
    assert any("the row was refused: A TAJ mező hibás" in each for each in failed), failed


def test_good_files_have_no_problem(site: Site) -> None:
    assert site.lint() == []


def test_a_number_with_a_zero_in_front_and_the_word_no_stay_what_they_are(site: Site) -> None:
    site.edit(FELIRAS, "{ALT: 1, HM: 2", "{ALT: 010, no: 02")
    document = site.load().types["erecept_feliras"]
    values = next(field.wanted.values for field in document.program.fields if field.path == ("jogcim",))
    assert values is not None
    assert values["ALT"] == "010"
    assert values["no"] == "02"


def test_a_file_that_is_no_utf8_is_told(site: Site) -> None:
    (site.folder / FELIRAS).write_bytes("title: felírás".encode("iso8859_2"))
    found = [str(problem) for problem in site.problems()]
    assert any(each.startswith(f"RNR-2001 {FELIRAS}:1: the file cannot be read: it is not UTF-8.") for each in found)

"""An expression or template reaches nothing of Python, and cannot grow without bound."""

from __future__ import annotations

import pytest

from runner.errors import MappingError, ProblemsError
from runner.mapping import RowRefused
from tests.mapping.expressions import compute
from tests.mapping.site import GOOD_ROW, MESSAGE_ID, Site, an_item

ESCAPES = [
    "row.__class__",
    "row.__class__.__mro__",
    "row['__class__']",
    "row.X.__class__.__mro__[1].__subclasses__()",
    "row.X['__class__']['__mro__']",
    "''.__class__",
    "''['__class__']",
    "row.data",
    "row.value('X')",
    "row.X.format(row)",
    "'{0.__class__}'.format(row)",
    "row.X|attr('__class__')",
    "[row.X]|map(attribute='__class__')|first",
    "[row.X]|map(attribute='__class__.__mro__')|list|first",
    "[row]|map(attribute='data')|first",
    "[row.X]|map('attr', '__class__')|first",
    "[row.X]|selectattr('__class__')|first",
    "row.X|xmlattr",
    "row.X|pprint",
    "self",
    "self.__init__",
    "cycler",
    "lipsum.__globals__",
    "range(10)",
    "namespace()",
    "dict(a=1)",
    "config",
    "row.X.encode()",
    "row.X.ljust(1000000000)",
    "'a' * 1000000000",
    "[1] * 1000000000",
    "9 ** 9 ** 9",
    "'%1000000000d' % 1",
    "'a'|zfill(1000000000)",
    "row.X|center(1000000000)",
    "item.row",
    "item.item_id.__class__",
    "'x'|@put",
    "row.X.upper.__self__",
    "'a'.replace('a', 'b')",
    "'" + "aaaaaaaaaa" + "'" + "|replace('a', 'aaaaaaaaaa')" * 12,
    "[1] + [2]",
    "row.X + 1",
    "1E999999999 ~ ''",
    "(9.0 * 1E100) ~ ''",
    "row.X.upper.__globals__",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_an_escape_ends_as_a_fault_of_the_mapping(expression: str) -> None:
    with pytest.raises((ProblemsError, MappingError, RowRefused)):
        compute(expression, {"X": "x"})


@pytest.mark.parametrize(
    "part",
    [
        "{{ doc.__class__ }}",
        "{{ ''.__class__ }}",
        "{{ doc.bno.__class__.__mro__ }}",
        "{{ doc['data'] }}",
        "{{ doc.bno|attr('__class__') }}",
        "{{ self._TemplateReference__context }}",
        "{{ resz.__class__ }}",
        "{{ resz.paciens.__globals__ }}",
        "{{ item.row }}",
        "{% include '../mappings/rules.yaml' %}",
        "{% include '/etc/passwd' %}",
        "{% set x = namespace() %}",
        "{% for i in range(1000000000) %}{% endfor %}",
        "{{ '{0.__class__}'.format(doc) }}",
        "{{ cycler.__init__.__globals__ }}",
    ],
)
def test_a_template_cannot_escape_either(site: Site, part: str) -> None:
    site.edit("templates/erecept_feliras.xml.j2", "<er:Bno>{{ doc.bno }}", f"<er:Bno>{part}{{{{ doc.bno }}}}")
    with pytest.raises((ProblemsError, MappingError, RowRefused)):
        site.load().types["erecept_feliras"].prepare(GOOD_ROW, an_item(), MESSAGE_ID)


def test_what_a_row_holds_is_never_markup(site: Site) -> None:
    row = {**GOOD_ROW, "NEV": "</kz:Nev><kz:Nev>&amp;{{ doc.bno }}", "ADAG": "<![CDATA[<&>\"']]>"}
    body = site.load().types["erecept_feliras"].prepare(row, an_item(), MESSAGE_ID).body.decode()
    assert "&lt;/kz:Nev&gt;&lt;kz:Nev&gt;&amp;amp;{{ doc.bno }}" in body
    assert body.count("<kz:Nev") == 1
    assert "<![CDATA[" not in body


def test_what_a_macro_gives_is_not_escaped_twice(site: Site) -> None:
    body = site.load().types["erecept_feliras"].prepare(GOOD_ROW, an_item(), MESSAGE_ID).body.decode()
    assert "<kz:Nev" in body
    assert "&lt;" not in body

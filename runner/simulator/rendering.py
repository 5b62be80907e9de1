"""Elements of answers and faults: by the script's templates, or made from the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError
from lxml import etree

from runner.simulator.parser import parser
from runner.simulator.refusal import Code, Refusal
from runner.simulator.sample import NoSampleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

    from runner.simulator.pack import Pack
    from runner.simulator.sample import Sampler
    from runner.simulator.script import Script
    from runner.simulator.wsdl import Operation


class FaultDetails:
    """Makes what stands in the detail of a fault."""

    def __init__(self, pack: Pack, script: Script, samplers: Mapping[str, Sampler]) -> None:
        self._pack = pack
        self._script = script
        self._samplers = samplers

    def detail(self, operation: Operation | None, refusal: Refusal) -> tuple[etree._Element, str]:
        """The element of a fault's detail, and the fault's text."""
        code, text = self._script.code(refusal.code), self._script.text(refusal.code)
        if self._script.fault is not None:
            values = {"code": code, "text": text, "field": refusal.field, "identifier": refusal.identifier}
            return rendered(self._script.fault, values), text
        return self._sampled_fault(operation, refusal, code, text), text

    def _sampled_fault(self, operation: Operation | None, refusal: Refusal, code: str, text: str) -> etree._Element:
        """A declared fault element with the code where the pack says that it stands."""
        declared = [operation] if operation is not None and operation.fault else []
        declared += [o for o in self._pack.operations.values() if o.fault]
        places = self._pack.fault
        texts = [text, code, *identifier_texts("SIM000000000000")]
        for candidate in declared:
            assert candidate.fault is not None
            try:
                detail = self._samplers[candidate.service].make(candidate.fault, texts, full=True)
            except NoSampleError:
                continue
            holder = etree.Element("hiba")
            holder.append(detail)
            values = ((places.code, code), (places.field, refusal.field), (places.identifier, refusal.identifier))
            for xpath, value in values:
                for element in self._found(holder, xpath):
                    if value is not None:
                        element.text = value
                    elif (parent := element.getparent()) is not None:
                        parent.remove(element)
            return detail
        detail = etree.Element("Hiba")
        etree.SubElement(detail, "Kod").text = code
        return detail

    def _found(self, holder: etree._Element, xpath: str | None) -> list[etree._Element]:
        nodes = [] if xpath is None else holder.xpath(xpath, namespaces=self._pack.prefixes)
        return [node for node in nodes if etree.iselement(node)] if isinstance(nodes, list) else []


def rendered(template: Template, values: dict[str, Any]) -> etree._Element:
    """The one element that a template of the script makes."""
    try:
        text: str = template.render(values)
        made: list[etree._Element] = list(etree.fromstring(text, parser(len(text))).iterchildren(etree.Element))
    except (TemplateError, etree.XMLSyntaxError, ValueError, TypeError) as exc:
        raise Refusal(Code.UNAVAILABLE, why=f"the template fails: {exc}") from exc
    if len(made) != 1:
        raise Refusal(Code.UNAVAILABLE, why="the template does not make one element")
    return made[0]


def identifier_texts(identifier: str) -> list[str]:
    """The identifier in the lengths and alphabets that schemas ask for, the recognisable ones first."""
    digits = identifier.removeprefix("SIM")
    return [identifier, *(f"SIM{digits[-n:]}" for n in (9, 7, 5, 3)), *(digits[-n:] for n in (12, 10, 9, 8, 7, 6))]

"""What a mapping is read with: contract, rules, outboxes, lists of codes, templates and sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lxml.etree import QName

from runner.mapping.convert import CodeList
from runner.mapping.element_names import ElementNames
from runner.mapping.outboxes import OutboxConfig
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.published import PublishedCodes
from runner.mapping.rulefile import ReadRules
from runner.mapping.sandbox import Language
from runner.mapping.schema_tree import ANYTHING, is_closed, names_below, tree_of


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    Everything beside its own folder that a mapping is read with.

    Attributes:
        pack: The contract; None, as with the rules, where nothing of it is readable.
        rules: Dated rules.
        outboxes: Lanes; none where nothing of them is readable.
        code_lists: Lists of codes.
        published: The published tables, as they are read at work.
        expressions: Environment of expressions.
        templates: Environment of templates.
        template_folder: Where they are.
        source_folder: Where source queries are.
        today: Day whose rules the database is told.
    """

    pack: ContractPack | None
    rules: ReadRules | None
    outboxes: Mapping[str, OutboxConfig]
    code_lists: Mapping[str, CodeList]
    published: PublishedCodes
    expressions: Language
    templates: Language
    template_folder: Path
    source_folder: Path
    today: date

    def elements(self, operation: Operation | None) -> ElementNames | None:
        """Give the elements that messages of an operation may have; None without a contract."""
        if self.pack is None:
            return None
        source = self.pack.schemas.get(operation.service) if operation is not None else None
        every = ElementNames.of([source] if source is not None else [], self.pack.prefixes)
        return replace(every, home=str(QName(operation.input_element).namespace)) if operation is not None else every

    def answer_elements(self, operation: Operation | None) -> ElementNames | None:
        """Give the elements that an operation's answer may have, as far as its schema is closed."""
        every = self.elements(operation)
        if every is None or operation is None or self.pack is None or operation.service not in self.pack.schemas:
            return every
        schemas = self.pack.schemas[operation.service].documents()
        tree = tree_of(operation.output_element, schemas) if is_closed(schemas) else None
        names = set(names_below(tree)) if tree is not None else {ANYTHING}
        return every if ANYTHING in names else every.within(names)

"""What a mapping is read with: contract, rules, outboxes, lists of codes, templates and sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from runner.mapping.convert import CodeList
from runner.mapping.element_names import ElementNames
from runner.mapping.outboxes import OutboxConfig
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.rulefile import ReadRules
from runner.mapping.sandbox import Language


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    Everything beside its own folder that a mapping is read with.

    Attributes:
        pack: The contract; None, as with the rules, where nothing of it is readable.
        rules: Dated rules.
        outboxes: Lanes; none where nothing of them is readable.
        code_lists: Lists of codes.
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
        return ElementNames.of([source] if source is not None else [], self.pack.prefixes)

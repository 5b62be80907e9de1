"""All files of the integrator's language, read together: everything that is wrong with any of them in one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from runner.domain.card import CardProfile
from runner.domain.facts import Choice, Option
from runner.domain.formats import FORMATS
from runner.domain.rules import Rule, RuleBook
from runner.errors import RunnerError
from runner.mapping.card_file import read_cards
from runner.mapping.contract import read_pack
from runner.mapping.convert import CodeList, Publication
from runner.mapping.document import environment
from runner.mapping.document_type import BUDAPEST, DocumentType
from runner.mapping.language import read_shaped
from runner.mapping.mapping_file import ReadMapping, read_mapping
from runner.mapping.outboxes import OutboxConfig, read_outboxes
from runner.mapping.pack import ContractPack
from runner.mapping.places import shown
from runner.mapping.policy_rules import options_on, said_on
from runner.mapping.problems import Problems
from runner.mapping.published import PublishedCodes
from runner.mapping.references import check_references
from runner.mapping.rulefile import read_rules
from runner.mapping.sandbox import Language
from runner.mapping.surroundings import Surroundings

BESIDE = frozenset({"contract", "codes", "cards"})
"""Folders of ``mappings`` that are no document types."""

NO_OVERRIDES: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True, eq=False)
class Mappings:
    """
    The document types, outboxes, rules and contract of a site; immutable and safe to share between threads.

    Equal to itself alone, as are its document types, so that what follows from them can be kept.

    Attributes:
        types: Name → document type, sorted.
        outboxes: Lane → outbox.
        pack: The contract.
        rules: Dated rules, with the settings' changes.
        code_lists: Name → list of codes.
        published: The published tables, as they are read at work.
        cards: Name → card profile.
    """

    types: Mapping[str, DocumentType]
    outboxes: Mapping[str, OutboxConfig]
    pack: ContractPack
    rules: RuleBook
    code_lists: Mapping[str, CodeList]
    published: PublishedCodes
    cards: Mapping[str, CardProfile]

    @property
    def open_rules(self) -> tuple[Rule, ...]:
        """Rules in use that still run on our default, to be set from the operator's documentation."""
        return self.rules.to_be_set

    def options_on(self, day: date) -> Mapping[Option, Choice]:
        """What the rules of kind ``policy`` say on a day of recording."""
        return options_on(self.rules, day)

    def said_on(self, names: Iterable[str], day: date) -> Mapping[str, Mapping[str, str]]:
        """Give the versions of these rules that are in force on a day, as they are stored with a decision."""
        return said_on(self.rules, names, day)

    @property
    def unlisted_codes(self) -> tuple[str, ...]:
        """Code lists of which only the format is known here."""
        return tuple(name for name, each in self.code_lists.items() if each.codes is None)


def load_mappings(
    folder: Path,
    templates: Path,
    sources: Path,
    *,
    overrides: Mapping[str, Mapping[str, str]] = NO_OVERRIDES,
    contract: str | Path | None = None,
    today: date | None = None,
) -> Mappings:
    """
    Read everything.

    Args:
        folder: ``mappings``.
        templates: ``templates``.
        sources: ``sql/sources``.
        overrides: The settings' values for rules: identifier → parameter → value.
        contract: The pack's folder, or its name below ``contract``; None: the only one there.
        today: Day whose rules the database is told; None: today in Budapest.

    Raises:
        ProblemsError: Everything that is wrong, in the order of the files.
    """
    problems = Problems()
    made = _read(folder, templates, sources, problems, overrides, contract, today)
    problems.raise_any()
    assert made is not None
    return made


def lint(
    folder: Path,
    templates: Path,
    sources: Path,
    *,
    overrides: Mapping[str, Mapping[str, str]] = NO_OVERRIDES,
    contract: str | Path | None = None,
) -> list[RunnerError]:
    """Give everything that is wrong with the files, tests included; an empty list is good."""
    return check(folder, templates, sources, overrides=overrides, contract=contract).told


def load_chosen_pack(folder: Path, contract: str | Path | None) -> ContractPack:
    """
    Load the contract of a site and nothing else of its files.

    Args:
        folder: ``mappings``.
        contract: As of ``choose_pack``.

    Raises:
        ProblemsError: Everything that is wrong with it, or with which one is meant.
    """
    problems = Problems()
    pack = choose_pack(folder / "contract", contract, problems)
    problems.raise_any()
    assert pack is not None
    return pack


def check(
    folder: Path,
    templates: Path,
    sources: Path,
    *,
    overrides: Mapping[str, Mapping[str, str]] = NO_OVERRIDES,
    contract: str | Path | None = None,
) -> Problems:
    """Give what ``lint`` gives, and the notes: what is no mistake, but the author should know."""
    problems = Problems()
    _read(folder, templates, sources, problems, overrides, contract, None)
    for each in _mapping_folders(folder):
        test = each / "mapping_test.yaml"
        if not test.is_file():
            problems.add(2001, shown(test), reason="every mapping has its tests beside it")
            continue
        read_shaped(test, "mapping_test", problems)
    return problems


def _read(
    folder: Path,
    templates: Path,
    sources: Path,
    problems: Problems,
    overrides: Mapping[str, Mapping[str, str]],
    contract: str | Path | None,
    today: date | None,
) -> Mappings | None:
    expressions = environment()
    pack = choose_pack(folder / "contract", contract, problems)
    rules = read_rules(folder / "rules.yaml", overrides, expressions, problems)
    outboxes = read_outboxes(folder / "outboxes.yaml", problems)
    code_lists = _code_lists(folder / "codes", problems)
    cards = read_cards(folder / "cards", problems)
    day = today or datetime.now(UTC).astimezone(BUDAPEST).date()
    around = Surroundings(
        pack=pack,
        rules=rules,
        outboxes=outboxes,
        code_lists=code_lists,
        published=PublishedCodes(),
        expressions=expressions,
        templates=Language(str(templates)),
        template_folder=templates.resolve(),
        source_folder=sources,
        today=day,
    )
    types = _types(folder, around, problems)
    if problems.found or pack is None or rules is None:
        return None
    return Mappings(types, outboxes, pack, rules.book, code_lists, around.published, cards)


def _types(folder: Path, around: Surroundings, problems: Problems) -> dict[str, DocumentType]:
    found: dict[str, ReadMapping] = {}
    folders = _mapping_folders(folder)
    for each in folders:
        read = read_mapping(each, around, problems)
        if read is not None:
            found[each.name] = read
    check_references(found, [each.name for each in folders], around.pack, problems)
    return {name: read.kind for name, read in found.items() if read.kind is not None}


def _mapping_folders(folder: Path) -> list[Path]:
    """Give every folder that is a document type's, one whose ``mapping.yaml`` is missing or misnamed too."""
    return sorted(each for each in folder.glob("[!._]*") if each.name not in BESIDE and _holds_a_file(each))


def _holds_a_file(folder: Path) -> bool:
    return any(not each.is_dir() for each in folder.rglob("*"))


def choose_pack(folder: Path, contract: str | Path | None, problems: Problems) -> ContractPack | None:
    """
    Read the contract of a site.

    Args:
        folder: The folder of all packs.
        contract: The pack's folder, or its name below ``folder``; None: the only one there.
        problems: Everything that is wrong.

    Returns:
        The pack; None where none is meant or it cannot be read.
    """
    if isinstance(contract, Path):
        return read_pack(contract, problems)
    known = sorted(path.parent.name for path in folder.glob("*/pack.yaml"))
    if contract is None and len(known) == 1:
        contract = known[0]
    if contract is None and known:
        problems.add(2082, shown(folder), known=", ".join(known))
        return None
    if contract is None:
        problems.add(2001, shown(folder), reason="no folder in it has a pack.yaml, so there is no contract")
        return None
    if contract not in known:
        problems.add_unknown(shown(folder), "contract", contract, known)
        return None
    return read_pack(folder / contract, problems)


def _code_lists(folder: Path, problems: Problems) -> dict[str, CodeList]:
    found: dict[str, CodeList] = {}
    for path in sorted(folder.glob("*.yaml")):
        file = read_shaped(path, "codes", problems)
        if file is None or "code_list" not in file.data:
            continue
        data = file.data
        if data.get("format") is not None and data["format"] not in FORMATS:
            problems.add_unknown(file.at("format"), "format", data["format"], FORMATS)
        codes = frozenset(data["codes"]) if "codes" in data else None
        published = Publication(data["publication"], **data["columns"]) if "publication" in data else None
        if published is not None and codes is not None:
            problems.add(
                2014, file.at("publication"), what="`publication` beside `codes`", instead="A list has one source"
            )
        name, title = data["code_list"], data.get("title", "")
        found[name] = CodeList(name, title, data.get("format"), codes, published)
    return found

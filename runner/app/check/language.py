"""The integrator's files: mappings and their tests, what of them is in force, rules on defaults, the contract."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection, SkippedError
from runner.errors import fault
from runner.mapping import lint
from runner.mapping.cases import run_cases


def mapping_files(inspection: Inspection) -> Iterator[Finding]:
    """Everything that is wrong with mappings, templates, rules, outboxes and contract."""
    settings = inspection.settings
    site = settings.site
    problems = lint(
        site.mappings, site.templates, site.sources, contract=settings.eeszt.contract, overrides=settings.rules
    )
    for problem in problems:
        yield Finding.of("mapping lint", Status.FAIL, problem)
    if not problems:
        yield ok("mapping lint", f"{len(inspection.mappings.types)} document types, no problem in any file")


def mapping_tests(inspection: Inspection) -> Iterator[Finding]:
    """The tests beside the mappings."""
    mappings = inspection.mappings
    for name, group in groupby(run_cases(mappings, inspection.settings.site.mappings), lambda each: each.document_type):
        results = list(group)
        for result in results:
            for problem in result.problems:
                yield Finding.of(name, Status.FAIL, problem)
        if not any(result.problems for result in results):
            yield ok(name, f"{len(results)} cases pass")


def code_lists(inspection: Inspection) -> Iterator[Finding]:
    """Code lists of which only the format is known: neither their file nor a copy of their table has codes."""
    unlisted = inspection.mappings.unlisted_codes
    try:
        copies = {copy.name: copy for copy in inspection.tables.codes.copies()} if unlisted else {}
    except SkippedError:
        copies = {}  # without a database no table was read
    for name in unlisted:
        copy = copies.get(name)
        if copy is None:
            yield Finding.of(name, Status.WARN, fault(2063, name))
        else:
            lines = "1 line" if copy.lines == 1 else f"{copy.lines} lines"
            yield ok(name, f"{lines} of its published table, read {copy.read_at:%Y-%m-%d}")


def rules_to_be_set(inspection: Inspection) -> Iterator[Finding]:
    """Rules that no public source gives and that this site has not set."""
    book = inspection.mappings.rules
    for rule in book.to_be_set:
        values = ", ".join(f"{name} = {value}" for name, value in rule.parameters.items() if name != "sentence")
        facts = {"values": values, "source": rule.source, "statement": rule.statement}
        yield Finding.of(rule.identifier, Status.WARN, fault(2062, rule.identifier, **facts))
    if not book.to_be_set:
        yield ok("rules", f"{len(book.rules)} rules, none on a default that the site must set")


def contract(inspection: Inspection) -> Iterator[Finding]:
    """Whose contract it is; production refuses ours."""
    pack, where = inspection.mappings.pack, str(inspection.settings.eeszt.contract)
    if pack.origin != "ours":
        yield ok("contract", f"{pack.name}, the operator's, {len(pack.operations)} operations")
    elif inspection.settings.runner.environment == "production":
        yield Finding.of("contract", Status.FAIL, fault(8002, where, name=pack.name))
    else:
        yield Finding.of("contract", Status.WARN, fault(2065, where, name=pack.name))


def in_force(inspection: Inspection) -> Iterator[Finding]:
    """Whether what the files say is what the database has in force."""
    active = {version.document_type: version.digest for version in inspection.tables.desk.active()}
    types = inspection.mappings.types
    wrong: dict[str, str] = {}
    for name, kind in types.items():
        if name not in active:
            wrong[name] = "is not in force"
        elif active[name] != kind.digest:
            wrong[name] = "is in force in another form than the files have"
    wrong |= {name: "is in force, but has no files here" for name in active if name not in types}
    for name, how in wrong.items():
        yield Finding.of(name, Status.FAIL, fault(2061, "EESZT_DOCUMENT_TYPE", name=name, how=how))
    if not wrong:
        yield ok("in force", f"{len(types)} document types, as the files have them")

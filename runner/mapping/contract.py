"""The contract pack: WSDLs, schemas and ``pack.yaml``, read into plain data."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from runner.mapping.language import read_shaped
from runner.mapping.pack import ContractPack, Operation
from runner.mapping.pack_file import check_names, check_paths, make_pack
from runner.mapping.places import shown
from runner.mapping.problems import Problems
from runner.mapping.wsdl import read_service
from runner.mapping.xsd import OutsideError, SchemaSource, readers_reason


def load_pack(folder: Path) -> ContractPack:
    """
    Read a contract pack.

    Raises:
        ProblemsError: Everything that is wrong with it, each with its place.
    """
    problems = Problems()
    pack = read_pack(folder, problems)
    problems.raise_any()
    assert pack is not None
    return pack


def read_pack(folder: Path, problems: Problems) -> ContractPack | None:
    """Read what is readable of a contract pack, noting what is wrong; None where nothing is."""
    file = read_shaped(folder / "pack.yaml", "pack", problems)
    if file is None:
        return None
    operations: dict[str, Operation] = {}
    schemas: dict[str, SchemaSource] = {}
    for service, entry in file.data.get("services", {}).items():
        if "wsdl" not in entry:
            continue
        wsdl = (folder / entry["wsdl"]).resolve()
        where = file.at("services", service, "wsdl")
        for operation in read_service(service, wsdl, entry.get("binding"), where, problems):
            operations[operation.name] = operation
        source = _read_schema(wsdl, problems)
        if source is not None:
            schemas[service] = source
    check_names(file, operations, problems)
    check_paths(file, schemas, problems)
    return make_pack(file.data, folder, operations, schemas)


def _read_schema(wsdl: Path, problems: Problems) -> SchemaSource | None:
    if not wsdl.is_file():
        return None
    try:
        source = SchemaSource(wsdl)
        source.schema()
    except (etree.LxmlError, OutsideError, OSError) as error:
        problems.add(2032, shown(wsdl), reason=readers_reason(error))
        return None
    return source

"""``pack.yaml`` itself: its names and XPaths checked against the WSDLs and schemas, and all of it made into a pack."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from runner.domain.rules import seconds
from runner.mapping.element_names import ElementNames
from runner.mapping.pack import ContractPack, FaultPaths, Operation, PackFaults, Security, StsProfile
from runner.mapping.places import Key, YamlFile
from runner.mapping.problems import Problems
from runner.mapping.xsd import SchemaSource

REFUSED = 2031
"""Number of the fault of an operation that cannot be used."""

UNREAD: Mapping[str, Mapping[str, Any]] = {
    "security": {
        "proof": "",
        "signed_parts": (),
        "digest": "",
        "signatures": (),
        "timestamp_life": "0s",
        "clock_skew": "0s",
    },
    "sts": {
        "operation": "",
        "life": "0s",
        "user_attribute": "",
        "role_attribute": "",
        "institution_attribute": "",
        "doctor_roles": (),
    },
}
"""Stands for what a wrong pack does not say, while its mappings are checked; nothing is sent by such a pack."""


def check_names(file: YamlFile, operations: Mapping[str, Operation], problems: Problems) -> None:
    """Note the operations and services that the file names and the WSDLs do not have."""
    data = file.data
    services = data.get("services", {})
    harmless = data.get("harmless", {})
    wanted: list[tuple[tuple[Key, ...], str]] = [(("harmless", service), name) for service, name in harmless.items()]
    if "operation" in data.get("sts", {}):
        wanted.append((("sts", "operation"), data["sts"]["operation"]))
    for query, shown_ones in data.get("complete_queries", {}).items():
        wanted.append((("complete_queries", query), query))
        wanted += [(("complete_queries", query, place), name) for place, name in enumerate(shown_ones)]
    for path, name in wanted:
        check_operation(name, operations, services, file.at(*path), problems)
    for service in harmless:
        if service not in services:
            problems.add_unknown(file.at("harmless", service), "service", service, services)


def check_operation(
    name: str, operations: Collection[str], services: Collection[str], where: str, problems: Problems
) -> None:
    """Check that there is such an operation; of what could not be read or was refused nothing more is said."""
    service = name.partition(".")[0]
    refused = {problem.facts["name"] for problem in problems.found if problem.number == REFUSED}
    is_unread = service in services and not any(each.startswith(f"{service}.") for each in operations)
    if name not in operations and name not in refused and not is_unread:
        problems.add_unknown(where, "operation", name, operations)


def check_paths(file: YamlFile, schemas: Mapping[str, SchemaSource], problems: Problems) -> None:
    """Note the XPaths into a fault that are wrong, or name an element that no schema has."""
    prefixes = file.data.get("prefixes", {})
    elements = ElementNames.of(schemas.values(), prefixes)
    for name, path in file.data.get("fault", {}).items():
        where = file.at("fault", name)
        try:
            etree.XPath(path, namespaces=prefixes)(etree.Element("x"))
        except etree.XPathError as error:
            problems.add(2012, where, path=path, reason=str(error))
        else:
            elements.check_xpath(path, where, problems, described=False)


def make_pack(
    data: Mapping[str, Any], folder: Path, operations: Mapping[str, Operation], schemas: Mapping[str, SchemaSource]
) -> ContractPack:
    """Make the pack of a file; what a wrong one does not say is left empty, for the checks of its mappings alone."""
    security, sts = ({**UNREAD[part], **data.get(part, {})} for part in ("security", "sts"))
    faults = data.get("faults", {})
    return ContractPack(
        name=data.get("contract", folder.name),
        origin=data.get("origin", "ours"),
        notice=data.get("notice", ""),
        operations=operations,
        services=tuple(data.get("services", ())),
        prefixes=data.get("prefixes", {}),
        fault=FaultPaths(**{"code": "", **data.get("fault", {})}),
        faults=PackFaults(frozenset(faults.get("retry", ())), frozenset(faults.get("session_ended", ()))),
        security=Security(
            proof=security["proof"],
            signed_parts=tuple(security["signed_parts"]),
            digest=security["digest"],
            signatures=tuple(security["signatures"]),
            timestamp_life_s=seconds(security["timestamp_life"]),
            clock_skew_s=seconds(security["clock_skew"]),
        ),
        sts=StsProfile(
            operation=sts["operation"],
            life_s=seconds(sts["life"]),
            user_attribute=sts["user_attribute"],
            role_attribute=sts["role_attribute"],
            institution_attribute=sts["institution_attribute"],
            doctor_roles=tuple(sts["doctor_roles"]),
            faults={meaning: tuple(codes) for meaning, codes in sts.get("faults", {}).items()},
            card_proof=sts.get("card_proof"),
        ),
        harmless=data.get("harmless", {}),
        production_hosts=frozenset(host.lower() for host in data.get("production_hosts", ())),
        complete_queries={query: frozenset(names) for query, names in data.get("complete_queries", {}).items()},
        digest=_digest(folder),
        schemas=schemas,
    )


def _digest(folder: Path) -> str:
    """SHA-256 over names and bytes of everything that shapes a message; neither README nor simulator is that."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix in {".wsdl", ".xsd"} or path.name == "pack.yaml"):
            body = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(body)}\0".encode())
            digest.update(body)
    return digest.hexdigest()

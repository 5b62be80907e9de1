"""What a contract pack says of the other side: operations, fault paths, security, tokens. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.mapping.problems import nearest
from runner.mapping.xsd import SchemaSource

if TYPE_CHECKING:
    from lxml import etree


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One operation of the contract; document/literal with one body part.

    Attributes:
        name: ``service.Operation``, as mappings name it.
        service: Logical name of its service; the address is a setting.
        action: From wsam:Action, else soapAction.
        soap_version: ``1.1`` or ``1.2``, as its binding says.
        input_element: The body's element as ``{namespace}local``.
        output_element: The answer's body element, likewise.
        answer_actions: What the answer and its faults may have as wsa:Action; empty where the contract does not say.
    """

    name: str
    service: str
    action: str
    soap_version: str
    input_element: str
    output_element: str
    answer_actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Security:
    """
    How messages are secured.

    Attributes:
        proof: ``holder_of_key`` (the key named in the token signs) or ``bearer`` (the institution's key signs).
        signed_parts: Of ``timestamp body to action message_id token``.
        digest: ``sha256``, ``sha384`` or ``sha512``.
        signatures: Allow-list of signature algorithms, both ways.
        timestamp_life_s: Expires minus Created at most, seconds.
        clock_skew_s: How far the other side's clock may be off, seconds.
    """

    proof: str
    signed_parts: Sequence[str]
    digest: str
    signatures: Sequence[str]
    timestamp_life_s: float
    clock_skew_s: float


@dataclass(frozen=True, slots=True)
class StsProfile:
    """
    How tokens are got.

    Attributes:
        operation: ``service.Operation`` that issues them.
        life_s: Of a person's session as granted today, seconds; what the assertion says counts.
        user_attribute: Whose session it is: ``NameID`` or the name of an attribute.
        role_attribute: Attribute that names the role.
        institution_attribute: Attribute that names the institution.
        doctor_roles: Roles that may do what only a doctor may.
        faults: What a fault of the STS means (``wrong_password``, ``not_active`` …) → its codes.
        card_proof: Namespace of the element that carries a card's proof; None: no login with a card.
    """

    operation: str
    life_s: float
    user_attribute: str
    role_attribute: str
    institution_attribute: str
    doctor_roles: Sequence[str]
    faults: Mapping[str, Sequence[str]]
    card_proof: str | None = None


@dataclass(frozen=True, slots=True)
class FaultPaths:
    """XPaths, with the pack's prefixes, into a fault: what happened, to which field, which identifier exists."""

    code: str
    field: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class PackFaults:
    """
    Fault codes that any operation may give.

    Attributes:
        retry: Surely not taken: the same message again, later.
        session_ended: Surely not taken: the grant is over, a new token first.
    """

    retry: frozenset[str] = frozenset()
    session_ended: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ContractPack:
    """
    A contract that was read; safe to share between threads.

    Attributes:
        name: As stored with every item that was made by it.
        origin: ``ours`` or ``operator``; ``ours`` is refused in production.
        notice: What is to be known of where it is from.
        operations: Name → operation.
        services: Logical names.
        prefixes: Prefix → namespace, for XPaths and templates.
        fault: Where a fault says what.
        faults: Fault codes of every operation.
        security: How messages are secured.
        sts: How tokens are got.
        harmless: Service → operation that changes and reveals nothing.
        complete_queries: Query → operations of which it shows everything that we did, with our own reference.
        production_hosts: Host names (and what lies below them) of the EESZT's production; test systems never call them.
        digest: SHA-256 (hex) over WSDLs, schemas and ``pack.yaml``.
    """

    name: str
    origin: str
    notice: str
    operations: Mapping[str, Operation]
    services: Sequence[str]
    prefixes: Mapping[str, str]
    fault: FaultPaths
    faults: PackFaults
    security: Security
    sts: StsProfile
    harmless: Mapping[str, str]
    complete_queries: Mapping[str, frozenset[str]]
    production_hosts: frozenset[str]
    digest: str
    schemas: Mapping[str, SchemaSource]

    def operation(self, name: str) -> Operation:
        """
        Give an operation by its name.

        Raises:
            KeyError: There is none; the text names the nearest one.
        """
        if name not in self.operations:
            close = nearest(name, self.operations)
            raise KeyError(f"no operation {name!r}" + (f", did you mean {close!r}?" if close else ""))
        return self.operations[name]

    def schema(self, service: str) -> etree.XMLSchema:
        """
        Give the service's XML Schema, made anew for each thread: one shared object mixes the threads' errors.

        Its messages quote values, so they are never logged.
        """
        return self.schemas[service].schema()

"""A contract pack: what ``pack.yaml`` and its WSDLs say, read by the simulator for itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import yaml

from runner.simulator.refusal import SimulatorError
from runner.simulator.wsdl import Description, Operation, read_wsdl

if TYPE_CHECKING:
    from pathlib import Path

Proof = Literal["holder_of_key", "bearer"]
_ALL_PARTS = ("timestamp", "body", "to", "action", "message_id", "token")
_UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Security:
    """How messages are protected."""

    proof: Proof
    signed_parts: tuple[str, ...]
    digest: str
    signatures: tuple[str, ...]
    timestamp_life_s: float
    clock_skew_s: float


@dataclass(frozen=True)
class Sts:
    """How tokens are asked for and what they say."""

    #: None where the pack has no token service.
    operation: str | None
    life_s: float
    user_attribute: str
    role_attribute: str
    institution_attribute: str


@dataclass(frozen=True)
class FaultPlaces:
    """XPaths inside a fault's detail."""

    code: str
    field: str | None
    identifier: str | None


@dataclass(frozen=True)
class Pack:
    """A contract, as far as a server needs it."""

    folder: Path
    contract: str
    prefixes: dict[str, str]
    descriptions: dict[str, Description]
    #: ``service.Operation`` → operation.
    operations: dict[str, Operation]
    security: Security
    sts: Sts
    fault: FaultPlaces
    #: Operations that are known to store nothing: harmless calls and complete queries.
    read_only: frozenset[str]
    #: Query → operations of which it shows everything.
    complete_queries: dict[str, frozenset[str]]

    def operation(self, service: str, element: str) -> Operation | None:
        """The operation of the service whose request is that element."""
        found = (o for o in self.operations.values() if o.service == service and o.request == element)
        return next(found, None)


def read_pack(folder: Path) -> Pack:
    """
    The pack in that folder.

    Raises:
        SimulatorError: pack.yaml or a WSDL is missing or cannot be understood.
    """
    path = folder / "pack.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        descriptions = {
            name: read_wsdl(name, folder / described["wsdl"]) for name, described in content["services"].items()
        }
        security = _security(content.get("security") or {})
        sts = content.get("sts") or {}
        fault = content.get("fault") or {}
        complete = {str(k): frozenset(v) for k, v in (content.get("complete_queries") or {}).items()}
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as exc:
        raise SimulatorError(f"{path}: cannot be read as a contract pack: {exc!r}") from exc
    harmless = content.get("harmless") or {}
    return Pack(
        folder=folder,
        contract=str(content.get("contract", folder.name)),
        prefixes={str(k): str(v) for k, v in (content.get("prefixes") or {}).items()},
        descriptions=descriptions,
        operations={o.name: o for d in descriptions.values() for o in d.operations},
        security=security,
        sts=Sts(
            operation=sts.get("operation"),
            life_s=seconds(sts.get("life", "8h")),
            user_attribute=str(sts.get("user_attribute", "NameID")),
            role_attribute=str(sts.get("role_attribute", "szerepkor")),
            institution_attribute=str(sts.get("institution_attribute", "intezmeny")),
        ),
        fault=FaultPlaces(
            code=str(fault.get("code", "//*[local-name()='Kod']")),
            field=fault.get("field"),
            identifier=fault.get("identifier"),
        ),
        read_only=frozenset([*harmless.values(), *complete]),
        complete_queries=complete,
    )


def _security(content: dict[str, Any]) -> Security:
    proof = content.get("proof", "holder_of_key")
    parts = tuple(content.get("signed_parts", _ALL_PARTS))
    unknown = set(parts) - set(_ALL_PARTS)
    if proof not in ("holder_of_key", "bearer") or unknown:
        raise ValueError(f"security: unknown proof {proof!r} or signed parts {sorted(unknown)}")
    return Security(
        proof=cast("Proof", proof),
        signed_parts=parts,
        digest=str(content.get("digest", "sha256")),
        signatures=tuple(content.get("signatures", ("rsa-sha256", "ecdsa-sha256"))),
        timestamp_life_s=seconds(content.get("timestamp_life", "60s")),
        clock_skew_s=seconds(content.get("clock_skew", "30s")),
    )


def seconds(value: str | float) -> float:
    """A duration such as ``60s`` or ``8h`` in seconds; a bare number is seconds."""
    if isinstance(value, int | float):
        return float(value)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)", value.strip())
    if found is None:
        raise ValueError(f"{value!r} is no duration such as 60s, 10min or 8h")
    return float(found[1]) * _UNITS[found[2]]

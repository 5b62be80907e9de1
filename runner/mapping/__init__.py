"""
The integrator's language: contract, row → document → message, answer → outcome; checks and tests of mappings.

A module is imported when it is first asked for: who only reads the outboxes needs no templates and no WSDL.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.mapping.asking import AskPlan
    from runner.mapping.contract import load_pack
    from runner.mapping.convert import CodeList, Publication
    from runner.mapping.document_type import DocumentType, Prepared
    from runner.mapping.filling import TraceLine
    from runner.mapping.loader import Mappings, lint, load_chosen_pack, load_mappings
    from runner.mapping.outboxes import OutboxConfig
    from runner.mapping.pack import ContractPack, FaultPaths, Operation, PackFaults, Security, StsProfile
    from runner.mapping.refusal import RowRefused
    from runner.mapping.writeback import WriteBackPlan

__all__ = [
    "AskPlan",
    "CodeList",
    "ContractPack",
    "DocumentType",
    "FaultPaths",
    "Mappings",
    "Operation",
    "OutboxConfig",
    "PackFaults",
    "Prepared",
    "Publication",
    "RowRefused",
    "Security",
    "StsProfile",
    "TraceLine",
    "WriteBackPlan",
    "lint",
    "load_chosen_pack",
    "load_mappings",
    "load_pack",
]

_HOMES = {
    "asking": ("AskPlan",),
    "contract": ("load_pack",),
    "convert": ("CodeList", "Publication"),
    "document_type": ("DocumentType", "Prepared"),
    "filling": ("TraceLine",),
    "loader": ("Mappings", "lint", "load_chosen_pack", "load_mappings"),
    "outboxes": ("OutboxConfig",),
    "pack": ("ContractPack", "FaultPaths", "Operation", "PackFaults", "Security", "StsProfile"),
    "refusal": ("RowRefused",),
    "writeback": ("WriteBackPlan",),
}


def __getattr__(name: str) -> Any:
    """Give a name of ``__all__`` from the module that defines it (PEP 562)."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

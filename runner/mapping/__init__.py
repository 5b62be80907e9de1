"""The integrator's language: contract, row → document → message, answer → outcome; checks and tests of mappings."""

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

"""The one table of faults: those of the files, of the work, and of integrity."""

from __future__ import annotations

from runner.errors.card import CARD
from runner.errors.entry import Entry
from runner.errors.files import FILES
from runner.errors.inspection import INSPECTION
from runner.errors.integrity import INTEGRITY
from runner.errors.oracle import ORACLE
from runner.errors.schema import SCHEMA
from runner.errors.work import WORK

TABLE: dict[int, Entry] = FILES | WORK | ORACLE | SCHEMA | INTEGRITY | INSPECTION | CARD

"""The one table of faults: the faults of the files and the faults of the work."""

from __future__ import annotations

from runner.errors.entry import Entry
from runner.errors.files import FILES
from runner.errors.work import WORK

TABLE: dict[int, Entry] = FILES | WORK

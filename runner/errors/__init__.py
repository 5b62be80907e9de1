"""
Every fault that the runner can name, in one table, and the exceptions that carry them.

A message reads ``RNR-nnnn <where>: <what>. <what to do>.`` The thousand-block says who acts: 1 settings (installer),
2 mapping (its author), 3 the row (who recorded it), 4 login or certificate (its holder), 5 transport (nobody yet),
6 refused by the EESZT (the sender), 7 database (DBA), 8 integrity (security officer), 9 a mistake of ours. Numbers are
never used again.
``where`` is file:line, an item number or a host. Never a patient's data, a password, a token or a piece of a message.
"""

from runner.errors.entry import Entry
from runner.errors.exceptions import (
    BUSY,
    CLASSES,
    IN_DOUBT,
    PASSING,
    BugError,
    IntegrityError,
    LoginError,
    MappingError,
    ProblemsError,
    RefusedError,
    RowError,
    RunnerError,
    SettingsError,
    StoreError,
    TransportError,
    fault,
    in_order,
    passes,
    places,
)
from runner.errors.table import TABLE

__all__ = [
    "BUSY",
    "CLASSES",
    "IN_DOUBT",
    "PASSING",
    "TABLE",
    "BugError",
    "Entry",
    "IntegrityError",
    "LoginError",
    "MappingError",
    "ProblemsError",
    "RefusedError",
    "RowError",
    "RunnerError",
    "SettingsError",
    "StoreError",
    "TransportError",
    "fault",
    "in_order",
    "passes",
    "places",
]

"""
The audit log: everything that is exchanged, sealed to a key that the runner cannot open, in a chain that shows changes.

``keys`` are the institution's, ``segment`` and ``chain`` the files, ``log`` writes, ``verify`` and ``search`` read,
``retention`` destroys what is too old. It is never read to do work.
"""

from runner.audit.check import NO_ROOM, audit_problems
from runner.audit.log import SealedLog, opened_log
from runner.audit.retention import Retention

__all__ = ["NO_ROOM", "Retention", "SealedLog", "audit_problems", "opened_log"]

"""
The outboxes in a database.

``queries`` and ``naming`` read the SQL, ``rows`` and ``work`` are what every database shares: rows as the domain knows
them, and what follows from a step. ``embedded`` is SQLite.
"""

from runner.store.naming import OutboxTable, Overlay

__all__ = ["OutboxTable", "Overlay"]

"""What waits for the disk: everything that a power loss must not undo."""

from __future__ import annotations

from pathlib import Path

from runner.store.embedded.connection import Connections

NORMAL, FULL = 1, 2


def test_only_a_sign_of_life_does_not_wait_for_the_disk_and_the_next_permit_does_again(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "medworks.db")
    connections.may_create = True
    seen = []
    for durable in (True, False, True):
        with connections.writing(durable=durable) as connection:
            seen.append(connection.execute("PRAGMA synchronous").fetchone()[0])
    connections.close()
    assert seen == [FULL, NORMAL, FULL]

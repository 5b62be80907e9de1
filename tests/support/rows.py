"""Rows for tests of the store: written as MedWorkS writes them, forced into any state, moved in time."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runner.domain.outbox import Needs, Row, Waits
from runner.domain.outcome import Ending, Outcome
from runner.domain.policy import Kind
from runner.ports import Completion, Item, NewItem, PermitRequest, TypeVersion
from runner.store import OutboxTable
from runner.store.embedded import EmbeddedStore
from runner.store.rows import to_stored, to_text

SQL = Path(__file__).parents[2] / "sql"

OUTBOXES = {
    "interactive": OutboxTable("EESZT_OUT_INTERACTIVE"),
    "query": OutboxTable("EESZT_OUT_QUERY"),
    "background": OutboxTable("EESZT_OUT_BACKGROUND"),
}

TYPES = (
    TypeVersion(
        "erecept_feliras",
        "d-feliras",
        "eRecept",
        "interactive",
        Kind.AT_RECORDING,
        20,
        30,
        Needs.FINAL,
        "erecept_visszavonas",
    ),
    TypeVersion("erecept_visszavonas", "d-vissza", "Visszavonás", "interactive", Kind.WITHDRAWAL, needs=Needs.ACCEPTED),
    TypeVersion("erecept_lekerdezes", "d-leker", "Lekérdezés", "query", Kind.QUERY, 60),
    TypeVersion(
        "ekat_esemeny", "d-esemeny", "Esemény", "background", Kind.REPORT, 86400, withdrawal_type="ekat_torles"
    ),
    TypeVersion("ekat_torles", "d-torles", "Esemény törlése", "background", Kind.REPORT, needs=Needs.ACCEPTED),
    TypeVersion("ekat_lekerdezes", "d-kerdes", "Utánakérdezés", "background", Kind.QUERY, is_probe=True),
)

DIGESTS = {version.document_type: version.digest for version in TYPES}

TIMES = (
    "recorded_at",
    "created_at",
    "send_by",
    "answer_by",
    "state_at",
    "next_at",
    "lease_until",
    "sent_at",
    "withdraw_asked_at",
    "first_recorded_at",
)

_numbers = itertools.count(1)


class Lab:
    """
    A store with the document types of the tests in force, and the hands of MedWorkS and of time on its rows.

    Attributes:
        store: Under test.
        path: Its file.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.path = folder / "medworks.db"
        self.store = EmbeddedStore(self.path, OUTBOXES, SQL, **options)
        self.store.install()
        self.store.install_example()
        self.store.desk.activate(TYPES)

    # MedWorkS

    def connect(self) -> sqlite3.Connection:
        """Open a connection of MedWorkS's own."""
        return sqlite3.connect(self.path, timeout=5, isolation_level=None)

    def run(self, sql: str, binds: Any = ()) -> list[tuple[Any, ...]]:
        """Run one statement as any tool would."""
        with closing(self.connect()) as connection:
            return connection.execute(sql, binds).fetchall()

    def insert(self, document_type: str = "ekat_esemeny", lane: str | None = None, **columns: Any) -> int:
        """INSERT a row as MedWorkS does; its number."""
        lane = lane or next((each.lane for each in TYPES if each.document_type == document_type), "background")
        row = {
            "document_type": document_type,
            "recorded_by": "kovacs.anna",
            "workplace": "013579101",
            "recorded_at": to_text(datetime.now(UTC)),
            **columns,
        }
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        with closing(self.connect()) as connection:
            sql = f"INSERT INTO {OUTBOXES[lane].table} ({names}) VALUES ({marks})"
            number = connection.execute(sql, list(row.values())).lastrowid
        assert number is not None
        return number

    # reading

    def record(self, item: int) -> dict[str, Any]:
        """Give a row with all columns of its outbox."""
        for lane, outbox in OUTBOXES.items():
            with closing(self.connect()) as connection:
                connection.row_factory = sqlite3.Row
                found = connection.execute(f"SELECT * FROM {outbox.table} WHERE item_id = ?", [item]).fetchone()
                if found:
                    return {"lane": lane, **dict(found)}
        raise LookupError(item)

    def row(self, item: int) -> Row:
        """Give a row as the domain knows it."""
        return self.rows(self.record(item)["lane"], [item])[0]

    def rows(self, lane: str, items: Sequence[int]) -> list[Row]:
        """Give rows of one lane as the domain knows them, in the order of ``items``."""
        sql = f"""
            SELECT o.*, m.expires_at, m.digest,
                   (SELECT value FROM EESZT_IDENTIFIER i
                     WHERE i.item_id = o.item_id AND name = 'eeszt_id' AND is_second = 0) AS eeszt_id
              FROM {OUTBOXES[lane].table} o LEFT JOIN EESZT_MESSAGE m ON m.item_id = o.item_id
             WHERE o.item_id IN (SELECT value FROM json_each(?))"""
        with closing(self.connect()) as connection:
            connection.row_factory = sqlite3.Row
            found = {
                each["item_id"]: to_stored(each).row for each in connection.execute(sql, [json.dumps(list(items))])
            }
        return [found[item] for item in items]

    # time and force

    def force(self, *rows: tuple[int, dict[str, Any]]) -> None:
        """Put rows into any state, past the triggers that forbid it."""
        for item, columns in rows:
            self.force_many(self.record(item)["lane"], [(item, columns)])

    def force_many(self, lane: str, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Put many rows of one lane into any state; the state trigger guards numbers up to the sequence only."""
        with closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            last = connection.execute("SELECT last_id FROM EESZT_SEQUENCE WHERE name = 'item'").fetchone()[0]
            connection.execute("UPDATE EESZT_SEQUENCE SET last_id = 0 WHERE name = 'item'")
            for item, columns in rows:
                changes = ", ".join(f"{name} = ?" for name in columns)
                values = [to_text(each) if isinstance(each, datetime) else each for each in columns.values()]
                connection.execute(f"UPDATE {OUTBOXES[lane].table} SET {changes} WHERE item_id = ?", [*values, item])
            connection.execute("UPDATE EESZT_SEQUENCE SET last_id = ? WHERE name = 'item'", [last])
            connection.execute("COMMIT")

    def travel(self, item: int, seconds: float) -> None:
        """Let so much time pass for one item: all its instants move into the past."""
        record = self.record(item)
        moved = {name: _earlier(record[name], seconds) for name in TIMES if record[name] is not None}
        self.force((item, moved))
        for stored, expires in self.run("SELECT stored_at, expires_at FROM EESZT_MESSAGE WHERE item_id = ?", [item]):
            binds = [_earlier(stored, seconds), _earlier(expires, seconds), item]
            self.run("UPDATE EESZT_MESSAGE SET stored_at = ?, expires_at = ? WHERE item_id = ?", binds)


def travel(lab: Lab, item: int, seconds: float) -> None:
    """Let so much time pass for one item."""
    lab.travel(item, seconds)


def _earlier(stored: str, seconds: float) -> str:
    moved = to_text(datetime.fromisoformat(stored).replace(tzinfo=UTC) - timedelta(seconds=seconds))
    assert moved is not None
    return moved


def new_item(document_type: str = "ekat_esemeny", **facts: Any) -> NewItem:
    """Give an item as MedWorkS would submit it."""
    return NewItem(
        **{
            "document_type": document_type,
            "recorded_by": "kovacs.anna",
            "workplace": "013579101",
            "recorded_at": datetime.now(UTC),
            **facts,
        }
    )


def claim(
    lab: Lab, lane: str = "background", limit: int = 100, token: str | None = None, lease_s: float = 30
) -> list[Item]:
    """Claim what is due under a fresh token."""
    return list(lab.store.outbox.claim(lane, token or f"token-{next(_numbers)}", limit, lease_s, DIGESTS))


def claim_probes(lab: Lab, lane: str = "background", lease_s: float = 30) -> list[Item]:
    """Claim what is to be asked after."""
    return list(lab.store.outbox.claim_probes(lane, f"token-{next(_numbers)}", 100, lease_s, DIGESTS))


def request(item: Item, **facts: Any) -> PermitRequest:
    """Give what is stored of an item before it leaves."""
    number = item.row.item_id
    return PermitRequest(
        **{
            "item": item,
            "token": item.row.claim_token or "",
            "message_id": item.row.message_id or f"urn:uuid:{number}",
            "body": f"<body>{number}</body>".encode(),
            "document": "{}",
            "acting_user": "O12345",
            "mapping_version": DIGESTS[item.document_type],
            "life_s": 60.0,
            **facts,
        }
    )


def completion(
    item: Item, ending: Ending = Ending.ACCEPTED, *, eeszt_id: str | None = None, **facts: Any
) -> Completion:
    """Give how a try of an item ended; ``facts`` are the outcome's or the completion's."""
    receipt = {"eeszt_id": eeszt_id, "barcode": eeszt_id} if eeszt_id else {}
    own = {"write_backs", "asker", "waits", "token", "attempt"}
    outcome = {"receipt": receipt, **{name: value for name, value in facts.items() if name not in own}}
    return Completion(
        **{
            "lane": item.lane,
            "item_id": item.row.item_id,
            "token": item.row.claim_token or "",
            "outcome": Outcome(ending, **outcome),
            "waits": Waits(),
            "attempt": "SEND",
            "acting_user": "O12345",
            **{name: value for name, value in facts.items() if name in own},
        }
    )


def sent(lab: Lab, item_id: int) -> Item:
    """Claim and permit one item of any lane; the claimed item."""
    item = next(each for each in claim(lab, lab.record(item_id)["lane"]) if each.row.item_id == item_id)
    lab.store.outbox.permit([request(item)])
    return item


def accepted(lab: Lab, item_id: int, eeszt_id: str) -> Item:
    """Send one item and have it accepted."""
    item = sent(lab, item_id)
    lab.store.outbox.complete([completion(item, eeszt_id=eeszt_id)])
    return item

"""Rows for tests of the store: written as MedWorkS writes them, forced into any state, moved in time."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runner.domain.outbox import Needs, Row, Waits
from runner.domain.outcome import Ending, Outcome
from runner.domain.policy import Kind
from runner.ports import Completion, Item, LoginRow, NewItem, PermitRequest, Store, TypeVersion
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


Binds = Sequence[object] | Mapping[str, object]

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2099, 1, 1, tzinfo=UTC)


class Lab:
    """
    A store with the document types of the tests in force, and the hands of MedWorkS and of time on its rows.

    This one is on the embedded database; a lab on another one gives other hands to the same face. SQL given to it is
    what every database understands, with ``?`` for binds; instants go in as datetimes and come out as texts in UTC.

    Attributes:
        store: Under test.
        path: Its file.
        errors: What its driver raises.
    """

    store: Store
    path: Path
    errors: type[Exception] = sqlite3.Error

    def __init__(self, folder: Path, **options: Any) -> None:
        self.path = folder / "medworks.db"
        self.store = EmbeddedStore(self.path, OUTBOXES, SQL, **options)
        self.store.install()
        self.store.install_example()
        self.store.desk.activate(TYPES)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    # what a database does in its own way

    def connect(self) -> Any:
        """Open a connection of MedWorkS's own."""
        return sqlite3.connect(self.path, timeout=5, isolation_level=None)

    @contextmanager
    def _session(self) -> Iterator[Any]:
        """Give a connection for one statement."""
        with closing(self.connect()) as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Hand]:
        """Give MedWorkS's hand in a transaction of its own, which is rolled back unless it commits."""
        with closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            hand = Hand(connection, self._execute)
            try:
                yield hand
            finally:
                if connection.in_transaction:
                    connection.rollback()

    def _execute(self, connection: Any, sql: str, binds: Binds, *, number: bool = False) -> Any:
        """Run a statement; its rows, or the number of the item that it wrote."""
        if not isinstance(binds, Mapping):
            binds = [to_text(each) if isinstance(each, datetime) else each for each in binds]
        cursor = connection.execute(sql, binds)
        return cursor.lastrowid if number else cursor.fetchall()

    def _columns(self, connection: Any, sql: str, binds: Binds) -> list[dict[str, Any]]:
        cursor = connection.execute(sql, binds)
        return [dict(zip((each[0] for each in cursor.description), row, strict=True)) for row in cursor.fetchall()]

    @contextmanager
    def _unguarded(self, lane: str, items: Sequence[int]) -> Iterator[Hand]:
        """Give a hand that may put rows into any state; the state trigger guards numbers up to the sequence only."""
        with self.transaction() as hand:
            [(last,)] = hand.run("SELECT last_id FROM EESZT_SEQUENCE WHERE name = 'item'")
            hand.run("UPDATE EESZT_SEQUENCE SET last_id = 0 WHERE name = 'item'")
            yield hand
            hand.run("UPDATE EESZT_SEQUENCE SET last_id = ? WHERE name = 'item'", [last])
            hand.commit()

    def can_hold(self, columns: dict[str, object]) -> bool:
        """Whether an outbox can hold such values at all: a column for instants may take only instants."""
        return True

    def refuse(self, state: str) -> None:
        """Let MedWorkS refuse to be told this state of a prescription."""
        self.run(
            "CREATE TRIGGER MW_TILTAS BEFORE UPDATE OF EESZT_ALLAPOT ON MW_VENY"
            f" WHEN NEW.EESZT_ALLAPOT = '{state}' BEGIN SELECT RAISE(FAIL, 'MW: nem'); END"
        )

    def allow(self) -> None:
        """Let MedWorkS be told everything again."""
        self.run("DROP TRIGGER MW_TILTAS")

    # MedWorkS

    def run(self, sql: str, binds: Binds = ()) -> list[tuple[Any, ...]]:
        """Run one statement as any tool would, and commit it."""
        with self._session() as connection:
            found = self._execute(connection, sql, binds)
            connection.commit()
            return list(found)

    def put(self, table: str, *rows: dict[str, object]) -> None:
        """INSERT rows into any table."""
        for row in rows:
            self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()])

    def insert(self, document_type: str | None = "ekat_esemeny", lane: str | None = None, **columns: Any) -> int:
        """INSERT a row as MedWorkS does, and commit it; its number."""
        with self.transaction() as hand:
            number = hand.insert(document_type, lane, **columns)
            hand.commit()
        return number

    # reading

    def record(self, item: int) -> dict[str, Any]:
        """Give a row with all columns of its outbox."""
        for lane, outbox in OUTBOXES.items():
            with self._session() as connection:
                sql = f"SELECT * FROM {outbox.table} WHERE item_id = {item:d}"
                if found := self._columns(connection, sql, ()):
                    return {"lane": lane, **found[0]}
        raise LookupError(item)

    def row(self, item: int) -> Row:
        """Give a row as the domain knows it."""
        return self.rows(self.record(item)["lane"], [item])[0]

    def rows(self, lane: str, items: Sequence[int]) -> list[Row]:
        """Give rows of one lane as the domain knows them, in the order of ``items``."""
        sql = f"""
            SELECT o.*, m.expires_at, m.digest,
                   (SELECT i.value FROM EESZT_IDENTIFIER i
                     WHERE i.item_id = o.item_id AND i.name = 'eeszt_id' AND i.is_second = 0) AS eeszt_id
              FROM {OUTBOXES[lane].table} o LEFT JOIN EESZT_MESSAGE m ON m.item_id = o.item_id"""
        found = {}
        with self._session() as connection:
            for some in (items[at : at + 900] for at in range(0, len(items), 900)):
                listed = ", ".join(str(int(item)) for item in some)
                records = self._columns(connection, f"{sql} WHERE o.item_id IN ({listed})", ())
                found |= {each["item_id"]: to_stored(each).row for each in records}
        return [found[item] for item in items]

    # time and force

    def force(self, *rows: tuple[int, dict[str, Any]]) -> None:
        """Put rows into any state, past the triggers that forbid it."""
        for item, columns in rows:
            self.force_many(self.record(item)["lane"], [(item, columns)])

    def force_many(self, lane: str, rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Put many rows of one lane into any state."""
        with self._unguarded(lane, [item for item, _ in rows]) as hand:
            for item, columns in rows:
                changes = ", ".join(f"{name} = ?" for name in columns)
                hand.run(f"UPDATE {OUTBOXES[lane].table} SET {changes} WHERE item_id = ?", [*columns.values(), item])

    def travel(self, item: int, seconds: float) -> None:
        """Let so much time pass for one item: all its instants move into the past."""
        record = self.record(item)
        moved = {name: _earlier(record[name], seconds) for name in TIMES if record[name] is not None}
        self.force((item, moved))
        for stored, expires in self.run("SELECT stored_at, expires_at FROM EESZT_MESSAGE WHERE item_id = ?", [item]):
            binds = [_earlier(stored, seconds), _earlier(expires, seconds), item]
            self.run("UPDATE EESZT_MESSAGE SET stored_at = ?, expires_at = ? WHERE item_id = ?", binds)


class Hand:
    """
    MedWorkS's hand in a session with an open transaction.

    Attributes:
        connection: The session.
    """

    def __init__(self, connection: Any, execute: Callable[..., Any]) -> None:
        self.connection = connection
        self._execute = execute

    def run(self, sql: str, binds: Binds = ()) -> list[tuple[Any, ...]]:
        """Run one statement."""
        return list(self._execute(self.connection, sql, binds))

    def insert(self, document_type: str | None = "ekat_esemeny", lane: str | None = None, **columns: Any) -> int:
        """INSERT a row as MedWorkS does; its number, as the driver tells it."""
        lane = lane or next((each.lane for each in TYPES if each.document_type == document_type), "background")
        row = {
            "document_type": document_type,
            "recorded_by": "kovacs.anna",
            "workplace": "013579101",
            "recorded_at": datetime.now(UTC),
            **columns,
        }
        sql = f"INSERT INTO {OUTBOXES[lane].table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        number = self._execute(self.connection, sql, list(row.values()), number=True)
        assert number is not None
        return int(number)

    def commit(self) -> None:
        """Commit; another transaction begins with the next statement."""
        self.connection.commit()

    def rollback(self) -> None:
        """Roll back."""
        self.connection.rollback()


def matched(
    his_user: str, eeszt_user: str | None, registration: str = "REGISTERED", is_doctor: int = 1
) -> dict[str, object]:
    """Give a row of EESZT_USER_MAP."""
    return {"his_user": his_user, "registration": registration, "is_doctor": is_doctor, "eeszt_user": eeszt_user}


def workplace(his_workplace: str, oth_code: str) -> dict[str, object]:
    """Give a row of EESZT_WORKPLACE."""
    return {"workplace": his_workplace, "oth_code": oth_code}


def assigned(eeszt_user: str, his_workplace: str, role: str = "ORVOS") -> dict[str, object]:
    """Give a row of EESZT_USER_WORKPLACE."""
    return {"eeszt_user": eeszt_user, "workplace": his_workplace, "role": role}


def travel(lab: Lab, item: int, seconds: float) -> None:
    """Let so much time pass for one item."""
    lab.travel(item, seconds)


def _earlier(stored: str, seconds: float) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) - timedelta(seconds=seconds)


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


def log_in(lab: Lab, eeszt_user: str, his_user: str, ago_s: float = 0) -> None:
    """Let a person log in, who has done so some time ago."""
    logins, now = lab.store.logins, datetime.now(UTC)
    row = LoginRow(
        login_id=logins.next_login_id(),
        his_user=his_user,
        eeszt_user=eeszt_user,
        role="ORVOS",
        institution="013579",
        method="otp",
        started_at=now - timedelta(seconds=ago_s),
        ends_at=now + timedelta(hours=8),
        sealed=b"sealed",
    )
    logins.save(row)

"""A small MedWorkS: it writes records and outbox rows in one transaction and reads all results from the database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from runner.demo.people import (
    BELGYOGYASZAT,
    BODNAR,
    GASZTRO,
    KOVACS,
    PEOPLE,
    SURGOSSEGI,
    TECHNICAL_USER,
    UNASSIGNED,
    WITHOUT_CODE,
    WORKPLACES,
)
from runner.demo.site import write_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from runner.demo.people import Patient, Person
    from runner.ports import HisSession

    Opened = Callable[[sqlite3.Connection], HisSession]

BUDAPEST = ZoneInfo("Europe/Budapest")


class MedWorkS:
    """The hospital information system: knows its own tables, the outboxes and the views, and nothing of the runner."""

    def __init__(self, database: Path, opened: Opened | None = None, kept: Path | None = None) -> None:
        """
        Make it.

        Args:
            database: The file.
            opened: Gives what a connection may ask about logins, as EESZT_API does on Oracle; None: nobody logs in.
            kept: Where its client keeps session handles when it is closed, which a hospital's would not; None: nowhere.
        """
        self._database = database
        self._opened = opened
        self._kept = kept
        self._handles: dict[str, str] = json.loads(kept.read_text()) if kept is not None and kept.exists() else {}

    def rows(self, sql: str, **binds: object) -> list[Mapping[str, object]]:
        """Read."""
        with closing(self._connect()) as connection:
            connection.row_factory = sqlite3.Row
            return [{key.lower(): row[key] for key in row.keys()} for row in connection.execute(sql, binds)]  # noqa: SIM118

    def begin_login(self, person: Person) -> str:
        """Begin a person's login and keep its handle, as his client does; the nonce for the agent or the page."""
        assert self._opened is not None
        with closing(self._connect()) as connection:
            begun = self._opened(connection).login_begin(person.his_user)
        self._handles[person.his_user] = begun.handle
        if self._kept is not None:
            write_secret(self._kept, json.dumps(self._handles).encode())
        return begun.nonce

    def has_handle(self, person: Person) -> bool:
        """Whether this client of the HIS began the person's login."""
        return person.his_user in self._handles

    def bind(self, connection: sqlite3.Connection, his_user: str) -> None:
        """Tell the database who works in a connection, where he has logged in and his login still lives."""
        handle = self._handles.get(his_user)
        if self._opened is not None and handle is not None:
            session = self._opened(connection)
            session.bind(handle if session.login_state(handle)[0] == "LIVE" else None)

    def change(self, *statements: tuple[str, Mapping[str, object]], by: Person | None = None) -> None:
        """Write, all or nothing, in a connection that is bound to whoever records."""
        with closing(self._connect()) as connection, connection:
            if by is not None:
                self.bind(connection, by.his_user)
            connection.execute("BEGIN IMMEDIATE")
            for sql, binds in statements:
                connection.execute(sql, binds)

    def register_people(self) -> None:
        """Fill GUARD and VMÁTRIX: who is who, and who works where."""
        users = [
            _insert(
                "EESZT_USER_MAP",
                {
                    "his_user": person.his_user,
                    "registration": "REGISTERED" if person.eeszt_user else "NOT_REGISTERED",
                    "is_doctor": int(person.doctor),
                    "eeszt_user": person.eeszt_user,
                },
            )
            for person in PEOPLE
        ]
        places = [
            _insert("EESZT_WORKPLACE", {"workplace": code, "oth_code": code, "reports": 1}) for code in WORKPLACES
        ]
        places += [
            _insert("EESZT_WORKPLACE", {"workplace": code, "oth_code": code, "reports": 1}) for code in UNASSIGNED
        ]
        places += [_insert("EESZT_WORKPLACE", {"workplace": code, "reports": 1}) for code in WITHOUT_CODE]
        everybody = [(p.eeszt_user, p.role) for p in PEOPLE if p.eeszt_user is not None] + [
            (TECHNICAL_USER, "TECHNIKAI")
        ]
        assigned: list[tuple[str | None, str, str]] = [
            (user, code, role) for user, role in everybody for code in WORKPLACES if user != BODNAR.eeszt_user
        ]
        assigned += [
            (BODNAR.eeszt_user, BELGYOGYASZAT, BODNAR.role),
            (BODNAR.eeszt_user, SURGOSSEGI, "ADMINISZTRATOR"),
            (KOVACS.eeszt_user, GASZTRO, KOVACS.role),
        ]
        rights = [
            _insert("EESZT_USER_WORKPLACE", {"eeszt_user": user, "workplace": code, "role": role})
            for user, code, role in assigned
        ]
        self.change(*users, *places, *rights)

    def prescribe(
        self,
        doctor: Person,
        patient: Patient,
        ttt: str,
        dose: str,
        *,
        send: bool = True,
        number: int | None = None,
        workplace: str = BELGYOGYASZAT,
        recorded_at: datetime | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> int:
        """
        Finish a prescription: the record and its outbox row, in one transaction; the record's number.

        Args:
            doctor: Who prescribes.
            patient: For whom.
            ttt: Product.
            dose: One dose.
            send: Whether the outbox row is written too.
            number: The record's; None: the next.
            workplace: Where.
            recorded_at: When; None: now.
            fields: Columns of the record that are otherwise.
        """
        number = number or self._next("MW_VENY", "VENY_ID", 9201)
        now = datetime.now(UTC)
        record = {
            **_prescription(number, now),
            "TAJ": patient.taj,
            "NEV": patient.name,
            "SZUL_DATUM": patient.born,
            "PECSETSZAM": doctor.pecsetszam,
            "OTH_KOD": workplace,
            "TTT_KOD": ttt,
            "ADAG": dose,
            **(fields or {}),
        }
        outbox = self._outbox_row(
            "erecept_feliras", doctor, recorded_at or now, source_key=str(number), order_key=f"veny-{number}"
        )
        outbox["workplace"] = workplace
        sent = [_insert("EESZT_OUT_INTERACTIVE", outbox)] if send else []
        self.change(_insert("MW_VENY", record), *sent, by=doctor)
        return number

    def record_event(
        self,
        recorder: Person,
        patient: Patient,
        bno: str,
        *,
        workplace: str = BELGYOGYASZAT,
        order_key: str | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> str:
        """
        Finish an outpatient visit: an outbox row whose payload is the event; its key.

        Args:
            recorder: Who records it.
            patient: Of whom.
            bno: Diagnosis.
            workplace: Where.
            order_key: The episode, where several events belong together; None: this event alone.
            fields: Fields of the payload that are otherwise.
        """
        number = self._next("EESZT_OUT_BACKGROUND", "ITEM_ID", 0)
        now = datetime.now(UTC)
        key = f"amb-{number}"
        payload = {
            "TAJ": patient.taj,
            "NEV": patient.name,
            "SZUL_DATUM": patient.born,
            "TIPUS": "JAROBETEG",
            "NAPLOSORSZAM": f"{now:%Y}/{number}",
            "KEZDETE": f"{now - timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}",
            "DIAGNOZISOK": [{"BNO": bno, "TIPUS": "1"}],
            **(fields or {}),
        }
        row = self._outbox_row("ekat_esemeny", recorder, now, source_key=key, order_key=order_key or key)
        row["workplace"] = workplace
        row["payload"] = json.dumps(payload, ensure_ascii=False)
        self.change(_insert("EESZT_OUT_BACKGROUND", row), by=recorder)
        return key

    def ask_prescriptions(self, doctor: Person, patient: Patient) -> str:
        """Ask for a patient's prescriptions; the question's key."""
        now = datetime.now(UTC)
        key = f"kerdes-{self._next('EESZT_OUT_QUERY', 'ITEM_ID', 0)}"
        row = self._outbox_row("erecept_lekerdezes", doctor, now, source_key=key, order_key=None)
        question = {
            "TAJ": patient.taj,
            "NEV": patient.name,
            "SZUL_DATUM": patient.born,
            "PECSETSZAM": doctor.pecsetszam,
        }
        row["payload"] = json.dumps(question, ensure_ascii=False)
        self.change(_insert("EESZT_OUT_QUERY", row), by=doctor)
        return key

    def log_out(self, person: Person) -> None:
        """End a person's session."""
        assert self._opened is not None
        with closing(self._connect()) as connection:
            self._opened(connection).logout(self._handles.pop(person.his_user))

    def status(self, document_type: str, source_key: object) -> Mapping[str, object]:
        """What the database says of an item now."""
        found = self.rows(
            "SELECT * FROM EESZT_V_STATUS WHERE document_type = :type AND source_key = :key ORDER BY item_id DESC",
            type=document_type,
            key=str(source_key),
        )
        return found[0] if found else {}

    def all_items(self) -> Sequence[Mapping[str, object]]:
        """Every item, oldest first, with the lines of the decision table that decided on it, in their order."""
        return self.rows(
            "SELECT s.*, (SELECT group_concat(d.decision, '→') FROM"
            " (SELECT decision FROM EESZT_V_DECISION WHERE item_id = s.item_id"
            " ORDER BY ending = 'PERMITTED', decided_at) d) AS line"
            " FROM EESZT_V_STATUS s ORDER BY s.item_id"
        )

    def _outbox_row(
        self, document_type: str, recorder: Person, now: datetime, *, source_key: str, order_key: str | None
    ) -> dict[str, object]:
        return {
            "document_type": document_type,
            "source_key": source_key,
            "order_key": order_key,
            "recorded_by": recorder.his_user,
            "workplace": BELGYOGYASZAT,
            "recorded_at": f"{now:%Y-%m-%d %H:%M:%S.%f}",
        }

    def _next(self, table: str, column: str, first: int) -> int:
        row = self.rows(f"SELECT max({column}) AS most FROM {table}")[0]  # noqa: S608  our own constants
        return max(first, int(str(row["most"] or 0)) + 1)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._database, timeout=10, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


def _prescription(number: int, now: datetime) -> dict[str, object]:
    """What all prescriptions of the demonstration have in common."""
    return {
        "VENY_ID": number,
        "VENY_TIPUS": "GYARI",
        "JOGCIM": "ALT",
        "MENNYISEG": 1,
        "HELYETTESITHETO": 1,
        "BNO_KOD": "I10H0",
        "GYAKORISAG": "naponta",
        "NAPLOSORSZAM": f"{now:%Y}/{number}",
        "FELIRAS_IDEJE": f"{now.astimezone(BUDAPEST):%Y-%m-%d %H:%M:%S}",
        "GYSE": 0,
        "EGYSE": 0,
    }


def _insert(table: str, row: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    return f"INSERT INTO {table} ({names}) VALUES ({values})", row  # noqa: S608  our own constants

"""
A process that serves databases as orawire does; it runs in orawire's own environment and knows nothing of ours.

Usage: ``python orawire_host.py FOLDER RELEASE PG_DSN``. One line of JSON in, one out: ``create`` (name, template),
``drop``, ``exists``, ``rename`` (to), ``serve`` (name, users, port; 0: any), ``stop`` (port), ``sql`` (statement),
``remember`` (name, users) and ``reset`` (name, port): a database as it was when it was remembered.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

import psycopg
from orawire.server import Config, Server

MODERN, PG = sys.argv[2] == "23", sys.argv[3]

served: dict[int, Any] = {}


def admin(statement: str, name: str = "postgres") -> list[Any]:
    with psycopg.connect(f"{PG} dbname={name}", autocommit=True) as connection:
        cursor = connection.execute(statement)
        return [list(row) for row in cursor.fetchall()] if cursor.description else []


def alone(name: str) -> None:
    """End every session on a database, since one that is used can be neither copied nor dropped."""
    admin(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


def serve(name: str, users: dict[str, str], port: int) -> int:
    server = Server(Config(f"{PG} dbname={name}", users, port=port, modern=MODERN))
    server.start()
    served[server.port] = server
    return server.port


def stop(port: int) -> None:
    server = served.pop(port)
    server.sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts, else the port stays taken
    server.stop()


class Memory:
    """What a database was when it was new: its rows, and a mark of everything but rows."""

    def __init__(self, name: str, users: dict[str, str]) -> None:
        self.connection = psycopg.connect(f"{PG} dbname={name}", autocommit=True)
        self.pid = self.connection.info.backend_pid
        schemas = ", ".join(f"'{user.lower()}'" for user in users)
        self.all = f"SELECT oid FROM pg_namespace WHERE nspname IN ({schemas}, 'orawire')"
        tables = self.ask(
            "SELECT c.oid::regclass::text, n.nspname = 'orawire' FROM pg_class c JOIN pg_namespace n"
            f" ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.oid IN ({self.all}) ORDER BY c.oid"
        )
        self.tables = [name for name, is_servers in tables if not is_servers]
        self.servers = [name for name, is_servers in tables if is_servers]
        sequences = f"SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace IN ({self.all})"
        back = [
            "BEGIN",
            "SET LOCAL session_replication_role = replica",
            *(f"DELETE FROM {each}" for each in self.tables),
        ]
        self.ask("CREATE SCHEMA remembered")
        for number, each in enumerate(self.tables):
            if self.ask(f"SELECT EXISTS (SELECT 1 FROM {each})")[0][0]:
                columns = self.ask(
                    "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                    f" WHERE attrelid = '{each}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
                )[0][0]
                self.ask(f"CREATE TABLE remembered.t{number} AS SELECT {columns} FROM {each}")
                back.append(f"INSERT INTO {each} ({columns}) SELECT {columns} FROM remembered.t{number}")
        for (each,) in self.ask(sequences):
            last, called = self.ask(f"SELECT last_value, is_called FROM {each}")[0]
            back.append(f"SELECT setval('{each}', {last}, {called})")
        self.back = ";".join([*back, "COMMIT"])
        self.mark = self._mark()

    def ask(self, statement: str) -> list[Any]:
        cursor = self.connection.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def _mark(self) -> Any:
        of = f"WHERE c.relnamespace IN ({self.all})"
        what = {
            "c.oid::text || c.relname || c.xmin": f"pg_class c {of}",
            "p.oid::text || p.xmin": f"pg_proc p WHERE p.pronamespace IN ({self.all})",
            "t.oid::text || t.xmin || t.tgenabled::text": f"pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid {of}",
            "a.attrelid || '.' || a.attnum || a.xmin": f"pg_attribute a JOIN pg_class c ON c.oid = a.attrelid {of}",
        }
        parts = [f"SELECT {each} FROM {source}" for each, source in what.items()]
        parts += [f"SELECT '{each}' || o::text FROM {each} o" for each in self.servers]
        return self.ask(f"SELECT md5(string_agg(x, ',' ORDER BY x)) FROM ({' UNION ALL '.join(parts)}) m (x)")

    def reset(self, name: str) -> bool:
        """Give the rows back; False where more than rows was changed."""
        admin(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            f" WHERE datname = '{name}' AND pid <> {self.pid}"
        )
        if self._mark() != self.mark:
            return False
        self.ask(self.back)
        return True


memories: dict[str, Memory] = {}


def reset(name: str, port: int) -> bool:
    server = served[port]
    server.set_fault("off")
    for session in list(server.sessions.values()):
        session.disconnect()
    return memories[name].reset(name)


def do(what: str, name: str = "", **facts: Any) -> Any:
    match what:
        case "create":
            if facts.get("template"):
                alone(facts["template"])
            return admin(f'CREATE DATABASE "{name}" TEMPLATE "{facts.get("template") or "template0"}"')
        case "drop":
            if memory := memories.pop(name, None):
                memory.connection.close()
            alone(name)
            return admin(f'DROP DATABASE IF EXISTS "{name}"')
        case "exists":
            return bool(admin(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))
        case "rename":
            alone(name)
            return admin(f'ALTER DATABASE "{name}" RENAME TO "{facts["to"]}"')
        case "serve":
            return serve(name, facts["users"], facts.get("port", 0))
        case "stop":
            return stop(facts["port"])
        case "remember":
            memories[name] = Memory(name, facts["users"])
            return None
        case "reset":
            return reset(name, facts["port"])
        case "sql":
            return admin(facts["statement"], name)
    raise LookupError(what)


for line in sys.stdin:
    try:
        answer = {"gives": do(**json.loads(line))}
    except Exception as error:  # noqa: BLE001  told to who asked
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str), flush=True)

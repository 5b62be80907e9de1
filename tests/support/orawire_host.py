"""
A process that serves databases as orawire does; it runs in orawire's own environment and knows nothing of ours.

Usage: ``python orawire_host.py FOLDER RELEASE PG_DSN``. One line of JSON in, one out: ``create`` (name, template),
``drop``, ``exists``, ``rename`` (to), ``serve`` (name, users, port; 0: any), ``stop`` (port), ``sql`` (statement).
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


def do(what: str, name: str = "", **facts: Any) -> Any:
    match what:
        case "create":
            if facts.get("template"):
                alone(facts["template"])
            return admin(f'CREATE DATABASE "{name}" TEMPLATE "{facts.get("template") or "template0"}"')
        case "drop":
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
        case "sql":
            return admin(facts["statement"], name)
    raise LookupError(what)


for line in sys.stdin:
    try:
        answer = {"gives": do(**json.loads(line))}
    except Exception as error:  # noqa: BLE001  told to who asked
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str), flush=True)

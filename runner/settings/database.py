"""The section of the settings file that says where the outboxes are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from runner.settings.forms import Count, Duration, Place, SecretPlace, Text


@dataclass(frozen=True, slots=True)
class Database:
    """
    Where the outboxes are: exactly one of `path` and `dsn`; all other keys belong to `dsn`.

    Attributes:
        path: File of the embedded database (SQLite): for demonstration, tests and authors of mappings; one daemon only.
        dsn: An Oracle database: ``host:port/service``, ``tcps://host:port/service``, a descriptor (several addresses
            and retries for a fail-over belong there), or a name of `tnsnames.ora` in `config_dir`. Production demands
            TCPS, or Oracle's own encryption in `thick` mode.
        user: The runtime user; left out where the wallet holds name and password.
        password_file: File with its password, in one line.
        owner: Whose schema the tables are in; the user's own where it is left out.
        wallet: Folder of the wallet: for TCPS, or with name and password.
        wallet_password_file: File with the wallet's password, in one line; only `thin` mode may need it.
        config_dir: Folder of `tnsnames.ora`, and in `thick` mode of `sqlnet.ora`.
        mode: How the driver speaks: ``thin`` by itself, ``thick`` through Oracle's client libraries.
        client_dir: Folder of those libraries in `thick` mode; the system's own place where it is left out.
        sessions_least: Database sessions that are kept open.
        sessions_most: Database sessions at most.
        session_wait_s: How long work waits for a free session before it is put off.
        connect_timeout_s: Longest wait for one connection.
        call_timeout_s: Longest wait for one answer of the database; whatever hangs longer is broken off.
        session_life_s: How old a session may become; then another takes its place, so that a balanced cluster stays so.
        ping_after_s: How long a session may have rested before it is tested first.
    """

    path: Place | None = None
    dsn: Text | None = None
    user: Text | None = None
    password_file: SecretPlace | None = None
    owner: Text | None = None
    wallet: SecretPlace | None = None
    wallet_password_file: SecretPlace | None = None
    config_dir: Place | None = None
    mode: Literal["thin", "thick"] = "thin"
    client_dir: Place | None = None
    sessions_least: Count = 1
    sessions_most: Count = 12
    session_wait_s: Duration = 2.0
    connect_timeout_s: Duration = 5.0
    call_timeout_s: Duration = 10.0
    session_life_s: Duration = 3600.0
    ping_after_s: Duration = 30.0

    @property
    def where(self) -> str:
        """Name it in messages."""
        return str(self.path) if self.path is not None else f"{self.user or 'wallet'}@{self.dsn}"


def database_conflicts(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], int, dict[str, object]]]:
    """Give what no single key of the section shows: key, number and facts of each problem."""
    if "path" not in table and "dsn" not in table:
        yield ("database",), 1060, {}
    elif "path" in table:
        for each in fields(Database):
            key = each.name.removesuffix("_s")
            if key != "path" and key in table:
                yield ("database", key), 1011, {"other": "database.path"}
    else:
        yield from _oracle_conflicts(table)


def _oracle_conflicts(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], int, dict[str, object]]]:
    for one, other in (("user", "password_file"), ("password_file", "user"), ("wallet_password_file", "wallet")):
        if one in table and other not in table:
            yield ("database", one), 1010, {"other": f"database.{other}"}
    if "user" not in table and "wallet" not in table and "password_file" not in table:
        yield ("database",), 1010, {"other": "database.user"}
    if "client_dir" in table and table.get("mode") != "thick":
        yield ("database", "client_dir"), 1010, {"other": 'database.mode = "thick"'}
    least, most = table.get("sessions_least", 1), table.get("sessions_most", 12)
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield ("database", "sessions_least"), 1061, {"least": least, "most": most}

"""
An Oracle to test on: what ``ORACLE_DSN`` names, else one in a container, else orawire, else none, and why.

``oracle_server()`` finds it once for each process; its ``fresh()`` gives a database of its own to each test.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import oracledb

ROOT = Path(__file__).parents[2]
ORAWIRE = Path(os.environ.get("ORAWIRE") or ROOT.parent / "shared" / "orawire")
HOME = Path(os.environ.get("ORAWIRE_HOME") or Path(tempfile.gettempdir()) / "orawire")
PG_PORT = os.environ.get("ORAWIRE_PG_PORT", "15432")
PG = f"host={HOME / 'pg'} port={PG_PORT} user=postgres"
SERVICE = "ORCL"
IMAGE = "gvenzl/oracle-free:23-slim-faststart"

OWNER, RUNTIME, HIS = "eeszt", "eeszt_runtime", "medworks"
"""The three users of a database: whose schema it is, the daemon's, and the HIS's."""

PASSWORDS = {OWNER: "Ow_ner123", RUNTIME: "Run_time123", HIS: "Med_works123"}


class NoOracleError(Exception):
    """There is none here; the text says why."""


@dataclass(slots=True)
class OracleDatabase:
    """
    A database of its own, as one test uses it.

    Attributes:
        host: Where its listener is.
        port: The listener's port.
        service: Its service name.
        users: Who it is → name and password; the same for all three where there is one user only.
        server: What serves it.
        name: Its name there.
    """

    host: str
    port: int
    service: str
    users: Mapping[str, tuple[str, str]]
    server: Server
    name: str = ""

    @property
    def dsn(self) -> str:
        """Give host, port and service as ``oracledb.connect`` takes them."""
        return f"{self.host}:{self.port}/{self.service}"

    @property
    def owner(self) -> str:
        """Whose schema the tables are in."""
        return self.users[OWNER][0]

    def connect(self, who: str = OWNER, **options: Any) -> oracledb.Connection:
        """Open a session; the HIS's and the daemon's see the owner's tables by their bare names."""
        user, password = self.users[who]
        connection = oracledb.connect(user=user, password=password, dsn=self.dsn, **options)
        if user != self.owner:
            connection.current_schema = self.owner
        return connection

    def run(self, sql: str, binds: Any = (), who: str = OWNER) -> list[tuple[Any, ...]]:
        """Run one statement in a session of its own, and commit it."""
        with closing(self.connect(who)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, binds)
            found = cursor.fetchall() if cursor.description else []
            connection.commit()
            return list(found)

    def fault(self, rule: str) -> None:
        """Let the server do harm: ``drop_after:COMMIT`` or ``error=1653*3:INSERT INTO EESZT_ATTEMPT``, or ``off``."""
        with closing(self.connect()) as connection:
            connection.cursor().execute(f"alter system set orawire_fault = '{rule}'")

    def kill_sessions(self, who: str = RUNTIME) -> int:
        """Kill every session of a user; how many."""
        other = OWNER if who == HIS else HIS
        user = self.users[who][0].upper()
        sessions = self.run("SELECT sid, serial# FROM v$session WHERE username = :1", [user], who=other)
        killed = 0
        for sid, serial in sessions:
            with suppress(oracledb.DatabaseError):  # it is our own, or ended by itself meanwhile
                self.run(f"alter system kill session '{sid},{serial}'", who=other)
                killed += 1
        return killed


class Server(Protocol):
    """
    What serves databases.

    Attributes:
        title: What it is, for reports.
        three_users: Whether owner, daemon and HIS are three users.
        orawire: Whether it is orawire, so that faults can be told to it.
    """

    title: str
    three_users: bool
    orawire: bool

    def fresh(self, *, installed: bool = True) -> OracleDatabase:
        """Give a database of its own, with our schema or empty."""

    def drop(self, database: OracleDatabase) -> None:
        """Give it back."""


Installer = Callable[[OracleDatabase], None]


# orawire


@dataclass(slots=True)
class Orawire:
    """
    Orawire: each database is one of PostgreSQL's, copied from a template that is made once.

    Attributes:
        release: ``19`` or ``23``.
        install: Puts our schema into an empty database.
        mark: What the template was made from; another mark is another template.
    """

    release: str
    install: Installer
    mark: str
    title: str = ""
    three_users: bool = True
    orawire: bool = True
    _host: Any = field(default=None, repr=False)
    _kept: OracleDatabase | None = field(default=None, repr=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def __post_init__(self) -> None:
        self.title = f"orawire, release {self.release}"

    def fresh(self, *, installed: bool = True) -> OracleDatabase:
        """Give the one that is kept, with its first rows, where nothing but rows was changed; else a copy."""
        if installed and (kept := self._kept):
            if self.ask("reset", name=kept.name, port=kept.port):
                return replace(kept)
            self._kept = None
            self.drop(kept)
        database = self.copy(installed=installed)
        if installed:
            self.ask("remember", name=database.name, users=PASSWORDS)
            self._kept = replace(database)
        return database

    def copy(self, *, installed: bool = True) -> OracleDatabase:
        """Give a copy beside all others."""
        name = f"t_{os.getpid()}_{self.release}_{next(self._numbers)}"
        self.ask("drop", name=name)
        self.ask("create", name=name, template=self._template() if installed else self._bare())
        return self.serve(name)

    def cpu_s(self) -> float:
        """CPU seconds of the server's own process so far, without PostgreSQL's."""
        fields = Path(f"/proc/{self._host.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def serve(self, name: str, port: int = 0, **passwords: str) -> OracleDatabase:
        """Let a listener begin to listen for a database, perhaps with other passwords than usual."""
        port = self.ask("serve", name=name, users={**PASSWORDS, **passwords}, port=port)
        return OracleDatabase(
            "127.0.0.1", port, SERVICE, {user: (user, PASSWORDS[user]) for user in PASSWORDS}, self, name
        )

    def stop(self, database: OracleDatabase) -> None:
        """Take the listener and all sessions away, as when the database goes down; ``serve`` brings it back."""
        if self._is_kept(database):
            self._kept = None
        self.ask("stop", port=database.port)

    def drop(self, database: OracleDatabase) -> None:
        if self._is_kept(database):
            return
        with suppress(NoOracleError):  # a test may have stopped it
            self.stop(database)
        self.ask("drop", name=database.name)

    def facts(self, database: OracleDatabase, name: str, value: str) -> None:
        """Change what V$DATABASE says: ``dbid``, ``resetlogs_change#``, ``open_mode``."""
        self.ask(
            "sql", name=database.name, statement=f"UPDATE orawire.facts SET value = '{value}' WHERE name = '{name}'"
        )

    def ask(self, what: str, **facts: Any) -> Any:
        """Let the host do something."""
        if self._host is None:
            environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
            program = [str(HOME / "venv/bin/python"), str(Path(__file__).with_name("orawire_host.py"))]
            arguments = [str(ORAWIRE), self.release, PG]
            self._host = subprocess.Popen(
                [*program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
            )
        self._host.stdin.write(json.dumps({"what": what, **facts}) + "\n")
        self._host.stdin.flush()
        answer = json.loads(self._host.stdout.readline() or '{"error": "the host ended"}')
        if "error" in answer:
            raise NoOracleError(answer["error"])
        return answer["gives"]

    def _is_kept(self, database: OracleDatabase) -> bool:
        return self._kept is not None and self._kept.name == database.name

    def tidy(self) -> None:
        """Drop what processes left behind that ended before they could."""
        for (name,) in self.ask("sql", name="postgres", statement="SELECT datname FROM pg_database"):
            what, _, rest = name.partition("_")
            pid = rest.partition("_")[0]
            if what in {"t", "making"} and pid.isdigit() and not Path(f"/proc/{pid}").exists():
                self.ask("drop", name=name)

    def close(self) -> None:
        """End the host."""
        if self._host is not None:
            if kept := self._kept:
                self._kept = None
                self.drop(kept)
            self._host.stdin.close()
            self._host.wait(10)
            self._host.stdout.close()
            self._host = None

    def _bare(self) -> str:
        """Give the template that is orawire's own and nothing of ours."""
        return self._made(f"bare_{_mark(ORAWIRE / 'orawire')}", "template0", lambda _: None)

    def _template(self) -> str:
        """Give the template that has our schema."""
        return self._made(f"eeszt_{self.release}_{_mark(ORAWIRE / 'orawire')}_{self.mark}", self._bare(), self.install)

    def _made(self, name: str, template: str, install: Installer) -> str:
        with _alone("template"):
            if not self.ask("exists", name=name):
                begun = f"making_{os.getpid()}"
                self.ask("drop", name=begun)
                self.ask("create", name=begun, template=template)
                database = self.serve(begun)
                try:
                    install(database)
                finally:
                    self.stop(database)
                self.ask("rename", name=begun, to=name)
        return name


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Be the only process of this machine that does something."""
    path = Path(tempfile.gettempdir()) / f"eeszt-tests-{os.getuid()}-{what}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@cache
def _mark(*folders: Path) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(each for each in folder.rglob("*") if each.suffix in {".py", ".sql"}):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _answers(path: Path) -> bool:
    """Whether somebody listens there; a server that was killed leaves its socket behind."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _up() -> None:
    """Make sure that PostgreSQL and orawire's environment are there, installing them where we may."""
    with _alone("up"):
        if (HOME / "venv/bin/python").exists() and _answers(HOME / f"pg/.s.PGSQL.{PG_PORT}"):
            return
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise NoOracleError("orawire needs PostgreSQL 15, which only root can install and start (Debian)")
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        log = Path(tempfile.gettempdir()) / "eeszt-tests-orawire.log"
        with log.open("wb") as out:
            command = ["bash", str(ORAWIRE / "up.sh"), "19", str(port)]
            done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False, timeout=600)
        if done.returncode:
            raise NoOracleError(f"orawire does not start: {log.read_text(errors='replace')[-500:]}")
        pid = HOME / f"server-{port}.pid"
        os.kill(int(pid.read_text()), 15)  # its listener is of no use to us: each test has one of its own
        pid.unlink()


# a real one


@dataclass(slots=True)
class Real:
    """
    An Oracle that somebody runs, for one test at a time: everything in its schemas is dropped before each.

    Attributes:
        host: Where.
        port: The listener's port.
        service: Service name.
        users: Who it is → name and password.
        install: Puts our schema into an empty one.
    """

    host: str
    port: int
    service: str
    users: Mapping[str, tuple[str, str]]
    install: Installer
    title: str = "Oracle"
    three_users: bool = False
    orawire: bool = False
    _lock: Any = field(default=None, repr=False)

    def fresh(self, *, installed: bool = True) -> OracleDatabase:
        self._lock = _alone("real-oracle")
        self._lock.__enter__()
        database = OracleDatabase(self.host, self.port, self.service, self.users, self)
        if self.orawire:
            database.fault("off")
        empty(database)
        if installed:
            self.install(database)
        return database

    def drop(self, database: OracleDatabase) -> None:
        self._lock.__exit__(None, None, None)


_DROPS = {
    "VIEW": "DROP VIEW {}",
    "TABLE": "DROP TABLE {} CASCADE CONSTRAINTS PURGE",
    "SEQUENCE": "DROP SEQUENCE {}",
    "PACKAGE": "DROP PACKAGE {}",
    "FUNCTION": "DROP FUNCTION {}",
    "PROCEDURE": "DROP PROCEDURE {}",
}


def empty(database: OracleDatabase) -> None:
    """Drop everything that the owner's schema holds."""
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        for kind, drop in _DROPS.items():
            cursor.execute("SELECT object_name FROM user_objects WHERE object_type = :1", [kind])
            for (name,) in cursor.fetchall():
                if not name.startswith(("BIN$", "ISEQ$$")):
                    cursor.execute(drop.format(f'"{name}"'))


def _named(text: str, install: Installer) -> Real:
    """Take the Oracle that ``user/password@host:port/service`` names."""
    user, _, rest = text.partition("/")
    password, _, place = rest.rpartition("@")
    address, _, service = place.partition("/")
    host, _, port = address.partition(":")
    server = Real(host, int(port or 1521), service, dict.fromkeys(PASSWORDS, (user, password)), install)
    try:
        with closing(oracledb.connect(user=user, password=password, dsn=f"{address}/{service}")) as connection:
            server.title = f"Oracle {connection.version} of ORACLE_DSN"
            try:
                connection.cursor().execute("alter system set orawire_fault = 'off'")
            except oracledb.DatabaseError:
                return server
    except oracledb.Error as error:
        raise NoOracleError(f"ORACLE_DSN cannot be reached: {error}") from error
    server.orawire, server.title = True, f"orawire of ORACLE_DSN, {server.title}"
    return server


def _contained(install: Installer) -> Real:
    """Start an Oracle in a container."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "info"], capture_output=True, check=False, timeout=20).returncode:
        raise NoOracleError("docker does not run here")
    from testcontainers.oracle import OracleDbContainer  # noqa: PLC0415  an import that is only worth it with docker

    container = OracleDbContainer(IMAGE, oracle_password="Sys_tem123")
    try:
        container.start()
    except Exception as error:
        raise NoOracleError(f"{IMAGE} does not start: {error}") from error
    host, port = container.get_container_host_ip(), int(container.get_exposed_port(1521))
    with closing(oracledb.connect(user="system", password="Sys_tem123", dsn=f"{host}:{port}/FREEPDB1")) as connection:
        cursor = connection.cursor()
        for user, password in PASSWORDS.items():
            cursor.execute(f'CREATE USER {user} IDENTIFIED BY "{password}" QUOTA UNLIMITED ON USERS')
            cursor.execute(f"GRANT CREATE SESSION, CREATE TABLE, CREATE VIEW, CREATE SEQUENCE TO {user}")
            cursor.execute(f"GRANT CREATE TRIGGER, CREATE PROCEDURE, CREATE ANY CONTEXT, ALTER SYSTEM TO {user}")
            cursor.execute(f"GRANT SELECT ANY DICTIONARY TO {user}")
    as_sys = {"user": "sys", "password": "Sys_tem123", "mode": oracledb.AUTH_MODE_SYSDBA}
    with closing(oracledb.connect(**as_sys, dsn=f"{host}:{port}/FREEPDB1")) as connection:
        connection.cursor().execute(f"GRANT EXECUTE ON DBMS_CRYPTO TO {OWNER}")
    users = {user: (user, password) for user, password in PASSWORDS.items()}
    return Real(host, port, "FREEPDB1", users, install, f"Oracle of {IMAGE}", three_users=True)


_found: dict[str, Server | NoOracleError] = {}


def oracle_server(install: Installer, mark: str, release: str = "19") -> Server:
    """
    Find an Oracle.

    Args:
        install: Puts our schema into an empty database.
        mark: What that schema is made from.
        release: Which of orawire's releases, where it is orawire.

    Raises:
        NoOracleError: There is none here.
    """
    if release not in _found:
        try:
            _found[release] = _look(install, mark, release)
        except NoOracleError as error:
            _found[release] = error
    found = _found[release]
    if isinstance(found, NoOracleError):
        raise found
    return found


def _look(install: Installer, mark: str, release: str) -> Server:
    if dsn := os.environ.get("ORACLE_DSN"):
        return _named(dsn, install)
    try:
        return _contained(install)
    except NoOracleError as error:
        no_container = str(error)
    if not (ORAWIRE / "up.sh").exists():
        raise NoOracleError(f"no Oracle: ORACLE_DSN is not set, {no_container}, no orawire beside the repository")
    _up()
    server = Orawire(release, install, mark)
    server.tidy()
    return server


def close_servers() -> None:
    """End what this process started."""
    for server in _found.values():
        if isinstance(server, Orawire):
            server.close()
    _found.clear()

"""How a site's settings reach its Oracle database, and whether the way there may be taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runner.errors import RunnerError, fault
from runner.settings import Database, Settings
from runner.store.oracle import OracleAccess
from runner.store.oracle.address import is_encryption_required, protocols


def access_of(database: Database) -> OracleAccess:
    """Give the way into the database that the settings name; passwords are read when they are needed."""
    assert database.dsn is not None
    file, wallet_file = database.password_file, database.wallet_password_file
    return OracleAccess(
        user=database.user,
        password=(lambda: _secret(file, "database.password_file")) if file is not None else None,
        dsn=database.dsn,
        owner=database.owner,
        config_dir=database.config_dir,
        wallet=database.wallet,
        wallet_password=(
            (lambda: _secret(wallet_file, "database.wallet_password_file")) if wallet_file is not None else None
        ),
        thick=database.mode == "thick",
        client_lib=database.client_dir,
        fewest=database.sessions_least,
        most=database.sessions_most,
        wait_s=database.session_wait_s,
        call_s=database.call_timeout_s,
        connect_s=database.connect_timeout_s,
        life_s=int(database.session_life_s),
        ping_s=int(database.ping_after_s),
    )


def open_lines(settings: Settings) -> Iterator[RunnerError]:
    """Give a problem where patients' data would go to the database without encryption; production has none."""
    database = settings.database
    if database.dsn is None:
        return
    where = settings.places.get("database.dsn", "database.dsn")
    try:
        spoken = protocols(database.dsn, database.config_dir)
    except RunnerError as error:
        yield fault(error.number, where, **error.facts)
        return
    if spoken == {"tcps"} or (database.mode == "thick" and is_encryption_required(database.config_dir)):
        return
    yield fault(1062, where, how=f"mode {database.mode}, protocol {', '.join(sorted(spoken))}")


def _secret(file: Path, name: str) -> str:
    try:
        password = file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise fault(1006, name, file=str(file), name=name, reason=reason) from error
    if not password:
        raise fault(1063, name, file=str(file), name=name)
    return password

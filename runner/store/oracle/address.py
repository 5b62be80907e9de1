"""What an address of a database says of the way there, as the driver reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import oracledb

from runner.errors import fault

if TYPE_CHECKING:
    from pathlib import Path

_REQUIRED = re.compile(r"^\s*SQLNET\.ENCRYPTION_CLIENT\s*=\s*\(?\s*REQUIRED\s*\)?\s*$", re.IGNORECASE | re.MULTILINE)


def protocols(dsn: str, config_dir: Path | None) -> frozenset[str]:
    """
    Give the protocols by which a database is reached: ``tcp``, ``tcps``.

    Args:
        dsn: Address, descriptor or name.
        config_dir: Where names are looked up.

    Raises:
        StoreError: RNR-1064, it cannot be read, or tnsnames.ora does not have the name.
    """
    params = oracledb.ConnectParams(config_dir=str(config_dir) if config_dir else None)
    try:
        params.parse_connect_string(dsn)
    except oracledb.Error as error:
        raise fault(1064, "database.dsn", reason=str(error).partition("\n")[0]) from error
    found = params.protocol
    return frozenset([found] if isinstance(found, str) else found)


def is_encryption_required(config_dir: Path | None) -> bool:
    """Whether sqlnet.ora makes Oracle's client libraries refuse a connection that is not encrypted."""
    try:
        text = (config_dir / "sqlnet.ora").read_text(encoding="utf-8", errors="replace") if config_dir else ""
    except OSError:
        return False
    return bool(_REQUIRED.search(text))

"""How the runner reaches an Oracle database: who it is there, by which way, and how long it waits for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class OracleAccess:
    """
    The runner's way into a database. Every wait has a bound, so that a dead session or network holds up no ward.

    Attributes:
        user: The runtime user; None: who it is stands in the wallet (external password store) or is known otherwise.
        password: Gives the password; asked again whenever sessions are begun anew, so that it may be changed
            meanwhile. None together with ``user``.
        dsn: ``host:port/service``, a TNS name, or a whole description; ``tcps://…`` for TLS.
        owner: Whose schema the tables are in; None: the user's own.
        config_dir: Folder of tnsnames.ora, or None.
        wallet: Folder of the wallet (ewallet.pem in thin mode), or None.
        wallet_password: Gives its password, or None.
        thick: Whether Oracle's own client libraries are used; only they know native network encryption.
        client_lib: Their folder, None: where the system finds them.
        fewest: Sessions that are kept open.
        most: Most sessions at once; a lane needs one, the completer, the copies and the duties one each.
        wait_s: How long a free session is waited for.
        call_s: Longest that one round trip may take.
        connect_s: How long the listener is waited for.
        life_s: After so long a session is replaced, so that it moves to a node that came back.
        ping_s: A session that idled for longer is tried before it is used.
        ping_call_s: How long that may take.
        keepalive_min: Minutes between two signs of life on an idle session, for firewalls that forget.
    """

    user: str | None
    password: Callable[[], str] | None = field(repr=False)
    dsn: str
    owner: str | None = None
    config_dir: Path | None = None
    wallet: Path | None = None
    wallet_password: Callable[[], str] | None = field(default=None, repr=False)
    thick: bool = False
    client_lib: Path | None = None
    fewest: int = 1
    most: int = 12
    wait_s: float = 2.0
    call_s: float = 10.0
    connect_s: float = 5.0
    life_s: int = 3600
    ping_s: int = 30
    ping_call_s: float = 2.0
    keepalive_min: int = 1

"""GUARD and VMÁTRIX: who is who and who may work where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.domain.policy import Recorder, Registration
from runner.ports import Known
from runner.store.rows import to_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from runner.store.database import Database
    from runner.store.rows import Record

_REGISTRATIONS = {
    ("REGISTERED", 1): Registration.DOCTOR,
    ("REGISTERED", 0): Registration.OTHER,
    ("NOT_REGISTERED", 1): Registration.UNREGISTERED_DOCTOR,
    ("NOT_REGISTERED", 0): Registration.UNREGISTERED_OTHER,
}


class StoredDirectory:
    """``ports.Directory`` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recorder(self, his_user: str) -> Recorder:
        """What EESZT_USER_MAP says of a HIS user; a user without a row is a fact too."""
        found = self._database.read("recorder", his_user=his_user)
        if not found:
            return Recorder(his_user, Registration.NO_ROW)
        return _recorder(his_user, found[0])

    def roles(self, eeszt_user: str, workplace: str) -> frozenset[str]:
        """In which roles EESZT_USER_WORKPLACE assigns the identity to the workplace today; none: not at all."""
        found = self._database.read("roles", eeszt_user=eeszt_user, workplace=workplace)
        return frozenset(record["role"] for record in found)

    def known(self, his_users: Collection[str], workplaces: Collection[str], eeszt_user: str | None) -> Known:
        """All of that of HIS users and their identities, and of one identity more, at workplaces; in one statement."""
        listed = {"his_users": to_json(sorted(his_users)), "workplaces": to_json(sorted(workplaces))}
        recorders: dict[str, Recorder] = {}
        roles: dict[tuple[str, str], set[str]] = {}
        for record in self._database.read("known", eeszt_user=eeszt_user, **listed):
            if record["his_user"] is not None:
                recorders[record["his_user"]] = _recorder(record["his_user"], record)
            else:
                roles.setdefault((record["eeszt_user"], record["workplace"]), set()).add(record["role"])
        return Known(recorders, {who: frozenset(each) for who, each in roles.items()})


def _recorder(his_user: str, record: Record) -> Recorder:
    registration = _REGISTRATIONS[record["registration"], record["is_doctor"]]
    return Recorder(his_user, registration, record["eeszt_user"])

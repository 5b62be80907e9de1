"""GUARD and VMÁTRIX: who is who and who may work where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.domain.policy import Recorder, Registration

if TYPE_CHECKING:
    from runner.store.database import Database

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
        registration = _REGISTRATIONS[found[0]["registration"], found[0]["is_doctor"]]
        return Recorder(his_user, registration, found[0]["eeszt_user"])

    def roles(self, eeszt_user: str, workplace: str) -> frozenset[str]:
        """In which roles EESZT_USER_WORKPLACE assigns the identity to the workplace today; none: not at all."""
        found = self._database.read("roles", eeszt_user=eeszt_user, workplace=workplace)
        return frozenset(record["role"] for record in found)

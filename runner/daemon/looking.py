"""Who is who, looked up once for a batch: its rows come from few people, and the facts are those of one moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.daemon.work import Site
    from runner.domain.policy import Recorder
    from runner.ports import Directory


class LookedUp:
    """``ports.Directory`` that asks another one and remembers; make a new one for every batch. For one thread."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._recorders: dict[str, Recorder] = {}
        self._roles: dict[tuple[str, str], frozenset[str]] = {}

    def recorder(self, his_user: str) -> Recorder:
        """What EESZT_USER_MAP says of a HIS user; a user without a row is a fact too."""
        if his_user not in self._recorders:
            self._recorders[his_user] = self._directory.recorder(his_user)
        return self._recorders[his_user]

    def roles(self, eeszt_user: str, workplace: str) -> frozenset[str]:
        """In which roles EESZT_USER_WORKPLACE assigns the identity to the workplace today."""
        asked = (eeszt_user, workplace)
        if asked not in self._roles:
            self._roles[asked] = self._directory.roles(eeszt_user, workplace)
        return self._roles[asked]


def for_a_batch(site: Site) -> Site:
    """Give the site whose directory is looked up once."""
    return replace(site, directory=LookedUp(site.directory))

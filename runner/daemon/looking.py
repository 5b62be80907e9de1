"""Who is who, looked up once for a batch: in one statement, and the facts are those of one moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.domain.policy import Recorder, Registration

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from runner.daemon.work import Site
    from runner.ports import Directory, Item, Known


class LookedUp:
    """``ports.Directory`` for a batch: asks another one once, for all who are in it; for one thread."""

    def __init__(self, directory: Directory, items: Sequence[Item], technical_user: str | None) -> None:
        self._directory = directory
        self._his_users = {item.recorded_by for item in items if _is_text(item.recorded_by)}
        self._workplaces = {item.workplace for item in items if _is_text(item.workplace)}
        self._technical_user = technical_user
        self._known: Known | None = None

    def recorder(self, his_user: str) -> Recorder:
        """What EESZT_USER_MAP says of a HIS user; a user without a row is a fact too."""
        if his_user not in self._his_users:
            return self._directory.recorder(his_user)
        return self._of_batch().recorders.get(his_user) or Recorder(his_user, Registration.NO_ROW)

    def roles(self, eeszt_user: str, workplace: str) -> frozenset[str]:
        """In which roles EESZT_USER_WORKPLACE assigns the identity to the workplace today."""
        known = self._of_batch()
        identities = {self._technical_user, *(each.eeszt_user for each in known.recorders.values())}
        if eeszt_user not in identities or workplace not in self._workplaces:
            return self._directory.roles(eeszt_user, workplace)
        return known.roles.get((eeszt_user, workplace), frozenset())

    def known(self, his_users: Collection[str], workplaces: Collection[str], eeszt_user: str | None) -> Known:
        """Ask anew."""
        return self._directory.known(his_users, workplaces, eeszt_user)

    def _of_batch(self) -> Known:
        if self._known is None:
            self._known = self._directory.known(self._his_users, self._workplaces, self._technical_user)
        return self._known


def _is_text(name: str) -> bool:
    """Whether a name can be asked for; bytes that are no UTF-8, which SQLite keeps, are their own row's fault alone."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def for_a_batch(site: Site, items: Sequence[Item]) -> Site:
    """Give the site whose directory is looked up once."""
    return replace(site, directory=LookedUp(site.directory, items, site.technical_user))

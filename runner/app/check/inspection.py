"""One run of the check: the parts of a site, each made once, and skipped by others where it cannot be made."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from runner.app.check.bounded import GRACE_S, all_within
from runner.app.clock import SystemClock
from runner.app.counterpart import Counterpart
from runner.app.database import refuse_missing, store_of
from runner.app.site import load_settings, mappings_of, settings_path
from runner.audit import SealedLog, opened_log
from runner.eeszt.heard import Heard, ask_date
from runner.eeszt.http import HttpClient, Timeouts
from runner.eeszt.tls import client_tls
from runner.errors import ProblemsError, RunnerError
from runner.mapping import Mappings
from runner.ports import Store
from runner.settings import Settings

LONGEST_S = 10.0
"""Longest wait for one answer, whatever the settings allow the daemon."""


class SkippedError(Exception):
    """Something cannot be looked at, since a part that it needs is not there; the text says which."""


class Inspection:
    """
    What the checks look at.

    Attributes:
        path: The settings file.
        now: When it began; aware UTC.
        needs_daemon: Whether a daemon that is not alive is a failure.
    """

    def __init__(
        self,
        named: str | Path | None,
        now: datetime,
        *,
        needs_daemon: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.path = settings_path(named)
        self.now = now
        self.needs_daemon = needs_daemon
        self._login = login
        self._parts: dict[str, Any] = {}

    @property
    def settings(self) -> Settings:
        """Give the settings."""
        settings: Settings = self._part("the settings", lambda: load_settings(self.path))
        return settings

    @property
    def mappings(self) -> Mappings:
        """Give the mappings, with the site's overrides."""
        settings = self.settings
        mappings: Mappings = self._part("the mappings", lambda: mappings_of(settings))
        return mappings

    @property
    def store(self) -> Store:
        """Give the database, which is there but perhaps not complete; nothing is created."""
        settings, mappings = self.settings, self.mappings

        def opened() -> Store:
            refuse_missing(settings.database)
            return store_of(settings, mappings.outboxes, self._login)

        store: Store = self._part("the database", opened)
        return store

    @property
    def tables(self) -> Store:
        """Give the database, complete."""
        store = self.store

        def complete() -> Store:
            store.check_installed(self.installed_environment())
            return store

        made: Store = self._part("the database's tables", complete)
        return made

    def installed_environment(self) -> str:
        """
        Give the environment that the database was installed for.

        Raises:
            StoreError: It is not installed.
        """
        return self.store.outbox.identity().environment

    @property
    def http(self) -> HttpClient:
        """Give connections with our certificate, whatever else of the site is wrong."""
        tls, eeszt = self.tls, self._impatient(self.settings).eeszt
        timeouts = Timeouts(eeszt.connect_timeout_s, eeszt.read_timeout_s)
        client: HttpClient = self._part("the connection", lambda: HttpClient(tls, timeouts))
        return client

    @property
    def tls(self) -> ssl.SSLContext:
        """Give how the runner shows itself, and whom it believes."""
        tls = self.settings.tls

        def made() -> ssl.SSLContext:
            return client_tls(trusted=tls.trust, certificate=tls.client_certificate, key=tls.client_key)

        context: ssl.SSLContext = self._part("the TLS certificates", made)
        return context

    @property
    def eeszt(self) -> Counterpart:
        """Give the other side, as the daemon would reach it; what is asked is logged in a chain of its own."""
        settings, mappings, clock = self._impatient(self.settings), self.mappings, SystemClock()
        own, name = settings.audit, f"{settings.runner.name}-check"
        audit: SealedLog = self._part("the audit log", lambda: opened_log(own.folder, name, own.public_key, clock))
        made: Counterpart
        made = self._part("keys and addresses", lambda: Counterpart.of(settings, mappings, clock, audit))
        return made

    def heard(self) -> Heard | None:
        """What the other side told of the time, by the answers that it gave, else asked for nothing but that."""
        try:
            heard = self.eeszt.http.dates.newest()
        except SkippedError:
            heard = None
        if heard is not None:
            return heard
        tls, eeszt = self.tls, self._impatient(self.settings).eeszt
        works = {
            name: partial(ask_date, tls, address, eeszt.connect_timeout_s) for name, address in eeszt.addresses.items()
        }
        told = all_within(eeszt.connect_timeout_s + GRACE_S, works).values()
        return next((each for each in told if isinstance(each, Heard)), None)

    def close(self) -> None:
        """Close what was opened."""
        for part in self._parts.values():
            if isinstance(part, Counterpart):
                part.http.close()
            elif hasattr(part, "close"):
                part.close()

    @staticmethod
    def _impatient(settings: Settings) -> Settings:
        eeszt = settings.eeszt
        return replace(
            settings,
            eeszt=replace(
                eeszt,
                connect_timeout_s=min(eeszt.connect_timeout_s, LONGEST_S),
                read_timeout_s=min(eeszt.read_timeout_s, LONGEST_S),
            ),
        )

    def _part(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._parts:
            try:
                self._parts[name] = make()
            except (ProblemsError, RunnerError) as error:
                self._parts[name] = error
        part = self._parts[name]
        if isinstance(part, ProblemsError | RunnerError):
            raise SkippedError(f"{name} cannot be used") from part
        return part

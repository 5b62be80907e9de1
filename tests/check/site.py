"""A complete installation that every check is content with, to be spoilt in one place by each test."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runner import app
from runner.app import Finding, Status
from runner.app.check.everything import CHECKS
from runner.demo.medworks import MedWorkS
from runner.demo.site import prepare_folder, write_settings

SERVICES = {"sts": "sts", "erecept": "er", "ekat": "ek", "ebeutalo": "eb", "ehr": "eh", "eprofil": "ep"}
NOWHERE = {service: f"https://127.0.0.1:9/{path}" for service, path in SERVICES.items()}


@dataclass(frozen=True)
class Installation:
    """One site."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "runner.toml"

    @property
    def database(self) -> Path:
        return self.folder / "medworks.db"

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    def change(self, old: str, new: str) -> None:
        """Put a text of the settings file in the place of another."""
        text = self.settings.read_text("utf-8")
        assert old in text, old
        self.settings.write_text(text.replace(old, new), "utf-8")

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute(statement)

    def findings(self, *groups: str, offline: bool = True, needs_daemon: bool = False) -> list[Finding]:
        """What the checks of some groups find, or all."""
        checks = [each for each in CHECKS if not groups or each.group in groups]
        now = datetime.now(UTC)
        looked = app.check_installation(self.settings, now, offline=offline, needs_daemon=needs_daemon, checks=checks)
        return list(looked)

    def bad(self, *groups: str, offline: bool = True, needs_daemon: bool = False) -> list[tuple[str, str, str]]:
        """Name, status and text of what is not ok in some groups."""
        found = self.findings(*groups, offline=offline, needs_daemon=needs_daemon)
        return [(each.name, each.status, each.found) for each in found if each.status is not Status.OK]


def make_installation(folder: Path, addresses: Mapping[str, str] = NOWHERE) -> Installation:
    """Everything as `make demo` leaves it, without a daemon."""
    site = prepare_folder(folder)
    write_settings(site, addresses, app.default_pack())
    app.install_example(site.settings)
    MedWorkS(site.database).register_people()
    made = Installation(site.folder)
    made.sql("UPDATE EESZT_WORKPLACE SET reports = 0 WHERE workplace IN ('013579303', 'GASZTRO')")  # wrong for a scene
    return made


def write_certificate(
    certificate: Path, key: Path | None, *, days: float, begins: float = -100, name: str = "proba"
) -> None:
    """Write a self-signed certificate that ends in so many days, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=days))
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    if key is not None:
        pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key.write_bytes(private.private_bytes(serialization.Encoding.PEM, pkcs8, plain))

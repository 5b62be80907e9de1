"""The demonstration's folder: certificates made on the spot, users of the simulator, and the runner's settings file."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from runner.demo.people import INSTITUTION, PEOPLE, TECHNICAL_USER, WORKPLACES
from runner.simulator.pki import Pki, make_pki
from runner.simulator.user import new_seed, one_time_password

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "written-by-eeszt-runner-demo"

PORTS = range(20_000, 32_000)
"""Where the demonstration's parts listen."""

TIMES = {
    "erecept.azonnal": {"send_within": "2s", "answer_within": "4s"},
    "ebeutalo.azonnal": {"send_within": "2s", "answer_within": "4s"},
}
"""Shorter than in a hospital, so that the scenes can be watched; printed at the start."""

SETTINGS = """\
# Settings of the demonstration, written anew by each `make demo`. Nothing here is a hospital's.
[runner]
name = "demo"
environment = "test"
state_dir = "state"

[database]
path = "medworks.db"

[eeszt]
contract = "{pack}"
pins = ["pki/service.crt"]
sts_pins = ["pki/sts.crt"]
connect_timeout = "1s"
read_timeout = "3s"
interactive_read_timeout = "1500ms"
message_life = "4s"

[eeszt.addresses]
{addresses}

[tls]
client_certificate = "pki/institution.crt"
client_key = "pki/institution.key"
trust = "pki/ca.crt"

[institution]
code = "{institution}"

[technical_user]
name = "{technical_user}"
pkcs12 = "pki/technical.p12"
password_file = "pki/technical.password"

[login]
listen = "127.0.0.1:{login_port}"
certificate = "pki/server.crt"
key = "pki/server.key"
trust = "pki/ca.crt"

[sealing]
key_file = "sealing.key"

[audit]
public_key = "audit-public.pem"

[lanes.interactive]
poll = "50ms"
idle_poll = "100ms"
lease = "6s"

[lanes.query]
poll = "50ms"
idle_poll = "200ms"
lease = "8s"

[lanes.background]
poll = "100ms"
idle_poll = "300ms"
lease = "8s"
senders = 8

[waits]
retry = "500ms"
retry_most = "2s"
probe = "400ms"
probe_most = "1s"
settle = "3s"
give_up = "60s"
follow_up = "10s"

[codes]
address = "{codes}"
trust = "pki/ca.crt"
page_rows = 2
wait = "50ms"
timeout = "3s"

[breaker]
items = 2
window = "10s"
try = "500ms"
longest_try = "1s"

[log]
file = "runner.log"

{rules}
"""


@dataclass(frozen=True, slots=True)
class DemoSite:
    """
    Where everything of the demonstration lies.

    Attributes:
        folder: The whole of it; may be deleted.
    """

    folder: Path

    @property
    def settings(self) -> Path:
        """The runner's settings file."""
        return self.folder / "runner.toml"

    @property
    def database(self) -> Path:
        """The embedded database, MedWorkS's tables included."""
        return self.folder / "medworks.db"

    @property
    def handles(self) -> Path:
        """Session handles of MedWorkS's client, so that the next play goes on with its logins."""
        return self.folder / "medworks-handles.json"

    @property
    def simulator(self) -> Path:
        """The simulator's state."""
        return self.folder / "simulator"

    @property
    def barcodes(self) -> Path:
        """Bar codes as SVG."""
        return self.folder / "barcodes"

    @property
    def audit_key(self) -> Path:
        """The private key of the audit log; in a hospital it lies elsewhere, under a password."""
        return self.folder / "audit-private.pem"

    @property
    def pki(self) -> Pki:
        """Certificates and keys."""
        return Pki.at(self.simulator / "pki")

    def password_of(self, eeszt_user: str, at_s: float) -> str:
        """What the person's token shows at that moment."""
        seeds = {
            user["eeszt_user"]: user["seed"]
            for user in json.loads((self.simulator / "users.yaml").read_text())["users"]
        }
        return one_time_password(seeds[eeszt_user], at_s)


def prepare_folder(folder: Path) -> DemoSite:
    """
    Make the folder anew, with certificates and users; settings follow once the simulator's addresses are known.

    Raises:
        FileExistsError: The folder is there and was not written by a demonstration; it is left alone.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise FileExistsError(f"{folder} is not a demonstration's folder; name another with --folder")
        shutil.rmtree(folder)
    site = DemoSite(folder.resolve())
    for each in (site.folder, site.simulator, site.barcodes, site.folder / "state"):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    (site.folder / MARK).touch()
    make_pki(site.pki.folder, institution=INSTITUTION, technical_user=TECHNICAL_USER)
    (site.folder / "pki").symlink_to(site.pki.folder.relative_to(site.folder))
    write_secret(site.folder / "sealing.key", base64.b64encode(secrets.token_bytes(32)))
    _make_audit_keys(site)
    write_secret(site.simulator / "users.yaml", json.dumps(_users(), ensure_ascii=False, indent=2).encode())
    return site


def write_settings(site: DemoSite, addresses: Mapping[str, str], pack: Path) -> None:
    """Write the runner's settings for a simulator at ``addresses``."""
    rules = [
        f'[rules."{rule}"]\n' + "".join(f'{name} = "{value}"\n' for name, value in values.items())
        for rule, values in TIMES.items()
    ]
    text = SETTINGS.format(
        addresses="\n".join(f'{service} = "{url}"' for service, url in sorted(addresses.items())),
        pack=pack.as_posix(),
        institution=INSTITUTION,
        technical_user=TECHNICAL_USER,
        rules="\n".join(rules),
        login_port=free_port(),
        codes=f"{next(iter(addresses.values())).rsplit('/', 1)[0]}/torzspublikacio/getEntity",
    )
    site.settings.write_text(text, encoding="utf-8")


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, from its first moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def _make_audit_keys(site: DemoSite) -> None:
    """The institution's key pair, as `audit keys` makes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    write_secret(site.audit_key, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (site.folder / "audit-public.pem").write_bytes(public)


def free_port() -> int:
    """
    A port that nobody listens on, for who must be found there again after a restart.

    It is below those that systems give to connections by themselves, so that none takes it while nobody listens.
    """
    while True:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _users() -> dict[str, object]:
    """Users of the simulator; JSON is YAML."""
    workplaces = list(WORKPLACES)
    return {
        "institution": INSTITUTION,
        "technical_user": {"eeszt_user": TECHNICAL_USER, "workplaces": workplaces},
        "users": [
            {"eeszt_user": person.eeszt_user, "role": person.role, "seed": new_seed(), "workplaces": workplaces}
            for person in PEOPLE
            if person.eeszt_user
        ],
    }

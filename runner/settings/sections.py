"""
The sections of the settings file: what may stand there, its form, its default and what it means.

A duration is text with a unit in the file and seconds here: only its attribute ends in ``_s``. Paths are absolute here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from runner.settings.audit import Audit
from runner.settings.clock import Clock
from runner.settings.codes import Codes
from runner.settings.database import Database
from runner.settings.forms import Address, Count, Duration, Listen, Place, SecretPlace, Text
from runner.settings.retention import Retention
from runner.settings.working import Breaker, Lane, Waits


@dataclass(frozen=True, slots=True)
class Runner:
    """
    This daemon.

    Attributes:
        name: Its name in the database, in heartbeats and in logs; another for each daemon.
        environment: Must agree with the database, the addresses and the trust anchors, else the daemon does not start.
        state_dir: Folder for what the daemon keeps beside the database; but for the audit log, it may be lost.
    """

    name: Text
    environment: Literal["test", "production"]
    state_dir: Place


@dataclass(frozen=True, slots=True)
class Site:
    """
    The site's own files; without them those that are shipped.

    Attributes:
        mappings: Folder of outboxes.yaml, rules.yaml, the contract packs and a folder for each document type.
        templates: Folder of the message templates.
        sources: Folder of the source queries.
    """

    mappings: Place
    templates: Place
    sources: Place


@dataclass(frozen=True, slots=True)
class Eeszt:
    """
    The other side.

    Attributes:
        addresses: Service of the contract pack (``sts``, ``erecept`` …) = its address.
        pins: PEM files of the certificates with which the EESZT signs its answers; only these are believed.
        contract: Folder of the contract pack.
        sts_pins: Like ``pins`` for the issuer of tokens; ``pins`` where it is left out.
        connect_timeout_s: Longest wait for a connection, TLS included.
        read_timeout_s: Longest wait for an answer.
        interactive_read_timeout_s: The same where a ward waits.
        message_life_s: How long a message is valid by its own word, and at least 1s longer than connecting may take;
            without it, and at most, as the contract says.
        response_limit_bytes: A longer answer is not read to its end and not believed.
    """

    addresses: Mapping[str, Address]
    pins: tuple[Place, ...]
    contract: Place
    sts_pins: tuple[Place, ...] = ()
    connect_timeout_s: Duration = 5.0
    read_timeout_s: Duration = 30.0
    interactive_read_timeout_s: Duration = 10.0
    message_life_s: Duration | None = None
    response_limit_bytes: Count = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """
    How the runner shows itself at the EESZT's door, and whom it believes there.

    Attributes:
        client_certificate: PEM file of the institution's client certificate (WAF-SSL), with its chain.
        client_key: PEM file of its key.
        trust: PEM file of the authorities that may vouch for the EESZT's servers; the system's are not used.
    """

    client_certificate: Place
    client_key: SecretPlace
    trust: Place


@dataclass(frozen=True, slots=True)
class Institution:
    """
    Whose runner this is.

    Attributes:
        code: The institution as the EESZT's tokens name it; a login for another one is refused.
        signing_certificate: PEM file of the certificate that signs messages where the contract's proof is ``bearer``.
        signing_key: PEM file of its key.
    """

    code: Text
    signing_certificate: Place | None = None
    signing_key: SecretPlace | None = None


@dataclass(frozen=True, slots=True)
class TechnicalUser:
    """
    The institution's technical user; leave the section out where there is none.

    Attributes:
        name: The EESZT user name.
        pkcs12: PKCS#12 file with certificate and key, as the operator gives it.
        password_file: File with its password, in one line.
        certificate: PEM file of the certificate, where it is not PKCS#12.
        key: PEM file of its key, without password.
        token_module: PKCS#11 library of the token or HSM that holds key and certificate, where no file does.
        token: The token's label.
        token_key: Label of the key and of its certificate.
        token_pin_file: File with the token's PIN, in one line.
    """

    name: Text
    pkcs12: SecretPlace | None = None
    password_file: SecretPlace | None = None
    certificate: Place | None = None
    key: SecretPlace | None = None
    token_module: Place | None = None
    token: Text | None = None
    token_key: Text | None = None
    token_pin_file: SecretPlace | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """
    The HTTPS endpoint at which people log in; leave the section out where nobody does.

    Attributes:
        certificate: PEM file of its certificate, with its chain.
        key: PEM file of its key.
        listen: Where it listens; port 0 takes a free one.
        address: Where workstations reach it; ``https://`` and ``listen`` where it is left out.
        trust: PEM file that `login otp` believes; the endpoint's own certificate where it is left out.
        attempts_per_minute: Most failed attempts from one address.
        total_attempts_per_minute: Most failed attempts from all addresses.
        request_life_s: How long a login that was begun may be finished.
        card_profile: Which cards log people in: a file in `cards` of the mappings, without `.yaml`; nobody logs in with
            a card where it is left out.
        card_trust: PEM files of the authorities that issue the cards' certificates.
        card_revoked: Files of their lists of revoked certificates, PEM or DER, that somebody renews; without them the
            EESZT alone looks whether a card was revoked.
    """

    certificate: Place
    key: SecretPlace
    listen: Listen = "127.0.0.1:8443"
    address: Address | None = None
    trust: Place | None = None
    attempts_per_minute: Count = 10
    total_attempts_per_minute: Count = 300
    request_life_s: Duration = 120.0
    card_profile: Text | None = None
    card_trust: tuple[Place, ...] = ()
    card_revoked: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Sealing:
    """
    The keys under which sessions lie in the database: exactly one of these says where they are.

    Each key is 32 random bytes in base64 (`openssl rand -base64 32`); the first seals, those after it were in use
    before and only open. `eeszt-runner login rekey` puts a new one before them.

    Attributes:
        key_file: File with the keys, one a line.
        key_variable: Name of the environment variable that holds them, separated by blanks.
        key_keyring: Service of the entry in the operating system's keyring, user `sealing`, that holds them; needs the
            extra `keyring`.
    """

    key_file: SecretPlace | None = None
    key_variable: Text | None = None
    key_keyring: Text | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """
    The technical log; it never holds patients' data.

    Attributes:
        level: The least that is written; ``DEBUG`` adds each decision and each exchange.
        file: Where to; the standard error where it is left out.
        format: One JSON object or one line of text for each event.
    """

    level: Literal["TRAFFIC", "DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    file: Place | None = None
    format: Literal["json", "text"] = "json"


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Everything that one file says.

    Attributes:
        runner: This daemon.
        database: Where the outboxes are.
        site: The site's own files.
        eeszt: The other side.
        tls: The connection to it.
        institution: Whose runner this is.
        sealing: The key under which sessions lie in the database.
        technical_user: The institution's technical user, or None.
        login: The endpoint at which people log in, or None.
        lanes: Lane → overrides of outboxes.yaml.
        rules: Rule → parameter → value, overriding rules.yaml.
        waits: Overrides of the protocol's times.
        breaker: When a service counts as interrupted.
        log: The technical log.
        clock: How this machine's clock is watched.
        retention: How long patients' data is kept.
        codes: Where published code tables are read from, or None.
        places: Dotted key → ``file:line`` where the file has it, for errors found later.
    """

    runner: Runner
    database: Database
    eeszt: Eeszt
    tls: Tls
    institution: Institution
    sealing: Sealing
    site: Site
    audit: Audit
    technical_user: TechnicalUser | None = None
    login: Login | None = None
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    waits: Waits = field(default_factory=Waits)
    breaker: Breaker = field(default_factory=Breaker)
    log: Log = field(default_factory=Log)
    clock: Clock = field(default_factory=Clock)
    retention: Retention = field(default_factory=Retention)
    codes: Codes | None = None
    places: Mapping[str, str] = field(default_factory=dict, repr=False)

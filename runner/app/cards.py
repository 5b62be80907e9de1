"""Logins with a card, as a site's settings say."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from runner.app.site import load_settings, settings_path
from runner.errors import fault
from runner.login.admission import Admission
from runner.login.card_desk import CardDesk, endpoint_key
from runner.login.card_trust import CardTrust
from runner.mapping import Mappings
from runner.ports import Clock
from runner.settings import Settings


def card_desk(settings: Settings, mappings: Mappings, admission: Admission, clock: Clock) -> CardDesk | None:
    """
    Give what speaks with login agents; None where nobody logs in with a card.

    Raises:
        SettingsError: RNR-1083, there is no such profile; RNR-1084, an authority's file cannot be used.
        LoginError: RNR-4307, the endpoint's certificate cannot be read.
    """
    login = settings.login
    if login is None or login.card_profile is None:
        return None
    if login.card_profile not in mappings.cards:
        where = settings.places.get("login.card_profile", "login.card_profile")
        raise fault(1083, where, name=login.card_profile, known=", ".join(mappings.cards) or "none")
    trust = CardTrust(login.card_trust, login.card_revoked)
    trust.read()
    try:
        own = endpoint_key(login.certificate.read_bytes())
    except (OSError, ValueError) as exc:
        raise fault(4307, str(login.certificate), reason=type(exc).__name__) from exc
    return CardDesk(
        mappings.cards[login.card_profile],
        trust,
        admission,
        clock,
        institution=settings.institution.code,
        endpoint_key=own,
    )


def endpoint_pin(named: str | Path | None) -> str:
    """
    Give what the workstations' files must know the login endpoint by: SHA-256 (hex) of its certificate.

    Raises:
        SettingsError: RNR-1003, the settings name no endpoint.
        LoginError: RNR-4307, its certificate cannot be read.
    """
    login = load_settings(named).login
    if login is None:
        raise fault(1003, str(settings_path(named)), name="login")
    try:
        text = login.certificate.read_text(encoding="ascii")
        first, end, _ = text.partition("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first[first.index("-----BEGIN") :] + end)).hexdigest()
    except (OSError, ValueError) as exc:
        raise fault(4307, str(login.certificate), reason=type(exc).__name__) from exc

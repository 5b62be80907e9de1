"""Whose cards are believed: the authorities that issue them, and the certificates that they took back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from runner.errors import fault
from runner.login.card_proof import card_certificate


class CardTrust:
    """
    The authorities and their lists, read anew for each login, so that a renewed list counts at once.

    Args:
        trust: PEM files of the authorities.
        revoked: Files of lists of revoked certificates, PEM or DER; empty: the EESZT alone looks.
    """

    def __init__(self, trust: Sequence[Path], revoked: Sequence[Path]) -> None:
        self._trust = trust
        self._revoked = revoked

    def read(self) -> Sequence[x509.Certificate]:
        """
        Give the authorities.

        Raises:
            SettingsError: RNR-1084, a file holds none.
        """
        found: list[x509.Certificate] = []
        for file in self._trust:
            try:
                found += x509.load_pem_x509_certificates(file.read_bytes())
            except (OSError, ValueError) as exc:
                raise fault(1084, str(file), file=str(file), name="login.card_trust", what="certificate") from exc
        return found

    def believed(self, der: bytes, now: datetime) -> x509.Certificate:
        """
        Give a card's certificate, if one of the authorities issued it and did not take it back.

        Raises:
            LoginError: RNR-4205, 4210, 4211 it is not fit; 4231 not theirs; 4232 revoked; 4233 nobody can say.
            SettingsError: RNR-1084, a file of an authority cannot be read.
        """
        certificate = card_certificate(der, now)
        issuer = next((each for each in self.read() if _issued(certificate, each, now)), None)
        if issuer is None:
            raise fault(4231, "card")
        if self._revoked:
            self._look_up(certificate, issuer, now)
        return certificate

    def _look_up(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
        lists = [_list(file) for file in self._revoked]
        key = issuer.public_key()
        ours = [each for each in lists if each.issuer == issuer.subject and each.is_signature_valid(key)]  # type: ignore[arg-type]
        current = [each for each in ours if each.next_update_utc is None or now < each.next_update_utc]
        if not current:
            raise fault(4233, "login.card_revoked", what="too old" if ours else "none is of the card's authority")
        if any(each.get_revoked_certificate_by_serial_number(certificate.serial_number) for each in current):
            raise fault(4232, "card")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return issuer.not_valid_before_utc <= now < issuer.not_valid_after_utc


def _list(file: Path) -> x509.CertificateRevocationList:
    try:
        data = file.read_bytes()
        return x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
    except (OSError, ValueError) as exc:
        raise fault(4233, str(file), what="its file cannot be read") from exc

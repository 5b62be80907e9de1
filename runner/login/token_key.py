"""
Keys that never leave a token or HSM: the only place that knows PKCS#11.

One lock per module: some, SoftHSM's among them, crash when two threads are inside. A PIN is presented once where nobody
of this process has yet; a session that broke is opened anew once.
Source: PKCS #11 v2.40 (OASIS).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric import utils as asymmetric_utils

from runner.errors import RunnerError, fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        KeySerializationEncryption,
        PrivateFormat,
    )

Made = TypeVar("Made")
Public = TypeVar("Public", bound=rsa.RSAPublicKey | ec.EllipticCurvePublicKey)

_LOCKS: dict[str, threading.RLock] = {}
_TOKENS: dict[tuple[str, str, str], Token] = {}
_GUARD = threading.Lock()


class Token:
    """
    One key of one token, with its certificate. Safe for threads.

    Args:
        module: The token's PKCS#11 library.
        name: The token's label.
        key: Label of the private key and of its certificate.
        pin_file: File with the PIN, in one line.
    """

    def __init__(self, module: Path, name: str, key: str, pin_file: Path) -> None:
        self._module = module
        self._name = name
        self._label = key
        self._pin_file = pin_file
        self._where = f"token {name}"
        self._key: Any = None
        self._session: Any = None
        with _GUARD:
            self._lock = _LOCKS.setdefault(str(module), threading.RLock())

    def certificate(self) -> x509.Certificate:
        """
        Give the certificate that lies beside the key.

        Raises:
            LoginError: RNR-4261 to 4265.
        """
        return x509.load_der_x509_certificate(self._used(self._read_certificate))

    def sign(self, data: bytes) -> bytes:
        """Give the signature over the data with SHA-256: PKCS #1 v1.5, or r and s."""
        return bytes(self._used(lambda: self._signed(data)))

    def _used(self, use: Callable[[], Made]) -> Made:
        pkcs11 = _library()
        with self._lock:
            if self._key is None:
                self._open()
                return self._tried(use)
            try:
                return use()
            except pkcs11.PKCS11Error:
                self._close()
                self._open()
                return self._tried(use)

    def _tried(self, use: Callable[[], Made]) -> Made:
        pkcs11 = _library()
        try:
            return use()
        except pkcs11.PKCS11Error as exc:
            self._close()
            raise fault(4264, self._where, reason=type(exc).__name__) from exc

    def _open(self) -> None:
        pkcs11 = _library()
        try:
            pin = self._pin_file.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise fault(4301, str(self._pin_file), reason=type(exc).__name__) from exc
        try:
            token = pkcs11.lib(str(self._module)).get_token(token_label=self._name)
            try:
                self._session = token.open(user_pin=pin)
            except pkcs11.UserAlreadyLoggedIn:  # by another session of this process: it holds for all of them
                self._session = token.open()
            self._key = self._session.get_key(label=self._label, object_class=pkcs11.ObjectClass.PRIVATE_KEY)
        except pkcs11.NoSuchToken as exc:
            raise fault(4261, self._where, module=str(self._module)) from exc
        except (pkcs11.PinIncorrect, pkcs11.PinLocked) as exc:
            raise fault(4262, self._where) from exc
        except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned) as exc:
            self._close()
            raise fault(4263, self._where, label=self._label) from exc
        except (pkcs11.PKCS11Error, RuntimeError) as exc:
            self._close()
            raise fault(4264, self._where, reason=type(exc).__name__) from exc

    def _close(self) -> None:
        pkcs11 = _library()
        session, self._session, self._key = self._session, None, None
        if session is not None:
            try:
                session.close()
            except pkcs11.PKCS11Error:
                return  # it is gone already

    def _read_certificate(self) -> bytes:
        pkcs11 = _library()
        wanted = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
            pkcs11.Attribute.LABEL: self._label,
        }
        found = [bytes(each[pkcs11.Attribute.VALUE]) for each in self._session.get_objects(wanted)]
        if len(found) != 1:
            raise fault(4263, self._where, label=self._label)
        return found[0]

    def _signed(self, data: bytes) -> bytes:
        pkcs11 = _library()
        if self._key.key_type == pkcs11.KeyType.RSA:
            return bytes(self._key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
        # every token knows plain ECDSA, not every one that with a hash
        return bytes(self._key.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA))


def token_of(module: Path, name: str, key: str, pin_file: Path) -> Token:
    """Give a token's key, always the same object for the same one, so that a session is opened once."""
    with _GUARD:
        known = _TOKENS.get((str(module), name, key))
    if known is None:
        known = Token(module, name, key, pin_file)
        with _GUARD:
            known = _TOKENS.setdefault((str(module), name, key), known)
    return known


def private_key(token: Token, certificate: x509.Certificate) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """
    Give a key that signs on the token and is used like any other.

    Raises:
        LoginError: RNR-4306, the key is of another kind.
    """
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return _RsaKey(token, public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _EcKey(token, public)
    raise fault(4306, "token")


class _OnToken(Generic[Public]):
    """What keys of every kind have in common: a public half, and nothing else that could be given away."""

    def __init__(self, token: Token, public: Public) -> None:
        self._token = token
        self._public: Public = public

    @property
    def key_size(self) -> int:
        """Bits of the modulus or of the curve."""
        return self._public.key_size

    def public_key(self) -> Public:
        """Give the public half."""
        return self._public

    def private_numbers(self) -> NoReturn:
        """Not to be had."""
        _never()

    def private_bytes(
        self,
        encoding: Encoding,
        format: PrivateFormat,  # noqa: A002  the library's name
        encryption_algorithm: KeySerializationEncryption,
    ) -> NoReturn:
        """Not to be had."""
        del encoding, format, encryption_algorithm
        _never()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        del memo
        return self


class _RsaKey(_OnToken[rsa.RSAPublicKey], rsa.RSAPrivateKey):
    """RSA on a token; only PKCS #1 v1.5 signatures with SHA-256 are made."""

    def sign(
        self,
        data: bytes | bytearray | memoryview,
        padding: padding.AsymmetricPadding,
        algorithm: asymmetric_utils.Prehashed | hashes.HashAlgorithm | asymmetric_utils.NoDigestInfo,
    ) -> bytes:
        """Sign on the token."""
        assert padding.name == "EMSA-PKCS1-v1_5"
        assert isinstance(algorithm, hashes.SHA256)
        return self._token.sign(bytes(data))

    def decrypt(self, ciphertext: bytes, padding: padding.AsymmetricPadding) -> bytes:
        """Not what this key is for."""
        del ciphertext, padding
        _never()


class _EcKey(_OnToken[ec.EllipticCurvePublicKey], ec.EllipticCurvePrivateKey):
    """A key of an elliptic curve on a token; only ECDSA with SHA-256 is made."""

    @property
    def curve(self) -> ec.EllipticCurve:
        """Of the key."""
        return self._public.curve

    def sign(
        self, data: bytes | bytearray | memoryview, signature_algorithm: ec.EllipticCurveSignatureAlgorithm
    ) -> bytes:
        """Sign on the token; the value in DER."""
        assert isinstance(signature_algorithm.algorithm, hashes.SHA256)
        raw = self._token.sign(bytes(data))
        half = len(raw) // 2
        return asymmetric_utils.encode_dss_signature(
            int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        )

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Not what this key is for."""
        del algorithm, peer_public_key
        _never()


def _never() -> NoReturn:
    raise NotImplementedError("the key stays on its token")


def _library() -> Any:
    try:
        import pkcs11  # noqa: PLC0415  an extra: most sites have a file
    except ImportError as exc:
        error: RunnerError = fault(4265, "this computer")
        raise error from exc
    return pkcs11

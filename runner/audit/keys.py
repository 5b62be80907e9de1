"""
The institution's key pair for the audit log, and what is done with it.

RSA-OAEP with SHA-256 wraps each segment's data key. It is one padding of one primitive, not a scheme put together by
ourselves as ECIES would be; smart cards and HSMs that keep such a key have it, and an auditor can unwrap a key with
``openssl pkeyutl`` alone. It costs one public-key operation per segment, so its speed does not matter.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runner.errors import fault

LEAST_BITS = 3072
_NEW_BITS = 4096
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def read_public(file: Path, where: str = "audit.public_key") -> rsa.RSAPublicKey:
    """
    Give the public key of a PEM file.

    Args:
        file: The file.
        where: Place of the setting that names it.

    Raises:
        SettingsError: RNR-1006 it cannot be read, 1041 it is no RSA key that is long enough, 1042 it is a private key.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise fault(1006, where, file=str(file), name="audit.public_key", reason=reason) from error
    if b"PRIVATE KEY" in data:
        raise fault(1042, where, file=str(file))
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise fault(1041, where, file=str(file), bits=LEAST_BITS) from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_BITS:
        raise fault(1041, where, file=str(file), bits=LEAST_BITS)
    return key


def read_private(file: Path, password: str | None) -> rsa.RSAPrivateKey:
    """
    Give the private key of a PEM file.

    Args:
        file: The file.
        password: Its password, or None where it has none.

    Raises:
        IntegrityError: RNR-8213, it cannot be read, or the password is wrong.
    """
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password.encode() if password else None)
    except OSError as error:
        raise fault(8213, str(file), reason=error.strerror or type(error).__name__) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise fault(8213, str(file), reason="no private key in PEM, or another password") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise fault(8213, str(file), reason="it is no RSA key")
    return key


def is_encrypted(file: Path) -> bool:
    """Whether a PEM file asks for a password; a file that cannot be read does not."""
    try:
        return b"ENCRYPTED" in file.read_bytes()
    except OSError:
        return False


def make_pair(private: Path, public: Path, password: str | None, bits: int = _NEW_BITS) -> str:
    """
    Make a key pair and write both files, the private one readable by its owner alone; the fingerprint.

    Args:
        private: File of the private key, PKCS#8 PEM; must not exist.
        public: File of the public key, PEM; must not exist.
        password: Under which the private key is encrypted (scrypt or PBKDF2, AES-256), or None.
        bits: Length of the key.

    Raises:
        SettingsError: RNR-1044, a file exists or cannot be written.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        protection = serialization.BestAvailableEncryption(password.encode())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files = (
        (private, 0o600, key.private_bytes(pem, pkcs8, protection)),
        (public, 0o644, key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)),
    )
    for file, mode, content in files:
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as output:
                output.write(content)
        except OSError as error:
            raise fault(1044, str(file), reason=error.strerror or type(error).__name__) from error
    return fingerprint(key.public_key())


def fingerprint(key: rsa.RSAPublicKey) -> str:
    """Give the first 16 hex digits of the SHA-256 of the public key (DER), by which a segment names its key."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def wrap(key: rsa.RSAPublicKey, data_key: bytes) -> bytes:
    """Give a data key that only the private key opens."""
    return key.encrypt(data_key, _OAEP)


def unwrap(key: rsa.RSAPrivateKey, wrapped: bytes) -> bytes:
    """
    Give the data key back.

    Raises:
        ValueError: It was wrapped for another key.
    """
    return key.decrypt(wrapped, _OAEP)

"""Key material in files that are written once and read ever after."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.x509.oid import NameOID

#: Fixed, so that no clock decides whether a demonstration certificate is valid.
NOT_BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2045, 1, 1, tzinfo=UTC)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder and hold it, so that two starts at once end up with the same keys."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(path: Path, content: bytes) -> None:
    """Put the content in place in one step, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def once(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's content, made at first use."""
    if not path.exists():
        write(path, make())
    return path.read_bytes()


def rsa_key(path: Path) -> RSAPrivateKey:
    """The RSA-2048 key in the file, made at first use."""
    return read_rsa_key(once(path, new_rsa_key))


def new_rsa_key() -> bytes:
    """A new RSA-2048 key as PKCS#8 PEM."""
    return generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read_rsa_key(pem: bytes) -> RSAPrivateKey:
    """The key in the PEM text; raises ValueError when it is another kind."""
    # Checking the primes takes long, and the key is one we made.
    key = serialization.load_pem_private_key(
        pem, password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("an RSA key is needed")
    return key


def public_pem(key: RSAPublicKey) -> bytes:
    """The public key as SubjectPublicKeyInfo PEM."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def certificate(path: Path, key: RSAPrivateKey, name: str, serial: str) -> bytes:
    """A self-signed certificate with this serial number, renewed when the world renames it."""
    if path.exists():
        pem = path.read_bytes()
        kept = x509.load_pem_x509_certificate(pem)
        if kept.serial_number == int(serial, 16) and kept.public_key() == key.public_key():
            return pem
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int(serial, 16))
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .sign(key, hashes.SHA256())
    )
    write(path, made.public_bytes(serialization.Encoding.PEM))
    return path.read_bytes()

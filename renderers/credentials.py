"""Content Credentials (C2PA): a signed record inside a video that says that it was generated.

Written where the extra ``c2pa`` is installed. A viewer such as <https://verify.contentauthenticity.org> shows it, and
whether the file was changed since. It is signed with the certificate that the environment names:

- ``MIEN_C2PA_CERTIFICATE``: a PEM file, the signer's certificate first, then those above it;
- ``MIEN_C2PA_KEY``: a PEM file, the certificate's private key (ECDSA P-256, P-384 or P-521, Ed25519, RSA).

Without them a certificate is made for this process: changes to the file show, but validators call its signer unknown.
Specification: C2PA Technical Specification 2.1, https://spec.c2pa.org.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from checkpoints.errors import InputError, OutputError

__all__ = ["CERTIFICATE", "KEY", "REQUIRES", "SIGNED_SUFFIXES", "check_signer", "sign"]

CERTIFICATE, KEY = "MIEN_C2PA_CERTIFICATE", "MIEN_C2PA_KEY"
#: Modules that signing needs, and the command that installs each.
REQUIRES = dict.fromkeys(("c2pa", "cryptography"), "pip install 'mien[c2pa]'")
#: Containers that can hold the record.
SIGNED_SUFFIXES = (".mp4", ".gif")
#: A certificate made for this process holds for so long: enough for the longest batch.
_VALIDITY = timedelta(days=30)
_ROOT = "Mien, made for one run"
#: IPTC's terms for what was made: a portrait set in motion, or a picture made as a whole.
_SOURCE_TYPES = {True: "compositeWithTrainedAlgorithmicMedia", False: "trainedAlgorithmicMedia"}


def check_signer() -> None:
    """Open the signer, before any work is done.

    Raises
    ------
    InputError
        If the environment names half a signer, or one that cannot be read.
    """
    if _can_sign():
        _signer()


def sign(path: Path, title: str, *, from_portrait: bool) -> None:
    """Put the signed record into a video, in place; nothing happens where :data:`REQUIRES` are missing.

    Parameters
    ----------
    path : Path
        A video; left alone if its container cannot hold the record (:data:`SIGNED_SUFFIXES`).
    title : str
        Shown by viewers.
    from_portrait : bool
        Whether somebody's picture was set in motion, rather than all of it made.

    Raises
    ------
    InputError
        As :func:`check_signer`.
    OutputError
        If the file cannot be signed; it is as it was then.
    """
    if path.suffix.lower() not in SIGNED_SUFFIXES or not _can_sign():
        return
    import c2pa

    record = {
        "title": title,
        "claim_generator_info": [{"name": "Mien", "version": version("mien")}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [{
            "action": "c2pa.created",
            "digitalSourceType": f"http://cv.iptc.org/newscodes/digitalsourcetype/{_SOURCE_TYPES[from_portrait]}",
        }]}}],
    }  # fmt: skip
    signer = _signer()
    signed = path.with_name(f".signed-{path.name}")
    try:
        c2pa.Builder(record).sign_file(str(path), str(signed), signer)
        signed.replace(path)
    except (c2pa.C2paError, OSError) as error:
        raise OutputError(f"cannot sign {path.name} ({error}); look at {CERTIFICATE} and {KEY}") from error
    finally:
        signed.unlink(missing_ok=True)


def _can_sign() -> bool:
    return all(find_spec(module) is not None for module in REQUIRES)


def _signer() -> Any:
    """Return the signer of the files that the environment names, or one made for this process."""
    return _opened(os.environ.get(CERTIFICATE, ""), os.environ.get(KEY, ""))


@lru_cache(maxsize=2)
def _opened(certificate: str, key: str) -> Any:
    """Return the signer of two PEM files, or a new one for two empty names."""
    import c2pa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if bool(certificate) != bool(key):
        raise InputError(f"{CERTIFICATE} and {KEY} go together; set both to PEM files, or neither")
    try:
        chain, private = (Path(certificate).read_bytes(), Path(key).read_bytes()) if key else _made_here()
        algorithm = _algorithm(load_pem_private_key(private, password=None))
        return c2pa.Signer.from_info(c2pa.C2paSignerInfo(algorithm, chain, private, None))
    except (OSError, TypeError, ValueError, c2pa.C2paError) as error:
        raise InputError(f"cannot sign with {certificate} and {key}: {error}; both are PEM files") from error


def _algorithm(key: Any) -> Any:
    """Return C2PA's name of the signature that a private key makes."""
    from c2pa import C2paSigningAlg
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size in (256, 384, 521):
        return getattr(C2paSigningAlg, f"ES{min(key.key_size, 512)}")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return C2paSigningAlg.ED25519
    if isinstance(key, rsa.RSAPrivateKey):
        return C2paSigningAlg.PS256
    raise ValueError(f"a key of the kind {type(key).__name__}; ECDSA P-256, P-384, P-521, Ed25519 and RSA can sign")


def _made_here() -> tuple[bytes, bytes]:
    """Make a certificate below a root that nobody knows, and its key, both as PEM (C2PA 2.1, section 14.5.1)."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID

    root_key, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    start = datetime.now(UTC) - timedelta(minutes=5)
    chain = b""
    for name, own in (("Mien, unidentified", key), (_ROOT, root_key)):
        is_root = own is root_key
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(name)).issuer_name(_name(_ROOT)).public_key(own.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + _VALIDITY)
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(_usage("key_cert_sign" if is_root else "digital_signature"), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        )  # fmt: skip
        if not is_root:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            certificate = certificate.add_extension(purpose, critical=False)
        chain += certificate.sign(root_key, None).public_bytes(Encoding.PEM)
    return chain, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(common_name: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Mien"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ])  # fmt: skip


def _usage(allowed: str) -> Any:
    """Return the key usage that allows one thing alone."""
    from cryptography import x509

    kinds = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{kind: kind == allowed for kind in kinds})

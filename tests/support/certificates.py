"""Certificates of an authority that the test makes itself."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUTHORITY = "Test authority"
VOUCHES = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Files:
    """The files of a certificate, of its key, and of the authority that vouches for it."""

    certificate: Path
    key: Path
    authority: Path


def make(folder: Path, *names: str, lasts: timedelta = timedelta(days=1)) -> Files:
    """Make an authority, and a certificate of it for host names and addresses."""
    ends_at = datetime.now(UTC) + lasts
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _signed(AUTHORITY, authority_key, authority_key, ends_at, ())
    certificate = _signed(names[0], key, authority_key, ends_at, names)
    files = Files(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    pem = serialization.Encoding.PEM
    files.authority.write_bytes(authority.public_bytes(pem))
    files.certificate.write_bytes(certificate.public_bytes(pem))
    form, open_to_all = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files.key.write_bytes(key.private_bytes(pem, form, open_to_all))
    return files


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    ends_at: datetime,
    hosts: tuple[str, ...],
) -> x509.Certificate:
    building = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(ends_at)
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
    )
    building = building.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    ).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
    )
    if hosts:
        building = building.add_extension(
            x509.SubjectAlternativeName([_alternative(each) for each in hosts]), critical=False
        )
    else:
        building = building.add_extension(VOUCHES, critical=True)
    return building.sign(issuer_key, hashes.SHA256())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)

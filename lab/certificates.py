"""The lab's own certificate authority and the certificates of its parts: made new for each lab, dead with it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab import places
from lab.site import KUBERNETES_SERVICE, Site

_AUTHORITY = "ca"
_CLIENTS = {
    "admin": ("torchtask-lab-admin", "system:masters"),
    "kube-apiserver-kubelet": ("kube-apiserver-kubelet-client", "system:masters"),
    "etcd-client": ("kube-apiserver-etcd-client", ""),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
    "kwok": ("torchtask-lab-kwok", "system:masters"),
}
"""File name: common name (the user) and organisation (the group)."""


def issue_all(site: Site, node: str) -> None:
    """Write the authority, the service accounts' key and a certificate for every part into `site.pki`."""
    authority = new_authority(site.pki)
    authority.server("kube-apiserver", "kube-apiserver", [
        "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local", "127.0.0.1", KUBERNETES_SERVICE, site.host_address,
    ])  # fmt: skip
    authority.server("etcd", "etcd", ["localhost", "127.0.0.1"])
    authority.server("kubelet-serving", f"system:node:{node}", [node, site.node_address])
    authority.client("kubelet", f"system:node:{node}", "system:nodes")
    for file_name, (user, group) in _CLIENTS.items():
        authority.client(file_name, user, group)

    accounts = ec.generate_private_key(ec.SECP256R1())
    places.write(site.pki / "service-accounts.key", _private(accounts))
    places.write(site.pki / "service-accounts.pub", accounts.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ))  # fmt: skip


def new_authority(folder: Path) -> "Authority":
    """Make an authority that writes into `folder`: its own certificate (`ca.crt`), and those that it issues."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("torchtask-lab-ca")
    certificate = _draft(name, name, key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    _save(folder, _AUTHORITY, key, certificate.sign(key, hashes.SHA256()))
    return Authority(folder, name, key)


class Authority:
    """Issues certificates, and the key of each beside it: `<file name>.crt`, `<file name>.key`."""

    def __init__(self, folder: Path, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> None:
        self._folder = folder
        self._name = name
        self._key = key

    def client(self, file_name: str, user: str, group: str) -> None:
        """Issue a certificate for a client, who is this user in this group."""
        self._issue(file_name, _name(user, group), [ExtendedKeyUsageOID.CLIENT_AUTH], [])

    def server(self, file_name: str, user: str, hosts: Sequence[str]) -> None:
        """Issue a certificate for a server, under these names and addresses."""
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]  # etcd calls itself with its own
        self._issue(file_name, _name(user), usages, hosts)

    def _issue(
        self, file_name: str, name: x509.Name, usages: Sequence[x509.ObjectIdentifier], hosts: Sequence[str]
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        draft = _draft(name, self._name, key.public_key()).add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if hosts:
            draft = draft.add_extension(x509.SubjectAlternativeName(map(_host, hosts)), critical=False)
        _save(self._folder, file_name, key, draft.sign(self._key, hashes.SHA256()))


def _name(user: str, group: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, group), *parts] if group else parts)


def _host(text: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(text)) if text[0].isdigit() else x509.DNSName(text)


def _draft(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 - validity is this machine's wall clock, not the operator's
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))  # experiments with clocks set them back
        .not_valid_after(now + timedelta(days=3650))
    )


def _save(folder: Path, file_name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    places.write(folder / f"{file_name}.key", _private(key))
    places.write(folder / f"{file_name}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    # The service accounts' key may stand in this form too: the API server and the controller manager read both.
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )

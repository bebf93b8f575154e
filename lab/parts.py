"""The parts of a lab and the command line of each: what upstream defaults leave open, and no more."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.configs import NODE_NAME
from lab.site import SERVICES, Site


@dataclass(frozen=True, slots=True)
class Part:
    """One long-running program of a lab."""

    name: str
    """Of the part, its program and its log."""
    flags: Callable[[Site], list[str]]
    on_node: bool = False
    """Whether it runs in the node's cell rather than beside it."""


def _etcd(site: Site) -> list[str]:
    pki, clients, peers = site.pki, f"https://127.0.0.1:{site.port(1)}", f"https://127.0.0.1:{site.port(2)}"
    flags = [
        "--name=lab", f"--data-dir={site.root / 'etcd'}", "--logger=zap", "--log-level=warn",
        f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=lab={peers}",
        # With certificates, because whoever may write here is root on the node.
        "--client-cert-auth", f"--trusted-ca-file={pki}/ca.crt", f"--cert-file={pki}/etcd.crt",
        f"--key-file={pki}/etcd.key", "--peer-client-cert-auth", f"--peer-trusted-ca-file={pki}/ca.crt",
        f"--peer-cert-file={pki}/etcd.crt", f"--peer-key-file={pki}/etcd.key",
        "--quota-backend-bytes=4294967296", "--auto-compaction-retention=5m",
    ]  # fmt: skip
    return flags if site.shape.durable else [*flags, "--unsafe-no-fsync"]


def _kube_apiserver(site: Site) -> list[str]:
    pki = site.pki
    return [
        # A node reaches it over the link; without one nobody but this machine needs to.
        f"--bind-address={'0.0.0.0' if site.shape.nodes else '127.0.0.1'}",  # noqa: S104 - see above; it wants a certificate
        f"--secure-port={site.api_port}", f"--advertise-address={site.host_address}",
        f"--service-cluster-ip-range={SERVICES}", "--authorization-mode=Node,RBAC", "--allow-privileged=true",
        f"--tls-cert-file={pki}/kube-apiserver.crt", f"--tls-private-key-file={pki}/kube-apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--etcd-servers=https://127.0.0.1:{site.port(1)}", f"--etcd-cafile={pki}/ca.crt",
        f"--etcd-certfile={pki}/etcd-client.crt", f"--etcd-keyfile={pki}/etcd-client.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        f"--kubelet-certificate-authority={pki}/ca.crt", "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={pki}/kube-apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/kube-apiserver-kubelet.key",
        "--enable-aggregator-routing=true",  # webhooks: this machine has a route to Pods, none to Services
        f"--audit-policy-file={site.config}/audit.yaml", f"--audit-log-path={site.audit_log}",
        "--audit-log-maxsize=10000",  # megabytes; one file, so that its readers need not follow a rotation
    ]  # fmt: skip


def _kube_controller_manager(site: Site) -> list[str]:
    return [
        f"--kubeconfig={site.config}/kube-controller-manager.kubeconfig", "--leader-elect=false",
        "--use-service-account-credentials", f"--service-account-private-key-file={site.pki}/service-accounts.key",
        f"--root-ca-file={site.pki}/ca.crt", "--bind-address=127.0.0.1", f"--secure-port={site.port(3)}",
        # As shipped (20 requests a second, 5 workers) it holds the Pods of many Jobs back for minutes.
        "--kube-api-qps=200", "--kube-api-burst=400", "--concurrent-job-syncs=20",
    ]  # fmt: skip


def _kube_scheduler(site: Site) -> list[str]:
    return [
        f"--kubeconfig={site.config}/kube-scheduler.kubeconfig", "--leader-elect=false",
        "--bind-address=127.0.0.1", f"--secure-port={site.port(4)}", "--kube-api-qps=200", "--kube-api-burst=400",
    ]  # fmt: skip


def _kwok(site: Site) -> list[str]:
    return [
        f"--kubeconfig={site.config}/kwok.kubeconfig", f"--config={site.config}/kwok.yaml",
        "--manage-nodes-with-label-selector=type=simulated", "--manage-all-nodes=false",
        "--node-lease-duration-seconds=40",  # else the node controller takes its nodes for dead
    ]  # fmt: skip


def _containerd(site: Site) -> list[str]:
    return [f"--config={site.inside(site.config)}/containerd.toml"]


def _kubelet(site: Site) -> list[str]:
    config = site.inside(site.config)
    return [
        f"--config={config}/kubelet.yaml", f"--kubeconfig={config}/kubelet.kubeconfig",
        f"--hostname-override={NODE_NAME}", f"--node-ip={site.node_address}",
    ]  # fmt: skip


def _kube_proxy(site: Site) -> list[str]:
    return [f"--config={site.inside(site.config)}/kube-proxy.yaml"]


_CONTROL_PLANE = (
    Part("etcd", _etcd),
    Part("kube-apiserver", _kube_apiserver),
    Part("kube-controller-manager", _kube_controller_manager),
    Part("kube-scheduler", _kube_scheduler),
)
_SIMULATION = (Part("kwok", _kwok),)
_NODE = (
    Part("containerd", _containerd, on_node=True),
    Part("kubelet", _kubelet, on_node=True),
    Part("kube-proxy", _kube_proxy, on_node=True),
)


def parts(site: Site) -> dict[str, Part]:
    """Return the parts that `site` has, by name, in the order in which they start."""
    wanted = (
        *_CONTROL_PLANE,
        *(_SIMULATION if site.shape.simulated else ()),
        *(_NODE if site.shape.nodes else ()),
    )
    return {part.name: part for part in wanted}


def command(part: Part, site: Site, binaries: Path) -> list[str | Path]:
    """Return the full command line; the user's flags come last, because the last of two wins."""
    folder = site.inside(binaries) if part.on_node else binaries
    return [folder / part.name, *part.flags(site), *site.shape.flags.get(part.name, ())]

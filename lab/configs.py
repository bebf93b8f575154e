"""The configuration files of a lab, rendered from plain data."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import yaml

from lab import places
from lab.site import Site

NODE_NAME = "worker-1"
CONTAINERD = "/run/containerd/containerd.sock"
PAUSE_IMAGE = "localhost/pause:lab"
_CLIENTS_OUTSIDE = ("kube-controller-manager", "kube-scheduler", "kwok")
_CLIENTS_INSIDE = ("kubelet", "kube-proxy")

Document = dict[str, Any]


def write_all(site: Site) -> None:
    """Write every configuration file of `site`; the certificates must exist."""
    _write(site.kubeconfig, kubeconfig(site, "admin", site.server))
    for user in _CLIENTS_OUTSIDE:
        _write(site.config / f"{user}.kubeconfig", kubeconfig(site, user, site.server))
    for user in _CLIENTS_INSIDE:
        _write(site.config / f"{user}.kubeconfig", kubeconfig(site, user, site.inner_server))
    _write(site.config / "audit.yaml", audit_policy())
    _write(site.config / "kubelet.yaml", kubelet(site))
    _write(site.config / "kube-proxy.yaml", kube_proxy(site))
    places.write(site.config / "containerd.toml", containerd(site))
    places.write(site.config / "cni" / "10-lab.conflist", json.dumps(pod_network(site), indent=2))


def _write(path: Path, document: Document) -> None:
    places.write(path, yaml.safe_dump(document, sort_keys=False))


def kubeconfig(site: Site, user: str, server: str) -> Document:
    """Return a kubeconfig that needs no other file."""

    def data(file_name: str) -> str:
        return b64encode((site.pki / file_name).read_bytes()).decode()

    context = f"lab-{site.name}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": {"server": server, "certificate-authority-data": data("ca.crt")}}],
        "users": [{
            "name": user,
            "user": {"client-certificate-data": data(f"{user}.crt"), "client-key-data": data(f"{user}.key")},
        }],
        "contexts": [{"name": context, "context": {"cluster": context, "user": user, "namespace": "default"}}],
        "current-context": context,
    }  # fmt: skip


def audit_policy() -> Document:
    """Return the policy of the witness: every answered write with its times, and all that Pods' accounts ask.

    Left out: the control plane's own reads, and heartbeats, which say nothing of a task.
    """
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "rules": [
            {"level": "None", "userGroups": ["system:nodes"], "resources": [{"group": "coordination.k8s.io"}]},
            {"level": "None", "users": ["torchtask-lab-kwok"], "resources": [{"group": "coordination.k8s.io"}]},
            {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
            {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
            {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
            {"level": "None"},
        ],
    }


def kubelet(site: Site) -> Document:
    """Return the kubelet's configuration: a node inside a cell, without swap, eviction or image collection."""
    pki = site.inside(site.pki)
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": f"{pki}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet-serving.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet-serving.key",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{site.cgroup}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "resolvConf": "",
        "clusterDNS": ["127.0.0.1"],  # there is none: a look-up in a Pod fails at once, and no event complains
        "syncFrequency": "1s",
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "registerWithTaints": [],
        "shutdownGracePeriod": "0s",
    }


def kube_proxy(site: Site) -> Document:
    """Return kube-proxy's configuration: iptables, and the kernel's connection tracking left as it is."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": site.pods,
        "clientConnection": {"kubeconfig": str(site.inside(site.config / "kube-proxy.kubeconfig"))},
        "hostnameOverride": NODE_NAME,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "iptables": {"minSyncPeriod": "100ms"},
    }


def pod_network(site: Site) -> Document:
    """Return the CNI configuration: a bridge with the Pods' addresses, reachable from this machine."""
    return {
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [{
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "ipMasq": False,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": site.pods}]], "routes": [{"dst": "0.0.0.0/0"}]},
        }],
    }  # fmt: skip


def containerd(site: Site) -> str:
    """Return containerd's configuration (TOML)."""
    return f"""\
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri"]

[grpc]
address = "{CONTAINERD}"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
# Without CAP_SYS_RESOURCE, as in many containers, runc could not lower the score and would die.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/usr/lib/cni", "/opt/cni/bin"]
conf_dir = "{site.inside(site.config / "cni")}"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
"""

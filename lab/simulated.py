"""Simulated nodes (kwok): the API server, the scheduler and the Job controller cannot tell them from real ones.

A Pod of a Job there runs for `SIMULATED_SECONDS` (1 when unset) and ends with `SIMULATED_EXIT_CODE` (0 when unset),
read from the first container's `env`; when deleted, at its deadline for instance, it is gone at once.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from lab import places
from lab.api import Api
from lab.configs import Document
from lab.site import Site

_EXISTS = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
_RUNNING = """\
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
"""
_ENDED = """\
{{ $now := Now }}{{ $root := . }}{{ $code := "0" }}
{{ range (index .spec.containers 0).env }}{{ if eq .name "SIMULATED_EXIT_CODE" }}{{ $code = .value }}{{ end }}{{ end }}
phase: {{ if eq $code "0" }}Succeeded{{ else }}Failed{{ end }}
conditions:
- {type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state:
    terminated:
      exitCode: {{ $code }}
      reason: {{ if eq $code "0" }}Completed{{ else }}Error{{ end }}
      startedAt: {{ $root.status.startTime | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
"""


def write_config(site: Site) -> None:
    """Write what happens to a Pod on a simulated node."""
    places.write(site.config / "kwok.yaml", yaml.safe_dump_all(_stages(), sort_keys=False))


def register(site: Site, api: Api) -> None:
    """Create the nodes, ready from the start; beside a real node they carry a taint, so that no real Pod lands here."""
    for number in range(1, site.shape.simulated + 1):
        api.create("/api/v1/nodes", _node(number, tainted=bool(site.shape.nodes)))


def _stages() -> Iterator[Document]:
    # kwok minds the Pods of those nodes only for which it has something to do itself.
    well, away = [_phase("Running"), _ready("True")], [_phase("Running"), _ready("Unknown")]
    yield _stage("heartbeat", well, _beat(""), kind="Node", delay={"durationMilliseconds": 300_000})
    # When the API server was away for long, the node controller takes the nodes for dead.
    yield _stage("return", away, _beat('status: "True", reason: Simulated,'), kind="Node")
    yield _stage("start", [_EXISTS, _phase("Pending")], {"statusTemplate": _RUNNING})
    yield _stage(
        "end",
        [_EXISTS, _phase("Running"), {"key": ".metadata.ownerReferences.[].kind", "operator": "In", "values": ["Job"]}],
        {"statusTemplate": _ENDED},
        delay={
            "durationMilliseconds": 1000,
            "durationFrom": {
                "expressionFrom": '.spec.containers[0].env[]? | select(.name == "SIMULATED_SECONDS") | .value + "s"'
            },
        },
    )
    yield _stage("delete", [{**_EXISTS, "operator": "Exists"}], {"delete": True})


def _beat(more: str) -> Document:
    condition = f"type: Ready, {more} lastHeartbeatTime: {{{{ Now | Quote }}}}"
    return {"statusTemplate": f"{{phase: Running, conditions: [{{{condition}}}]}}"}


def _ready(status: str) -> Document:
    key = '.status.conditions.[] | select(.type == "Ready") | .status'
    return {"key": key, "operator": "In", "values": [status]}


def _phase(name: str) -> Document:
    return {"key": ".status.phase", "operator": "In", "values": [name]}


def _stage(
    name: str, when: list[Document], then: Document, *, kind: str = "Pod", delay: Document | None = None
) -> Document:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": f"{kind.lower()}-{name}"},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": when},
            **({"delay": delay} if delay else {}),
            "next": then,
        },
    }


def _node(number: int, *, tainted: bool) -> Document:
    name = f"simulated-{number}"
    room = {"cpu": "1000", "memory": "1Ti", "pods": "10000", "ephemeral-storage": "1Ti"}
    taint: list[dict[str, Any]] = [{"key": "simulated", "value": "true", "effect": "NoSchedule"}] if tainted else []
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "simulated"},
        },
        "spec": {"taints": taint},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "reason": "Simulated", "message": "simulated by kwok"}],
            "addresses": [
                {"type": "InternalIP", "address": f"10.215.{number // 256}.{number % 256}"},
                {"type": "Hostname", "address": name},
            ],
            "capacity": room,
            "allocatable": room,
        },
    }

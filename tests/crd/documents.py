"""How the tests write a TorchTask: what a document is about stands in it, the rest is filled in."""

from dataclasses import dataclass
from typing import Any

from tests.crd.schema import Document


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that breaks one constraint, and the words in which the API server says so.

    `field` is the place that the server names where that differs from the constraint's own place.
    """

    document: Document
    words: str
    field: str | None = None


def task(name: str = "task", **spec: Any) -> Document:
    """Return a valid TorchTask with `spec` over its defaults."""
    when = {} if {"at", "daemon"} & spec.keys() else {"schedule": "*/5 * * * * *"}
    what = {} if "jobTemplate" in spec else {"container": {"image": "busybox:1.36"}}
    return {
        "apiVersion": "torchtask.dev/v1beta1",
        "kind": "TorchTask",
        "metadata": {"name": name},
        "spec": {**when, **what, **spec},
    }


def daemon(**spec: Any) -> Document:
    """Return a task that keeps one instance running, with these fields besides."""
    return task(**{"daemon": {}, **spec})


def without(document: Document, *path: str) -> Document:
    """Return the document less what stands at the end of `path`."""
    head, *rest = path
    if not rest:
        return {key: value for key, value in document.items() if key != head}
    return {**document, head: without(document[head], *rest)}


def container(**fields: Any) -> Document:
    """Return a task whose container has these fields besides its image."""
    return task(container={"image": "busybox:1.36", **fields})


def env(**variable: Any) -> Document:
    """Return a task with this one environment variable."""
    return container(env=[{"name": "COLOUR", **variable}])


def env_from(**source: Any) -> Document:
    """Return a task with this one source of environment variables."""
    return container(envFrom=[source])


def template(pod: Document | None = None, metadata: Document | None = None, **job: Any) -> Document:
    """Return a task whose Job template has these fields, and in its Pod's spec those of `pod`."""
    containers = [{"name": "main", "image": "busybox:1.36"}]
    pod_template = {"spec": {"restartPolicy": "Never", "containers": containers, **(pod or {})}}
    spec = {"template": pod_template, **job}
    return task(jobTemplate={"spec": spec} if metadata is None else {"metadata": metadata, "spec": spec})


def status(**fields: Any) -> Document:
    """Return a task with this status."""
    return {**task(), "status": fields}


def condition(**fields: Any) -> Document:
    """Return a condition with `fields` over a valid one's."""
    return {
        "type": "Ready",
        "status": "True",
        "reason": "Scheduled",
        "message": "",
        "lastTransitionTime": "2027-01-01T00:00:00Z",
        **fields,
    }


def many(count: int) -> Document:
    """Return a map of so many entries, each fit to be a label."""
    return {f"key-{number}": "value" for number in range(count)}

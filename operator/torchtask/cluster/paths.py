"""The URLs of the API that the operator speaks."""

from torchtask.core.names import API_VERSION, PLURAL

TASKS = f"/apis/{API_VERSION}/{PLURAL}"
JOBS = "/apis/batch/v1/jobs"
NODES = "/api/v1/nodes"
LEASE = "torchtask"


def jobs(namespace: str) -> str:
    """Return the collection of a namespace's Jobs."""
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def pods(namespace: str) -> str:
    """Return the collection of a namespace's Pods."""
    return f"/api/v1/namespaces/{namespace}/pods"


def config_maps(namespace: str) -> str:
    """Return the collection of a namespace's ConfigMaps."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


def events(namespace: str) -> str:
    """Return the collection of a namespace's events."""
    return f"/api/v1/namespaces/{namespace}/events"


def event(namespace: str, name: str) -> str:
    """Return one event."""
    return f"{events(namespace)}/{name}"


def job(namespace: str, name: str) -> str:
    """Return one Job."""
    return f"{jobs(namespace)}/{name}"


def task(namespace: str, name: str) -> str:
    """Return one TorchTask."""
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{PLURAL}/{name}"


def status(namespace: str, name: str) -> str:
    """Return the status of a TorchTask."""
    return f"{task(namespace, name)}/status"


def leases(namespace: str) -> str:
    """Return the collection of a namespace's Leases."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def lease(namespace: str) -> str:
    """Return the Lease that says which operator leads."""
    return f"{leases(namespace)}/{LEASE}"

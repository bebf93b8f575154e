"""A cluster that lets only those name an owner of what they create who may finalize that owner."""

from typing import Any

from tests.faults import admin, wall
from tests.faults.admin import RefusedError
from tests.faults.evidence import Applied
from tests.faults.experiment import experiment
from tests.faults.stage import Stage, foreign

SOMEBODY = "somebody"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1/namespaces"
MAY_CREATE = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]}
MAY_FINALIZE = {"apiGroups": ["torchtask.dev"], "resources": ["torchtasks/finalizers"], "verbs": ["update"]}
SEEN = 10.0  # seconds in which new rights are known


@experiment(
    "owner references enforced",
    flags={"kube-apiserver": ("--enable-admission-plugins=OwnerReferencesPermissionEnforcement",)},
)
async def owners_enforced(stage: Stage) -> None:
    """The API server lets only those name an owner who may finalize it: the operator may, and somebody may not."""
    begun, owner = wall.now(), stage.some("allow-short")[0]
    namespace = owner.task.namespace
    await _may(stage, namespace, "creates", MAY_CREATE)

    async def may_create() -> bool:
        return await _refusal(stage, namespace, foreign("asking")) == ""

    async def may_own() -> bool:
        return await _refusal(stage, namespace, _owned(owner)) == ""

    await wall.until_told(may_create, "somebody to be allowed to create Jobs", within=SEEN)
    words = await _refusal(stage, namespace, _owned(owner))
    assert "cannot set blockOwnerDeletion" in words, f"it is not enforced: {words}"
    await _may(stage, namespace, "finalizes", MAY_FINALIZE)
    await wall.until_told(may_own, "somebody to be allowed to name an owner", within=SEEN)
    await stage.calm(2)
    assert any(run.created > begun for run in stage.witness.runs.values()), "nothing was launched"


async def _may(stage: Stage, namespace: str, name: str, rule: dict[str, Any]) -> None:
    """Give somebody a right in a namespace."""
    await stage.world.admin.create(f"{RIGHTS}/{namespace}/roles", {"metadata": {"name": name}, "rules": [rule]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": SOMEBODY}
    binding = {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
    await stage.world.admin.create(f"{RIGHTS}/{namespace}/rolebindings", binding)


async def _refusal(stage: Stage, namespace: str, job: dict[str, Any]) -> str:
    """Say why somebody may not create a Job; empty: he may."""
    try:
        await stage.world.admin.ask("POST", admin.jobs(namespace), job, user=SOMEBODY, dryRun="All")
    except RefusedError as error:
        return str(error)
    return ""


def _owned(owner: Applied) -> dict[str, Any]:
    """Write a Job that keeps its owner from going before it."""
    reference = {
        "apiVersion": "torchtask.dev/v1beta1", "kind": "TorchTask", "name": owner.task.name, "uid": owner.uid,
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
    job = foreign("owned")
    job["metadata"]["ownerReferences"] = [reference]
    return job

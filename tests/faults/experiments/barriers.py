"""Jobs that the cluster will not have: quotas, admission policies, and webhooks that refuse, fail, or are slow."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus

from tests.faults import admin, wall
from tests.faults.admin import RefusedError
from tests.faults.calls import Call
from tests.faults.experiment import Act, Experiment, experiment
from tests.faults.load import Task
from tests.faults.stage import Stage, foreign
from tests.faults.webhooks import Manner, webhook

Barrier = Callable[[Stage, str], AbstractAsyncContextManager[None]]
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
SHUT = 8.0  # seconds
SLOW = 5.0  # seconds
PATIENCE = 20.0


async def _lets_in(stage: Stage, namespace: str) -> bool:
    """Tell whether a Job would be created in a namespace now."""
    try:
        await stage.world.admin.ask("POST", admin.jobs(namespace), foreign("asking"), dryRun="All")
    except RefusedError:
        return False
    return True


def refused(what: str, barrier: Barrier, *, hampered: bool) -> Act:
    """Let a namespace take no Jobs for some seconds; `hampered`: it is not even said that it does not."""

    async def act(stage: Stage) -> None:
        namespace = stage.namespaces[0]

        async def shut() -> bool:
            return not await _lets_in(stage, namespace)

        async def open_again() -> bool:
            return await _lets_in(stage, namespace)

        with stage.fault(what, hampered=hampered):
            begun = wall.now()
            async with barrier(stage, namespace):
                await wall.until_told(shut, f"{what} to be in force", within=PATIENCE)
                await stage.calm(SHUT)
            await wall.until_told(open_again, f"{what} to be over", within=PATIENCE)
        asked = [c for c in stage.world.proxy.calls if c.is_launch and c.namespace == namespace and c.arrived > begun]
        assert any(c.status not in {None, HTTPStatus.CREATED} for c in asked), "nothing was refused"

    return act


@asynccontextmanager
async def _quota(stage: Stage, namespace: str) -> AsyncIterator[None]:
    """Have a quota that is used up."""
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    spec = {"hard": {"count/jobs.batch": "0"}}
    await stage.world.admin.create(path, {"metadata": {"name": "none"}, "spec": spec})
    yield
    await stage.world.admin.delete(f"{path}/none")


@asynccontextmanager
async def _policy(stage: Stage, namespace: str) -> AsyncIterator[None]:
    """Have a ValidatingAdmissionPolicy that lets in no Jobs."""
    rule = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    await stage.world.admin.create(POLICIES, {
        "metadata": {"name": namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": "false", "message": "no Jobs here"}],
        },
    })  # fmt: skip
    await stage.world.admin.create(BINDINGS, {
        "metadata": {"name": namespace},
        "spec": {"policyName": namespace, "validationActions": ["Deny"], "matchResources": where},
    })  # fmt: skip
    yield
    await stage.world.admin.delete(f"{BINDINGS}/{namespace}")
    await stage.world.admin.delete(f"{POLICIES}/{namespace}")


def _asking(manner: Manner, timeout: int = 10) -> Barrier:
    """Have a webhook of bad manners."""
    return lambda stage, namespace: webhook(stage.world.admin, namespace, manner, timeout=timeout)


def _made(name: str, barrier: Barrier, sentence: str, *, hampered: bool = False, **fields: object) -> Experiment:
    act = refused(name, barrier, hampered=hampered)
    act.__doc__ = sentence
    return experiment(name, **fields)(act)


quota = _made("a quota used up", _quota, "A quota lets no more Jobs into a namespace, for 8 s.")
policy = _made("an admission policy", _policy, "A ValidatingAdmissionPolicy forbids Jobs in a namespace, for 8 s.")
denied = _made(
    "a webhook that refuses", _asking(Manner(code=403)), "A webhook refuses the Jobs of a namespace, for 8 s."
)
bad_request = _made(
    "a webhook that refuses with 400", _asking(Manner(code=400)), "A webhook says to Jobs that they are bad, for 8 s."
)
broken = _made(
    "a webhook that fails",
    _asking(Manner(broken=True)),
    "A webhook that must be asked answers nonsense, for 8 s.",
    hampered=True,
)
silent = _made(
    "a webhook that never answers",
    _asking(Manner(seconds=60), timeout=2),
    "A webhook is asked in vain, for 8 s.",
    hampered=True,
)


def crowding(manner: Manner, crowd_size: int, was_hit: Callable[[Call], bool]) -> Act:
    """Have each Job of a namespace meet a webhook, which is asked many times a second: others are on time."""

    async def act(stage: Stage) -> None:
        crowd = await stage.world.namespace(f"{stage.namespaces[0]}-slow")
        async with webhook(stage.world.admin, crowd, manner, timeout=int(SLOW)):
            often = [
                Task(f"slow-{n}", crowd, period=1, policy="Allow", limit=None, bad=True) for n in range(crowd_size)
            ]
            rarely = [Task(f"slow-forbid-{n}", crowd, period=2, bad=True) for n in range(5)]
            stage.bad_since = wall.now()
            await stage.apply(often + rarely)
            await stage.calm(20)
            for applied in stage.some("slow-"):
                stage.change(applied, pauses=((applied.created - 1, wall.now()),))  # nobody asks what became of those
                await stage.delete(applied)
            await stage.calm(SLOW + 1)
        asked = [c for c in stage.world.proxy.calls if c.is_launch and c.namespace == crowd]
        assert any(map(was_hit, asked)), "no Job met the webhook"

    return act


def _waited(call: Call) -> bool:
    return call.server_answered is not None and call.server_answered - (call.forwarded or 0) > SLOW - 2


def _put_off(call: Call) -> bool:
    return call.status == HTTPStatus.TOO_MANY_REQUESTS


def _crowding(
    name: str, manner: Manner, crowd_size: int, sentence: str, was_hit: Callable[[Call], bool] = _waited
) -> Experiment:
    act = crowding(manner, crowd_size, was_hit)
    act.__doc__ = sentence
    return experiment(name, before=12, after=8, alone=True)(act)


slow = _crowding(
    "a slow webhook in one namespace", Manner(seconds=SLOW - 1), 20,
    "In one namespace each Job waits 4 s for a webhook: in the others all is on time.",
)  # fmt: skip
dead = _crowding(
    "a dead webhook in one namespace", Manner(seconds=60), 60,
    "In one namespace each Job waits 5 s for a webhook, and then fails: in the others all is on time.",
)  # fmt: skip
hasty = _crowding(
    "a webhook that says 429 in one namespace", Manner(code=429, retry_after=10), 5,
    "In one namespace a webhook denies each Job with 429, to come again in 10 s: in the others all is on time.",
    _put_off,
)  # fmt: skip

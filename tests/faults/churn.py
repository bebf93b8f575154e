"""Tasks that come, change and go while something is broken: when it is healed, each is what was asked for last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from tests.faults import wall
from tests.faults.evidence import Applied, Bounds
from tests.faults.load import Task
from tests.faults.runs import Post
from tests.faults.stage import Stage

NAMES = "churn"
PERIOD = 2  # seconds
RECOVERY = Bounds().recovery  # seconds after which each fires as it should
PACE, UNSEEN = 0.4, 1.2  # seconds between two that come, and from there until it changes or goes


@asynccontextmanager
async def churn(stage: Stage) -> AsyncIterator[None]:
    """Have tasks come, change and go; then wait until they must have ended right, and object to those that did not."""
    over = asyncio.Event()
    work = asyncio.create_task(_turn(stage, over))
    try:
        yield
    finally:
        over.set()
        edited = await work
    healed = wall.now()
    for applied in edited:  # an edit that is seen late leaves fire times out of all counts (L9)
        stage.change(applied, pauses=((0, healed + RECOVERY),))
    await stage.calm(RECOVERY + PERIOD + 1)
    _look(stage, edited, healed + RECOVERY)


async def _turn(stage: Stage, over: asyncio.Event) -> list[Applied]:
    """Let one after the other come; of three in a row the first is edited soon, and the second deleted.

    Return those that were edited.
    """
    edited: list[Applied] = []
    lives = [asyncio.create_task(_live(stage, number, edited)) async for number in _paced(over)]
    await asyncio.gather(*lives)
    return edited


async def _paced(over: asyncio.Event) -> AsyncIterator[int]:
    for number in count():
        if over.is_set():
            return
        yield number
        await asyncio.sleep(PACE)


async def _live(stage: Stage, number: int, edited: list[Applied]) -> None:
    task = Task(f"{NAMES}-{number}", stage.namespaces[number % 2], PERIOD, number % PERIOD, policy="Allow", limit=None)
    (applied,) = await stage.apply([task])
    await asyncio.sleep(UNSEEN)
    if number % 3 == 0:
        container = {**task.document()["spec"]["container"], "workingDir": _words(applied)}
        await stage.world.admin.merge(stage.where(applied), {"spec": {"container": container}})
        edited.append(applied)
    if number % 3 == 1:
        await stage.delete(applied)


def _words(applied: Applied) -> str:
    """Return what stands in a task, and its Jobs, once it was edited."""
    return f"/edited/{applied.uid}"


def _look(stage: Stage, edited: list[Applied], since: float) -> None:
    """Compare what was asked for since then with what the tasks say."""
    posts = [post for call in stage.world.proxy.calls if call.arrived > since and (post := Post.of(call))]
    asked = {post.owner for post in posts}
    tasks = [applied for applied in stage.tasks if applied.task.name.startswith(NAMES)]
    wrong = [f"{a.task.name} was deleted, and is launched" for a in tasks if a.deleted and a.uid in asked]
    if stage.slow_for(since) < PERIOD / 2:  # else one that is late is not missing
        wrong += [f"{a.task.name} is not launched" for a in tasks if not a.deleted and a.uid not in asked]
    old = {post.owner for post in posts if _words_of(post) not in post.call.body}
    wrong += [f"{a.task.name} is launched as it was before it was edited" for a in edited if a.uid in old]
    stage.objections += wrong


def _words_of(post: Post) -> bytes:
    return f"/edited/{post.owner}".encode()

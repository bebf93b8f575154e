"""Has Python look for cyclic garbage when nobody waits for the loop, and never through everything in a busy moment.

By itself it would look through all that is known, again and again while that comes or changes, and in whichever thread
just made an object: a tenth of a second for ten thousand tasks, in which nothing is launched. So it looks by itself
only through what is young, where nearly all garbage is. What is older is looked through once here, and left alone then;
all of it together only now and then. Objects that nobody refers to are freed at once, as ever: only those that refer
to each other have to wait.
Law: a look comes in the middle of a second. Fire times are whole seconds.
"""

import asyncio
import gc
from itertools import count

from torchtask import clock

EVERY_SECONDS = 10  # each as short as what came since is little: ten thousand new statuses at once took 0.1 s
ALL_EACH = 360  # looks: once an hour, through all
SETTLED_SECONDS = 10.0  # after which what comes at the start is in its lasting form: it is left alone from then on
NEVER = 1_000_000_000


async def collect() -> None:
    """Look for garbage for ever."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)
    await asyncio.sleep(SETTLED_SECONDS)
    gc.freeze()
    for look in count(1):
        await asyncio.sleep(EVERY_SECONDS)
        await asyncio.sleep((1.5 - clock.now().timestamp() % 1) % 1)
        if look % ALL_EACH == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()

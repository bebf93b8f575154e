"""`python -m torchtask`: run the operator until SIGTERM or SIGINT."""

import asyncio
import contextlib
import logging
import signal
import sys

from torchtask import logs, settings
from torchtask.cluster.api import Api
from torchtask.cluster.connection import Connection, connect
from torchtask.cluster.errors import NoClusterError
from torchtask.cluster.exchange import Exchange
from torchtask.cluster.lease import Lease
from torchtask.engine import health
from torchtask.engine.feed import Feed
from torchtask.engine.operation import Operation
from torchtask.engine.skew import Skew
from torchtask.engine.told import Told

log = logging.getLogger("torchtask")


async def operate(chosen: settings.Settings, connection: Connection) -> None:
    """Run the operator, its change feed and its health server until a signal comes."""
    skew, told = Skew(), Told(chosen.identity)

    def observe(exchange: Exchange) -> None:
        skew.observe(exchange)
        told.metrics.requests.told(exchange.method, exchange.path, exchange.status, exchange.seconds)

    async with Api(connection, observe=observe) as unbound:
        lease = Lease(unbound.lane(1), chosen.namespace, chosen.identity)
        operation = Operation(unbound, chosen, lease, skew, told)
        feed = Feed(connection, operation.sight.task_sight, told.complaints.about("feeding changes"))
        operation.sight.task_sight.served_again = feed.begin_anew
        running = asyncio.create_task(operation.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        server = await health.serve(
            chosen.health_port,
            ails=lambda: operation.ails() or feed.ails(),
            obstacle=lambda: operation.obstacle() or feed.obstacle(),
            numbers=told.metrics.text,
        )
        feed.start()
        log.info("operating against %s", connection.server)
        with contextlib.suppress(asyncio.CancelledError):
            await running
        feed.stop()
        await server.cleanup()
        log.info("stopped")


def main() -> int:
    """Start; return the exit code."""
    try:
        chosen = settings.load()
        logs.configure(chosen.log_level)
        connection = connect()
    except (settings.SettingError, NoClusterError) as error:
        sys.stderr.write(f"torchtask: {error}\n")
        return 2
    asyncio.run(operate(chosen, connection))
    return 0


if __name__ == "__main__":
    sys.exit(main())

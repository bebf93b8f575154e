"""Logs: one JSON object a line on standard error, so that nothing a user wrote can break out of its line."""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType

FIELDS = "fields"  # log.info("…", extra={FIELDS: {"run": …}}): what a machine will look for stands beside the message

log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: time (UTC), level, logger, message, its fields, and the error's trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Write `record`."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, FIELDS, {})
        if record.exc_info:
            line["error"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line)


def configure(level: int) -> None:
    """Send everything from `level` on to standard error; the feed tells of kopf's faults, in few lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("kopf").setLevel(logging.CRITICAL)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Log what nobody caught, instead of a trace of many lines."""
    log.critical("nobody caught this", exc_info=(kind, error or kind(), trace))

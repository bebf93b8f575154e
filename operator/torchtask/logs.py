"""Logs: one JSON object a line on standard error, so that nothing a user wrote can break out of its line."""

import json
import logging
import traceback
from datetime import UTC, datetime

FIELDS = "fields"  # log.info("…", extra={FIELDS: {"run": …}}): what a machine will look for stands beside the message


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

"""Keeps the key out of the log messages of the HTTP libraries, which quote the headers of responses.

The courier's process logs nowhere, but on a thread of the kernel the user's own loggers get the messages.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from cometmagic.system.redactor import Redactor

_LOGGER_NAMES = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")


@contextlib.contextmanager
def redact_logs(redactor: Redactor) -> Iterator[None]:
    """Redact what the HTTP libraries log meanwhile."""

    def redact_record(record: logging.LogRecord) -> bool:
        record.msg, record.args = redactor.redact(record.getMessage()), ()
        return True

    loggers = [logging.getLogger(name) for name in _LOGGER_NAMES]
    for logger in loggers:
        logger.addFilter(redact_record)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(redact_record)

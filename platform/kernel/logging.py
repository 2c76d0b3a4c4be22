"""Log lines: one event each, with what is bound to the request, without secrets."""

import logging
import logging.config
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from django.utils.module_loading import import_string

#: Keys whose values never reach a log, whatever they hold.
SECRET_KEYS = re.compile(
    r"pass|secret|token|^code$|(verify|reset|new)_code|ticket|^flow|cookie"
    r"|authorization|refresh",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"([A-Za-z0-9._%+-]+)@([A-Za-z0-9.-]+\.[A-Za-z]{2,}|localhost)")
LINE_BREAKS = re.compile(r"[\r\n]+")

Event = MutableMapping[str, Any]


def mask_address(text: str) -> str:
    """Return the text with mail addresses as `j***n@example.org`."""
    return ADDRESS.sub(lambda m: f"{m[1][0]}***{m[1][-1]}@{m[2]}", text)


def mask(_logger: Any, _method: str, event: Event) -> Event:
    """Take secrets out of an event and mask addresses; a structlog processor."""
    for key, value in event.items():
        if key in {"event", "exception", "logger", "level", "timestamp"}:
            if isinstance(value, str):
                event[key] = mask_address(value)
        elif SECRET_KEYS.search(key):
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = LINE_BREAKS.sub(" ", mask_address(value))
    return event


def configure(config: MutableMapping[str, Any]) -> None:
    """Set up logging for the process; Django calls this.

    `level` is the least that is written; `processors` are dotted names of what adds to
    every line, in the thread or coroutine that writes it.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        *map(import_string, config.get("processors", [])),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "logger", "event"], bool_as_flag=False
            ),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(config.get("level", "INFO"))
    # Django hangs handlers of its own here, which would say everything twice.
    for own in ("django", "django.server"):
        logging.getLogger(own).handlers.clear()
    for noisy in ("django.server", "asyncio", "kombu", "amqp", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

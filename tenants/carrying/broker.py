"""Send a word to the workers, and never make a request wait for the broker.

PostgreSQL holds what is due; a message that is not sent costs at most one tick.
"""

import logging
import time
from typing import Any, Final

from celery import Task
from celery.canvas import Signature
from django.conf import settings
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

#: After a failure this process does not try again for so long.
QUIET_SECONDS: Final = 30.0

_quiet_until = 0.0


def client(**options: Any) -> Redis:
    """Return a client of the broker; kombu's address of a socket is not redis-py's."""
    address = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    return Redis.from_url(address.replace("virtual_host=", "db="), **options)


def publish(task: Task[..., Any], *args: Any, **options: Any) -> bool:
    """Send a task; tell whether the broker took it."""
    return send(task.s(*args).set(**options))


def by_worker(task: Task[..., Any], *args: Any) -> bool:
    """Leave a task to a worker; False where it is to be done here."""
    return settings.TENANTRY_DISPATCH == "celery" and publish(task, *args)


def send(message: "Signature[Any]") -> bool:
    """Send a task with all that goes with it; tell whether the broker took it."""
    global _quiet_until  # noqa: PLW0603 - one broker for all threads of the process
    if time.monotonic() < _quiet_until:
        return False
    try:
        message.apply_async(retry=False)
    except (OperationalError, RedisError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning(
            "broker.unreachable",
            extra={"task": message.task, "reason": type(error).__name__},
        )
        return False
    return True

"""The project's own task: a word to a worker and back."""

import logging
import secrets

from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from tenants.carrying.broker import client as client_of_broker
from tenants.celery import control_task

logger = logging.getLogger(__name__)
KEPT_SECONDS = 30


def broker() -> Redis:
    """Return a client of the broker that waits for answers."""
    return client_of_broker(socket_timeout=10)


@control_task("config.echo")
def echo(word: str) -> None:
    """Put the word where `worker_answers` waits for it."""
    key = f"echo:{word}"
    with broker() as client:
        client.rpush(key, word)
        client.expire(key, KEPT_SECONDS)


def worker_answers(*, within_seconds: int) -> bool:
    """Tell whether a worker carries a word back in time."""
    word = secrets.token_hex(8)
    try:
        echo.apply_async((word,), expires=KEPT_SECONDS)
        with broker() as client:
            return client.blpop([f"echo:{word}"], timeout=within_seconds) is not None
    except (OperationalError, RedisError):
        logger.warning("health.broker_unreachable")
        return False

"""The buckets that all processes share: in the broker's store, by its clock."""

import logging
import time
from functools import cache
from typing import Any, Final

from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tenants.carrying import broker
from tenants.plans.buckets import Rate

logger = logging.getLogger(__name__)

#: As `buckets.take`. Valkey runs a script alone, so no request is counted twice.
SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
local after = math.max(full_at, now) + interval
local wait = after - now - burst * interval
if wait > 0 then
  return wait
end
local lives = math.ceil((after - now) / 1000) + 1
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', lives)
return 0
"""
#: A request waits no longer for the store.
PATIENCE_SECONDS: Final = 0.25
#: After a failure the store is left alone for so long.
QUIET_SECONDS: Final = 5.0

_quiet_until = 0.0


def take(name: str, rate: Rate) -> int | None:
    """Take a token in one round trip; return how long to wait, 0 where there was one.

    None where the store cannot be asked.
    """
    global _quiet_until  # noqa: PLW0603 - one store for all threads of the process
    now = time.monotonic()
    if now < _quiet_until:
        return None
    was_away = _quiet_until > 0
    if was_away:
        _quiet_until = now + QUIET_SECONDS  # for the others, while this one tries
    try:
        wait = int(script(settings.CELERY_BROKER_URL)(keys=[name], args=wanted(rate)))
    except (RedisError, OSError, ValueError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        if not was_away:
            reason = type(error).__name__
            logger.warning("rates.store_unreachable", extra={"reason": reason})
        return None
    _quiet_until = 0.0
    return wait


def wanted(rate: Rate) -> list[int]:
    return [rate.interval, rate.burst]


@cache
def script(address: str) -> Any:  # noqa: ARG001 - another address, another client
    """Return the script, bound to a client of the store. Raises ValueError."""
    client = broker.client(
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 1),  # a connection that rested may be closed
    )
    return client.register_script(SCRIPT)

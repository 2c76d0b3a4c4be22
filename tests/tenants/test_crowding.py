"""PRV-5: only so many schemas are made or dropped at once."""

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event, Semaphore

import pytest
from django.db import connections

from tenants.context import use_control
from tenants.fleet import crowding

pytestmark = pytest.mark.django_db(transaction=True)


def test_prv_5_whoever_comes_late_waits_for_a_place(settings) -> None:
    settings.TENANT_SCHEMAS_AT_ONCE = 2
    inside, go = Semaphore(0), Event()

    def work() -> None:
        try:
            with crowding.place():
                inside.release()
                assert go.wait(20)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        ends = [pool.submit(work) for _number in range(3)]
        assert inside.acquire(timeout=20)
        assert inside.acquire(timeout=20)
        assert not inside.acquire(timeout=0.3)
        go.set()
        done, _open = wait(ends, timeout=20)
    assert [end.exception() for end in done] == [None, None, None]


def test_prv_5_a_place_is_given_back_after_a_failure(settings) -> None:
    settings.TENANT_SCHEMAS_AT_ONCE = 1
    for _time in range(2):
        with pytest.raises(ZeroDivisionError), crowding.place():
            raise ZeroDivisionError

    def take() -> str:
        try:
            with crowding.place():
                return "taken"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(take).result(timeout=20) == "taken"


def test_prv_5_a_server_with_too_small_a_table_of_locks_is_named(settings) -> None:
    with use_control():
        assert crowding.room_for_locks(None, databases=["default"]) == []
    settings.TENANT_SCHEMAS_AT_ONCE = 64
    (warning,) = crowding.room_for_locks(None, databases=["default"])
    assert warning.id == "tenants.W006"
    assert "64 schemas" in warning.msg

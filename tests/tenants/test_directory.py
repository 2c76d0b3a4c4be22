"""What a process remembers of hosts: for how long, how many, and never what is past."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.context import TenantInfo
from tenants.directory import MOST, UNKNOWN, Directory, Found

PATIENCE = 20.0


def tenant(slug: str, uuid: UUID | None = None) -> TenantInfo:
    return TenantInfo(
        uuid=uuid or uuid4(),
        slug=slug,
        schema_name=f"t_{slug}",
        db_role=f"r_{slug}",
        name=slug,
        state="active",
        locale="en",
        timezone="UTC",
        primary_domain=f"{slug}.test",
        generation=1,
        cache_epoch=1,
        storage_prefix=slug,
    )


ACME, GLOBEX = Found(tenant("acme")), Found(tenant("globex"))


class World:
    """A table of hosts that is asked, and a clock, both in a test's hand."""

    def __init__(self) -> None:
        self.table = {"acme.test": ACME, "www.acme.test": ACME, "globex.test": GLOBEX}
        self.asked: Counter[str] = Counter()
        self.now = 1000.0
        self.meanwhile: Callable[[], object] = lambda: None
        self.directory = Directory(self.look_up, timer=lambda: self.now)

    def look_up(self, host: str) -> Found | None:
        self.asked[host] += 1
        answer = self.table.get(host)
        self.meanwhile()
        return answer


@pytest.fixture
def world() -> World:
    return World()


def test_a_host_is_looked_up_once_and_then_remembered(world: World) -> None:
    assert world.directory.peek("acme.test") is UNKNOWN
    assert [world.directory.find("acme.test") for _ in range(3)] == [ACME] * 3
    assert world.directory.peek("acme.test") == ACME
    assert world.asked == {"acme.test": 1}


@pytest.mark.parametrize(
    ("host", "told", "seconds"),
    [
        ("acme.test", True, 30),
        ("acme.test", False, 2),
        ("nobody.test", True, 5),
        ("nobody.test", False, 5),
    ],
)
def test_an_answer_lives_so_long_and_no_longer(
    world: World, host: str, told, seconds: float
) -> None:
    world.directory.empty(told=told)
    world.directory.find(host)
    world.now += seconds - 0.001
    world.directory.find(host)
    assert world.asked[host] == 1
    world.now += 0.001
    world.directory.find(host)
    assert world.asked[host] == 2


def test_an_answer_lives_two_seconds_before_anybody_listens(world: World) -> None:
    world.directory.find("acme.test")
    world.now += 2
    assert world.directory.peek("acme.test") is UNKNOWN


def test_a_spray_of_unknown_hosts_pushes_no_tenant_out(world: World) -> None:
    world.directory.find("acme.test")
    for number in range(MOST + 100):
        world.directory.find(f"nobody{number}.test")
    assert world.directory.peek("acme.test") == ACME
    assert world.directory.peek("nobody0.test") is UNKNOWN
    assert world.directory.peek(f"nobody{MOST}.test") is None


def test_of_too_many_hosts_the_one_least_asked_for_goes(world: World) -> None:
    world.table |= {f"h{number}.test": GLOBEX for number in range(MOST)}
    world.directory.find("acme.test")
    world.directory.find("www.acme.test")
    world.directory.find("acme.test")
    for number in range(MOST - 1):
        world.directory.find(f"h{number}.test")
    assert world.directory.peek("acme.test") == ACME
    assert world.directory.peek("www.acme.test") is UNKNOWN


def test_a_tenant_is_forgotten_with_all_its_hosts_and_no_other(world: World) -> None:
    for host in world.table:
        world.directory.find(host)
    world.directory.drop(tenants=[ACME.tenant.uuid])
    assert world.directory.peek("acme.test") is UNKNOWN
    assert world.directory.peek("www.acme.test") is UNKNOWN
    assert world.directory.peek("globex.test") == GLOBEX


def test_a_host_that_led_nowhere_is_forgotten_too(world: World) -> None:
    assert world.directory.find("new.test") is None
    world.table["new.test"] = GLOBEX
    assert world.directory.find("new.test") is None
    world.directory.drop(hosts=["new.test"])
    assert world.directory.find("new.test") == GLOBEX


def test_to_forget_what_is_not_known_or_too_old_harms_nothing(world: World) -> None:
    world.directory.find("acme.test")
    world.now += 60
    world.directory.drop(tenants=[ACME.tenant.uuid, uuid4()], hosts=["acme.test", "x"])
    world.directory.empty()
    assert world.directory.find("acme.test") == ACME


@pytest.mark.parametrize(
    "change",
    [
        lambda directory: directory.drop(tenants=[ACME.tenant.uuid]),
        lambda directory: directory.drop(hosts=["acme.test"]),
        lambda directory: directory.empty(),
        lambda directory: directory.empty(told=True),
    ],
)
def test_an_answer_that_a_change_overtook_is_not_remembered(
    world: World, change: Callable[[Directory], None]
) -> None:
    world.meanwhile = lambda: change(world.directory)
    assert world.directory.find("acme.test") == ACME
    assert world.directory.peek("acme.test") is UNKNOWN
    assert world.directory.find("nobody.test") is None
    assert world.directory.peek("nobody.test") is UNKNOWN


def test_an_error_is_raised_and_not_remembered(world: World) -> None:
    def fail() -> None:
        raise ConnectionError

    world.meanwhile = fail
    with pytest.raises(ConnectionError):
        world.directory.find("acme.test")
    world.meanwhile = lambda: None
    assert world.directory.find("acme.test") == ACME
    assert world.asked["acme.test"] == 2


class Crowd:
    """Threads that ask for one host while the first of them is held at the table."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.error: BaseException | None = None
        self.at_the_table, self.go_on = threading.Event(), threading.Event()
        self.pool = ThreadPoolExecutor(8)
        world.meanwhile = self.hold
        self.first = self.ask()
        assert self.at_the_table.wait(PATIENCE)

    def hold(self) -> None:
        self.world.meanwhile = lambda: None
        self.at_the_table.set()
        assert self.go_on.wait(PATIENCE)
        if self.error:
            raise self.error

    def ask(self) -> "Future[Found | None]":
        return self.pool.submit(self.world.directory.find, "acme.test")

    def join(self, number: int) -> "list[Future[Found | None]]":
        """Have more of them ask, and return once all wait for the first."""
        awaited = self.world.directory._under_way["acme.test"]
        others = [self.ask() for _ in range(number)]
        give_up = time.monotonic() + PATIENCE
        while len(awaited._condition._waiters) < number:
            assert time.monotonic() < give_up
            time.sleep(0.001)
        return others


def test_many_who_ask_at_once_make_one_look_up(world: World) -> None:
    crowd = Crowd(world)
    others = crowd.join(7)
    crowd.go_on.set()
    assert [one.result(PATIENCE) for one in (crowd.first, *others)] == [ACME] * 8
    assert world.asked == {"acme.test": 1}


def test_who_asks_after_a_change_does_not_wait_for_an_older_look_up(
    world: World,
) -> None:
    crowd = Crowd(world)
    world.table["acme.test"] = GLOBEX
    world.directory.drop(hosts=["acme.test"])
    assert crowd.ask().result(PATIENCE) == GLOBEX
    crowd.go_on.set()
    assert crowd.first.result(PATIENCE) == ACME
    assert world.directory.peek("acme.test") == GLOBEX


def test_those_who_wait_for_a_look_up_get_its_error(world: World) -> None:
    crowd = Crowd(world)
    others = crowd.join(3)
    crowd.error = ConnectionError()
    crowd.go_on.set()
    errors = [one.exception(PATIENCE) for one in (crowd.first, *others)]
    assert errors == [crowd.error] * 4
    assert world.asked == {"acme.test": 1}
    assert world.directory.find("acme.test") == ACME


def test_those_who_wait_for_a_thread_that_is_ended_ask_again(world: World) -> None:
    crowd = Crowd(world)
    others = crowd.join(3)
    crowd.error = SystemExit()
    crowd.go_on.set()
    assert crowd.first.exception(PATIENCE) is crowd.error
    assert [one.result(PATIENCE) for one in others] == [ACME] * 3
    assert world.asked == {"acme.test": 2}


def test_hosts_do_not_wait_for_each_other(world: World) -> None:
    crowd = Crowd(world)
    assert world.directory.find("globex.test") == GLOBEX
    crowd.go_on.set()
    assert crowd.first.result(PATIENCE) == ACME


HOSTS = st.sampled_from(["a.test", "b.test", "c.test", "d.test"])
TENANTS = st.sampled_from([ACME, GLOBEX, None])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), HOSTS, TENANTS),
        st.tuples(st.just("ask"), HOSTS, st.none()),
        st.tuples(st.just("wait"), st.floats(0, 40), st.none()),
        st.tuples(st.just("reconnect"), st.booleans(), st.none()),
    ),
    max_size=40,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_happens_no_answer_is_older_than_the_last_change(steps) -> None:
    world = World()
    for step, subject, found in steps:
        if step == "change":
            before = world.table.get(subject)
            world.table[subject] = found
            led = [one.tenant.uuid for one in (before, found) if one]
            world.directory.drop(tenants=led, hosts=[subject])
        elif step == "ask":
            assert world.directory.find(subject) == world.table.get(subject)
        elif step == "wait":
            world.now += subject
        else:
            world.directory.empty(told=subject)

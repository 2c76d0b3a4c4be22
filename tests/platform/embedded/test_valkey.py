"""The embedded Valkey saves what it has, ends with its owner, and may lose all."""

import os
import signal

from redis import Redis

from kernel.embedded.valkey import ValkeyServer
from tests.platform.embedded.running import (
    eventually,
    gone_within,
    launcher,
    living_in,
)

VALKEY = launcher("valkey")
SOCKET = r"redis\+socket://(\S+)\?virtual_host=0"


def client(run):
    return Redis(unix_socket_path=run.until(SOCKET)[1])


def test_a_killed_launcher_leaves_the_data_saved_and_no_server(data, start):
    first = start(VALKEY, data)
    with client(first) as valkey:
        valkey.set("word", "kept")
    first.kill(signal.SIGKILL).code()
    assert gone_within(data, 5)

    with client(start(VALKEY, data)) as valkey:
        assert valkey.get("word") == b"kept"


def test_a_signal_ends_it_after_saving(data, start):
    run = start(VALKEY, data)
    with client(run) as valkey:
        valkey.set("word", "kept")

    assert run.kill(signal.SIGTERM).code() == 128 + signal.SIGTERM

    assert living_in(data) == []
    assert (data / "valkey9" / "dump.rdb").exists()


def test_a_killed_server_ends_its_launcher_and_starts_again(data, start):
    run = start(VALKEY, data)
    run.until(SOCKET)
    pid = int((data / "valkey9" / "valkey.pid").read_text())

    os.kill(pid, signal.SIGKILL)

    assert run.code() == 1
    with client(start(VALKEY, data)) as valkey:
        assert valkey.ping()


def test_data_that_cannot_be_read_are_put_aside(data, monkeypatch):
    monkeypatch.setattr("kernel.embedded.server.RETRY_WITHIN", 0.2)
    (data / "valkey9").mkdir(parents=True)
    (data / "valkey9" / "dump.rdb").write_bytes(b"no dump of any version")
    server = ValkeyServer(data / "valkey9")

    server.start()
    server.stop()

    assert (data / "valkey9" / "dump.rdb.refused").read_bytes().startswith(b"no dump")


def test_only_the_owner_may_connect_and_no_port_is_open(data):
    server = ValkeyServer(data / "valkey9", test=True)
    server.start()
    try:
        with Redis(unix_socket_path=str(server.socket)) as valkey:
            assert valkey.config_get("port") == {"port": "0"}
            assert valkey.config_get("maxmemory-policy") == {
                "maxmemory-policy": "noeviction"
            }
        assert server.socket.stat().st_mode & 0o777 == 0o700
        assert server.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_an_orphan_is_ended_before_the_next_start(data):
    first = ValkeyServer(data / "valkey9", test=True)
    first.start()
    first.lock.release()  # as if its owner had gone

    second = ValkeyServer(data / "valkey9", test=True)
    second.start()

    assert eventually(lambda: not first.is_running(), 5)
    second.stop()

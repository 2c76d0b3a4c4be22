"""Commands beside a running demo write links that lead to it."""

from kernel.embedded import addresses, locks


def test_the_port_of_the_demo_is_known_while_it_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("TENANTRY_DATA_DIR", str(tmp_path))
    assert addresses.demo_port() is None
    lock = locks.Lock(tmp_path / "demo.lock")
    lock.take(note="8041")
    assert addresses.demo_port() == 8041
    lock.release()
    assert addresses.demo_port() is None

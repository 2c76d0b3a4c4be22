"""Where the data of a test run lie."""

import pytest

from kernel.embedded import places
from kernel.embedded.testing import Servers


@pytest.fixture(autouse=True)
def memory(monkeypatch, tmp_path):
    """A place that stands for the machine's memory; no data directory is named."""
    monkeypatch.delenv("TENANTRY_DATA_DIR", raising=False)
    monkeypatch.setattr(places, "MEMORY", tmp_path)
    monkeypatch.setattr(places, "ROOM", 1)
    return tmp_path


def test_they_lie_in_memory_where_there_is_room(memory):
    assert Servers()._directory().parent == memory


def test_they_lie_on_disk_where_memory_is_short_or_missing(memory, monkeypatch):
    monkeypatch.setattr(places, "ROOM", 2**62)
    assert Servers()._directory() == places.data_dir()
    monkeypatch.setattr(places, "MEMORY", memory / "missing")
    assert Servers()._directory() == places.data_dir()


def test_they_lie_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("TENANTRY_DATA_DIR", str(tmp_path / "named"))
    assert Servers()._directory() == tmp_path / "named"


def test_what_has_to_last_lies_on_disk():
    assert Servers(durable=True)._directory() == places.data_dir()

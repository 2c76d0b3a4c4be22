import pytest

from config.settings.database import database


def test_a_network_address_is_read():
    settings = database("postgres://me:p%40ss@db.example:5433/tenantry?sslmode=require")
    assert settings["ENGINE"] == "tenants.db"
    assert (settings["HOST"], settings["PORT"]) == ("db.example", "5433")
    assert (settings["USER"], settings["PASSWORD"]) == ("me", "p@ss")
    assert settings["OPTIONS"] == {"sslmode": "require"}


def test_a_socket_directory_is_read():
    settings = database("postgres://tenantry@/tenantry?host=%2Ftmp%2Fpg")
    assert (settings["HOST"], settings["PORT"]) == ("/tmp/pg", "")


@pytest.mark.parametrize("url", ["mysql://x/y", "postgres://host", "nonsense", ""])
def test_another_address_is_refused_with_the_form_to_use(url):
    with pytest.raises(ValueError, match="DATABASE_URL must read"):
        database(url)

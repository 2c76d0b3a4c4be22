import pytest

from kernel import env


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "yes", "On", " on "])
def test_a_flag_is_on(monkeypatch, word):
    monkeypatch.setenv("TENANTRY_TEST", word)
    assert env.flag("TENANTRY_TEST") is True


@pytest.mark.parametrize("word", ["false", "0", "No", "off", ""])
def test_a_flag_is_off(monkeypatch, word):
    monkeypatch.setenv("TENANTRY_TEST", word)
    assert env.flag("TENANTRY_TEST", True) is False


def test_a_flag_that_cannot_be_read_is_an_error_and_no_default(monkeypatch):
    monkeypatch.setenv("TENANTRY_TEST", "maybe")
    with pytest.raises(env.BadVariable, match="TENANTRY_TEST is 'maybe'"):
        env.flag("TENANTRY_TEST")


@pytest.mark.parametrize("raw", ["many", "1.5", "0", "65536"])
def test_a_number_outside_its_bounds_is_an_error(monkeypatch, raw):
    monkeypatch.setenv("TENANTRY_TEST", raw)
    with pytest.raises(env.BadVariable, match="TENANTRY_TEST"):
        env.number("TENANTRY_TEST", 8000, low=1, high=65535)


def test_an_unset_variable_takes_the_default(monkeypatch):
    monkeypatch.delenv("TENANTRY_TEST", raising=False)
    assert env.number("TENANTRY_TEST", 8000) == 8000
    assert env.flag("TENANTRY_TEST", True) is True
    assert env.words("TENANTRY_TEST", "a, b,,") == ["a", "b"]


def test_a_choice_outside_the_list_is_an_error(monkeypatch):
    monkeypatch.setenv("TENANTRY_TEST", "staging")
    with pytest.raises(env.BadVariable, match="use one of test, production"):
        env.choice("TENANTRY_TEST", "test", of=("test", "production"))

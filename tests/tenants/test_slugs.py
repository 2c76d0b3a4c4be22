"""The slug: its rules, and the suggestion made of a name."""

import pytest

from tenants import slugs
from tenants.errors import SlugInvalid


@pytest.mark.parametrize("slug", ["abc", "a1b", "green-hill", "a" * 32, "g2-g3-g4"])
def test_a_good_slug_is_accepted(slug: str) -> None:
    assert slugs.check(slug) == slug


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "ab",
        "a" * 33,
        "1abc",
        "-abc",
        "abc-",
        "a--b",
        "Abc",
        "a_b",
        "a.b",
        "äbc",
        "abc\n",
        "abc\x00",
        "xn--abc",
        "admin",
        "www",
        "tenantry",
        "\ud800bc",
    ],
)
def test_sgn_4_a_bad_slug_is_refused_with_words(slug: str) -> None:
    assert slugs.problem_of(slug)
    with pytest.raises(SlugInvalid):
        slugs.check(slug)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Green Hill Ltd.", "green-hill-ltd"),
        ("Bücher & Söhne", "bucher-sohne"),
        ("3M", ""),
        ("42 Monkeys", "monkeys"),
        ("Support", "support-team"),
        ("日本", ""),
        ("", ""),
        ("  --  ", ""),
        ("A" * 100, "a" * 32),
        ("a\x00b\ud800c", "a-bc"),
    ],
)
def test_a_name_suggests_a_slug(name: str, slug: str) -> None:
    assert slugs.suggest(name) == slug


def test_every_reserved_slug_could_be_one_or_is_a_name_of_the_net() -> None:
    assert {"www", "api", "admin", "mta-sts"} <= slugs.reserved()
    assert all(word == word.lower().strip() for word in slugs.reserved())

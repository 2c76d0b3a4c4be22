from hypothesis import given
from hypothesis import strategies as st

from kernel import codes


def test_a_code_uses_the_alphabet_without_look_alikes():
    seen = set("".join(codes.new_code(12) for _ in range(500)))
    assert seen == set("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    assert len(codes.new_code()) == 6


def test_a_code_is_read_without_case_spaces_and_hyphens():
    assert codes.normalise(" ab1-2cd ") == "AB12CD"


def test_a_hash_fits_its_binding_and_its_salt_only():
    salt = codes.new_salt()
    made = codes.code_hash("AB23CD", salt=salt, binding="acme:reset:1")
    assert codes.equal(
        made, codes.code_hash("ab2-3cd", salt=salt, binding="acme:reset:1")
    )
    assert made != codes.code_hash("AB23CD", salt=salt, binding="globex:reset:1")
    assert made != codes.code_hash(
        "AB23CD", salt=codes.new_salt(), binding="acme:reset:1"
    )


@given(st.text())
def test_any_text_can_be_compared(text):
    assert len(codes.digest(text)) == 32
    assert " " not in codes.normalise(text)


def test_lone_surrogates_are_hashed_and_raise_nothing():
    assert len(codes.code_hash("\ud800", salt=b"x" * 16, binding="a")) == 32

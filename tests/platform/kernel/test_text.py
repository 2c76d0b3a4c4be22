import pytest

from kernel.errors import Invalid
from kernel.text import has_controls, require_storable, storable


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_what_postgres_cannot_store_is_refused_by_name(text):
    assert not storable(text)
    with pytest.raises(Invalid) as refused:
        require_storable(title="fine", reason=text)
    assert refused.value.code == "invalid_text"
    assert refused.value.extra == {"errors": [{"field": "reason"}]}


def test_ordinary_text_passes():
    require_storable(title="Grüße 👋 你好", reason=None)
    assert has_controls("two\nlines")
    assert not has_controls("one line")

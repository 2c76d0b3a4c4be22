"""Icons are drawn once, and look as Lucide draws them."""

import pytest
from lucide import IconDoesNotExist
from lucide.templatetags.lucide import lucide

from config.templatetags.icons import icon


@pytest.mark.parametrize(
    ("size", "look"), [(16, "icon"), (20, "icon icon--20")], ids=["small", "large"]
)
def test_an_icon_is_what_lucide_draws(size: int, look: str) -> None:
    drawn = lucide(
        "inbox", size=size, aria_hidden="true", focusable="false", **{"class": look}
    )
    assert icon("inbox", size) == drawn
    assert icon("inbox", size) is icon("inbox", size)


def test_an_icon_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(IconDoesNotExist):
        icon("no-such-icon", 16)

"""The field for a time zone: Django's select, without a template for each option."""

import pytest
from django import forms

from accounts.zone_forms import LongSelect, zone_field


class Theirs(forms.Form):
    zone = zone_field(empty="<none>")


@pytest.mark.parametrize("value", ["", "Europe/Berlin", "UTC", "Mars/Olympus", "<b>"])
def test_it_writes_what_django_would_write(value: str) -> None:
    ours = Theirs({"zone": value})
    field = ours.fields["zone"]
    django = forms.Select(choices=field.choices).render(
        "zone", value, {"id": "id_zone", "required": True}
    )
    written = field.widget.render("zone", value, {"id": "id_zone", "required": True})
    squeezed = "".join(line.strip() for line in django.splitlines())
    assert written == squeezed
    assert "&lt;none&gt;" in written
    assert isinstance(field.widget, LongSelect)


def test_a_zone_that_is_not_offered_is_refused() -> None:
    assert Theirs({"zone": "Europe/Berlin"}).is_valid()
    assert Theirs({"zone": ""}).is_valid()
    assert not Theirs({"zone": "Mars/Olympus"}).is_valid()

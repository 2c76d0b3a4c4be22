"""Inputs of forms that several apps show."""

from django.forms import TextInput


def exact(**attrs: str | bool) -> TextInput:
    """Return the input of a name that a device may neither complete nor correct.

    `attrs` are further attributes, or other values of these.
    """
    kept = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
    return TextInput(attrs={**kept, **attrs})

"""The forms of the pages about running work: to whom, why, what to do about it."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflow import choosing, inputs
from workflow.choosing import People


class Words(forms.CharField):
    """A few lines of text, as long as what a browser counts."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        options.setdefault("max_length", inputs.LONGEST_COMMENT)
        super().__init__(**options)

    def to_python(self, value: Any) -> Any:
        """Return the text with line ends of one character, as the browser counted."""
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class Person(forms.CharField):
    """A person by user name or address, where there are too many to list."""

    def clean(self, value: Any) -> Any:
        """Return the person. Raises ValidationError where there is none."""
        name = super().clean(value)
        found = choosing.named(name)
        if found is None:
            raise forms.ValidationError(
                _(
                    "Nobody here is called “%(name)s”."
                    " Write the user name or the e-mail address."
                )
                % {"name": name}
            )
        return found


class Listed(forms.ChoiceField):
    """A person out of a list."""

    def __init__(self, people: tuple[Any, ...], **options: Any) -> None:
        self.people = {str(one.pk): one for one in people}
        choices = [("", gettext_lazy("Choose a person")), *choosing.labels(people)]
        super().__init__(choices=choices, **options)

    def clean(self, value: Any) -> Any:
        """Return the person. Raises ValidationError on anybody who is not listed."""
        return self.people[super().clean(value)]


class PersonForm(forms.Form):
    """Asks for a person: out of a list, or by name where the list would be long."""

    def __init__(self, people: People, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.people = people
        self.fields["person"] = person_field(people)
        self.order_fields(["person"])


def person_field(people: People) -> forms.Field:
    """Return the field that asks for one of the people."""
    if people.listed is None:
        return Person(
            label=gettext_lazy("User name or e-mail address"),
            max_length=254,
            widget=forms.TextInput(
                attrs={"autocomplete": "off", "spellcheck": "false"}
            ),
            error_messages={"required": gettext_lazy("Write who it shall be.")},
        )
    wrong = gettext_lazy("Choose one of the people in the list.")
    return Listed(
        people.listed,
        label=gettext_lazy("Person"),
        error_messages={"required": wrong, "invalid_choice": wrong},
    )


class DelegateForm(PersonForm):
    """Asks also whether the work comes back."""

    return_to_me = forms.BooleanField(
        label=gettext_lazy("Hand it back to me afterwards"),
        help_text=gettext_lazy(
            "You then see what they answered, and the answer that counts is yours."
        ),
        required=False,
    )


class ReasonForm(forms.Form):
    """Asks why something is done."""

    reason = Words(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy(
            "It stays in the history, for everybody who may see this request."
        ),
        error_messages={"required": gettext_lazy("Say why in a few words.")},
    )


class CommentForm(forms.Form):
    """Asks for a remark, and knows which one was the last when it was shown."""

    text = Words(
        label=gettext_lazy("Your comment"),
        help_text=gettext_lazy("Everybody who may see this request can read it."),
        error_messages={"required": gettext_lazy("Write something first.")},
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


class ResolveForm(ReasonForm):
    """Asks what shall become of work that cannot go on, and why."""

    way = forms.ChoiceField(
        label=gettext_lazy("What shall happen?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose one of them."),
            "invalid_choice": gettext_lazy("This is no longer possible; choose again."),
        },
    )
    field_order = ("way", "reason")

    def __init__(self, ways: list[tuple[str, str]], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        cast("forms.ChoiceField", self.fields["way"]).choices = ways
        if len(ways) == 1:
            self.fields["way"].initial = ways[0][0]

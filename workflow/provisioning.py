"""What the workflow needs in a new tenant."""

from typing import Any

from django.contrib.auth import get_user_model

from workflow import conf


def prepare(request: Any) -> None:  # noqa: ARG001 - every provisioning step gets it
    """Make the account that automatic work runs as; a repeat changes nothing."""
    system_user()


def system_user() -> Any:
    """Return the account of the engine, made at first use.

    It has no usable password and no address, so nobody signs in with it.
    """
    people = get_user_model()
    name = conf.value("WF_USER_AUTO")
    user = people._default_manager.filter(username=name).first()  # noqa: SLF001 - Django's public name
    if user is None:
        user = people(
            username=name, kind="service", first_name="Workflow", is_active=True
        )
        user.set_unusable_password()
        user.normalise_names()
        user.save()
    return user

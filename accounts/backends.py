"""Django's door to the sign-in, for pages and both admin sites."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import clients, sign_in
from accounts.errors import (
    EmailUnverified,
    FactorRequired,
    PasswordChangeRequired,
    SignInFailed,
)
from accounts.models import User


class PasswordBackend(ModelBackend):
    """Checks a password with the limits of the sign-in; groups give permissions."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the person, or None where a password alone lets nobody in."""
        name = username if username is not None else kwargs.get(User.USERNAME_FIELD)
        if not isinstance(name, str) or not isinstance(password, str):
            return None
        try:
            return sign_in.authenticate(name, password, client=clients.prefix(request))
        except (
            SignInFailed,
            EmailUnverified,
            PasswordChangeRequired,
            FactorRequired,
        ):
            return None

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.is_active and user.email_verified_at)

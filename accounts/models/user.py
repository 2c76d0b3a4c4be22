"""People who may come in: one row per account and schema."""

import hashlib
import hmac
import unicodedata
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.utils.encoding import force_bytes
from django.utils.translation import gettext_lazy as _

from accounts import addresses
from accounts.permissions import (
    ALL_PERMISSIONS,
    ROLE_PERMISSIONS,
    SERVICE_PERMISSIONS,
)
from kernel import clock
from tenants import signing


def prepare_password(password: str | None) -> str | None:
    """Return the form that is hashed, so that composed and decomposed letters agree."""
    return None if password is None else unicodedata.normalize("NFKC", password)


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> "UserQuerySet":
        """Return the accounts that may sign in."""
        return self.filter(is_active=True, email_verified_at__isnull=False)

    def people(self) -> "UserQuerySet":
        """Return the accounts of people, without service accounts."""
        return self.filter(kind=User.Kind.PERSON)

    def services(self) -> "UserQuerySet":
        """Return the service accounts."""
        return self.filter(kind=User.Kind.SERVICE)

    def named(self, name: str) -> "UserQuerySet":
        """Return the account whose user name or address is `name`, in any case."""
        by_name = Q(username_norm=addresses.normalise_username(name))
        address = addresses.normalise_or_none(name)
        return self.filter(by_name | Q(email_norm=address) if address else by_name)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Looks accounts up by name; new ones come from `accounts.people`."""

    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> "User":
        norm = addresses.normalise_username(username or "")
        user: User = self.get(username_norm=norm)
        return user

    def create_user(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **fields: Any,
    ) -> "User":
        """Make an active person by trusted code; `accounts.people` has the rules."""
        user: User = self.model(
            username=username,
            email=email or "",
            is_active=True,
            email_verified_at=clock.now(),
        )
        user.set_password(password)
        for name, value in fields.items():
            setattr(user, name, value)
        user.normalise_names()
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person or a service of one schema: a tenant's, or the operators'."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        SERVICE = "service", _("service")

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        ADMIN = "admin", _("admin")
        MEMBER = "member", _("member")

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PERSON)
    username = models.CharField(_("user name"), max_length=254)
    username_norm = models.CharField(max_length=254, unique=True, editable=False)
    email = models.CharField(_("e-mail address"), max_length=254, blank=True)
    email_norm = models.CharField(  # noqa: DJ001 - unique where set
        max_length=254, unique=True, null=True, editable=False
    )
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    is_active = models.BooleanField(_("may sign in"), default=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    deactivated_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    force_password_reset = models.BooleanField(default=False)
    #: Rises with every change that must end access; part of each token and session.
    token_version = models.PositiveIntegerField(default=1)
    failed_sign_ins = models.PositiveIntegerField(default=0)
    failed_known_sign_ins = models.PositiveIntegerField(default=0)
    password_disabled_at = models.DateTimeField(null=True, blank=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=clock.now)
    anonymised_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username_norm"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("username_norm",)
        constraints = (
            models.CheckConstraint(
                name="user_active_or_deactivated",
                condition=~Q(is_active=True, deactivated_at__isnull=False),
            ),
            models.CheckConstraint(
                name="user_person_has_address",
                condition=~Q(kind="person", email_norm__isnull=True),
            ),
            models.CheckConstraint(
                name="user_service_has_no_password",
                condition=~Q(kind="service") | Q(password__startswith="!"),  # noqa: S106 - a mark
            ),
            models.CheckConstraint(
                name="user_name_with_at_is_address",
                condition=~Q(username_norm__contains="@")
                | Q(username_norm=F("email_norm")),
            ),
        )

    def __str__(self) -> str:
        return self.display_name

    def set_password(self, raw_password: str | None) -> None:
        """Hash the canonical form of a password; None makes it unusable."""
        super().set_password(prepare_password(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Compare the canonical form of a password."""
        return super().check_password(prepare_password(raw_password) or "")

    def normalise_names(self) -> None:
        """Derive what is unique and compared from what was typed."""
        self.username_norm = addresses.normalise_username(self.username)
        self.email_norm = addresses.normalise(self.email) if self.email else None

    @property
    def display_name(self) -> str:
        """The full name, else the user name."""
        return f"{self.first_name} {self.last_name}".strip() or self.username

    @property
    def initials(self) -> str:
        """One or two capitals for the avatar."""
        names = [self.first_name.strip(), self.last_name.strip()]
        letters = "".join(name[0] for name in names if name) or self.username[:1]
        return letters.upper()

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.first_name or self.username

    @property
    def is_email_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def is_administrator(self) -> bool:
        """Whether the role lets this person run the tenant's settings."""
        return self.is_active and self.is_administrator_role

    @property
    def is_administrator_role(self) -> bool:
        """Whether the role is one that runs the settings, active or not."""
        return self.role in {self.Role.OWNER, self.Role.ADMIN}

    def may(self, permission: str) -> bool:
        """Say whether this active account holds a permission of ours or of Django.

        A person has what the role brings; a service account what it was given.
        """
        if self.kind == self.Kind.SERVICE and permission in ALL_PERMISSIONS:
            given = SERVICE_PERMISSIONS.get(permission, "")
            return self.is_active and bool(given) and self.has_perm(given)
        if permission in ALL_PERMISSIONS:
            return self.is_active and permission in ROLE_PERMISSIONS[self.role]
        return self.is_active and self.has_perm(permission)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Say whether Django's permission is held; owners and admins hold all.

        What a role holds by itself is asked of no table. The pages of the admin narrow
        this down again, model by model.
        """
        return (
            self.is_administrator or self._by_role(perm) or super().has_perm(perm, obj)
        )

    def _by_role(self, perm: str) -> bool:
        is_person = self.is_active and self.kind == self.Kind.PERSON
        return is_person and perm in ROLE_PERMISSIONS[self.role]

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_administrator or super().has_module_perms(app_label)

    def get_session_auth_hash(self) -> str:
        """Bind a browser session to password, token version and tenant."""
        return self._session_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Any:
        for key in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(key)

    def _session_hash(self, key: str | bytes) -> str:
        # Two tenants with equal rows must not share a hash, so its tenant is in it.
        bound = signing.bound(f"{self.pk}|{self.token_version}")
        text = f"accounts.session|{bound}|{self.password}".encode()
        return hmac.new(force_bytes(key), text, hashlib.sha256).hexdigest()

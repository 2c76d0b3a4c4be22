"""API tokens of people and of service accounts: made, rotated, revoked, let in.

    made = api_tokens.create(owner=bob, name="Wall", scopes_named=["profile:read"])
    made.text   # shown once; the row keeps a hash that fits in this tenant only

A token opens what its scopes name and its owner may do at the moment of use.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts import (
    clients,
    demands,
    events,
    factors,
    limits,
    scopes,
    sessions,
    token_text,
    token_warnings,
)
from accounts.addresses import clean_name
from accounts.errors import (
    FactorDemanded,
    MissingFields,
    NameInvalid,
    TokenEnded,
    TokenLifeInvalid,
    TokenRotated,
)
from accounts.models import ApiToken, SecurityEvent, User
from accounts.models.api_token import LONGEST_LIFE
from accounts.token_text import TokenText
from accounts.tokens import BadToken
from kernel import clock, codes
from kernel.errors import Forbidden, NotFound
from tenants import signing
from tenants.models import Resource
from tenants.plans import quotas

LIFE_DAYS = 90
#: How long the old secret works beside the new one after a rotation.
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)
LONGEST_NAME = 100
#: Reading is cheap, writing at each use is not.
NOTE_USE_EVERY = timedelta(minutes=5)
NEEDS_FACTOR = "The owner of this token has to set up a second factor first."


@dataclass(frozen=True)
class NewToken:
    """A new row and the text that is shown this once."""

    token: ApiToken
    text: str = field(repr=False)


@dataclass(frozen=True)
class Door:
    """By which way somebody changes tokens, for the events."""

    via: str = SecurityEvent.Via.SYSTEM
    client: str = ""
    #: The device of whoever makes a token: it has to be signed in until the commit.
    device: UUID | None = None


SYSTEM = Door()


def door_of(request: HttpRequest) -> Door:
    """Return by which way a signed-in request came in: a page, or an access token."""
    via = request.auth_via  # type: ignore[attr-defined]
    device = sessions.of(request)
    return Door(
        via=via,
        client=clients.prefix(request),
        device=None if device is None else device.pk,
    )


# Make


@transaction.atomic
def create(
    *,
    owner: User,
    name: str,
    scopes_named: Iterable[str],
    days: int = LIFE_DAYS,
    by: User | None = None,
    door: Door = SYSTEM,
) -> NewToken:
    """Return a new token of a person or a service account, with its text.

    People make tokens for themselves, and those who manage all tokens for service
    accounts; `by=None` is trusted code.
    Raises MissingFields, NameInvalid, ScopeUnknown, TokenLifeInvalid, QuotaExceeded,
    Forbidden, ReauthenticationRequired for a maker who was signed out meanwhile, and
    TokenEnded where the owner may not come in.
    """
    _require_maker(by, owner)
    label, names = checked_name(name), scopes.checked(scopes_named)
    _require_still_in(by, owner, door)
    locked = User.objects.select_for_update().get(pk=owner.pk)
    if not locked.is_active:
        raise TokenEnded
    expires_at = clock.now() + checked_life(days)
    quotas.require(Resource.API_TOKENS)
    made = _insert(locked, label, names, expires_at=expires_at, by=by)
    _record("api_token.created", made.token, by=by, door=door)
    return made


def count() -> int:
    """Return how many tokens work now, for TENANT_QUOTA_COUNTERS."""
    return int(ApiToken.objects.working(at=clock.now()).count())


def checked_name(name: str) -> str:
    """Return a name without outer blanks. Raises MissingFields and NameInvalid."""
    cleaned = clean_name(name)
    if not cleaned:
        raise MissingFields("Missing required field(s): name")
    if len(cleaned) > LONGEST_NAME:
        raise NameInvalid
    return cleaned


def checked_life(days: int) -> timedelta:
    """Return how long a token lives. Raises TokenLifeInvalid."""
    if not 1 <= days <= LONGEST_LIFE.days:
        raise TokenLifeInvalid
    return timedelta(days=days)


def _insert(
    owner: User,
    name: str,
    names: list[str],
    *,
    expires_at: datetime,
    by: User | None,
) -> NewToken:
    text = token_text.new(owner.kind)
    now = clock.now()
    token = ApiToken.objects.create(
        user=owner,
        created_by=by,
        name=name,
        prefix=text.prefix,
        secret_hash=_digest(text),
        scopes=names,
        created_at=now,
        expires_at=expires_at,
        warned_days=token_warnings.days_told_already(expires_at - now),
    )
    token_warnings.arm(token)
    return NewToken(token, text.text)


@transaction.atomic
def rotate(
    token: ApiToken,
    *,
    overlap: timedelta = OVERLAP,
    by: User | None = None,
    door: Door = SYSTEM,
) -> NewToken:
    """Return the successor: the same name, scopes and length of life, a new secret.

    The old secret works for the overlap, 0 to 7 days, and never longer than before.
    Raises TokenLifeInvalid, TokenEnded, TokenRotated, Forbidden, and
    ReauthenticationRequired for a maker who was signed out meanwhile.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise TokenLifeInvalid
    _require_still_in(by, token.user, door)
    # The owner first, as everywhere: a successor cannot slip past the account's end.
    User.objects.select_for_update().get(pk=token.user_id)
    old = _locked(token)
    _require_maker(by, old.user)
    if not old.is_working or not old.user.is_active:
        raise TokenEnded
    if old.rotated_to_id is not None:
        raise TokenRotated
    now = clock.now()
    # The old end was lowered by nobody yet: a token with a successor is refused above.
    life = old.expires_at - old.created_at
    known = [name for name in old.scopes if name in scopes.SCOPES]
    made = _insert(old.user, old.name, known, expires_at=now + life, by=by)
    ApiToken.objects.filter(pk=old.pk).update(
        rotated_to=made.token, expires_at=min(old.expires_at, now + overlap)
    )
    _record("api_token.rotated", old, by=by, door=door, to=made.token.prefix)
    return made


def _require_maker(by: User | None, owner: User) -> None:
    """Raise Forbidden unless the owner, or who cares for a service, makes a token."""
    if by is None:
        return
    is_own = by.pk == owner.pk and by.may("tokens.manage_own")
    is_service = owner.kind == User.Kind.SERVICE
    if by.kind != User.Kind.PERSON or not (
        is_own or (is_service and by.may("tokens.manage_all"))
    ):
        raise Forbidden


def _require_still_in(by: User | None, owner: User, door: Door) -> None:
    """Keep the maker's row until the commit, as whoever signs a person out does.

    So nothing is made by a request that began before the end of its device or rights.
    """
    if by is None or door.device is None:
        return
    present = User.objects.select_for_update().get(pk=by.pk)
    sessions.require_still_in(door.device, present)
    _require_maker(present, owner)


# End


@transaction.atomic
def revoke(token: ApiToken, *, by: User | None = None, door: Door = SYSTEM) -> None:
    """End a token at once; a second time changes nothing."""
    changed = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
        revoked_at=clock.now()
    )
    if changed:
        _record("api_token.revoked", token, by=by, door=door)


def revoke_all(user: User, *, by: User | None = None, door: Door = SYSTEM) -> int:
    """End every token of somebody and return how many worked until now.

    Call it in the transaction that ends the account.
    """
    ended = list(
        ApiToken.objects.working(at=clock.now()).filter(user=user).order_by("pk")
    )
    for token in ended:
        revoke(token, by=by, door=door)
    return len(ended)


# Find


def find(token_id: int, *, seen_by: User) -> ApiToken:
    """Return a token that somebody may see. Raises NotFound for any other."""
    rows = ApiToken.objects.visible_to(seen_by).select_related("user", "created_by")
    token = rows.filter(pk=token_id).first()
    if token is None:
        raise NotFound
    return token


def _locked(token: ApiToken) -> ApiToken:
    return (
        ApiToken.objects.select_for_update(of=("self",))
        .select_related("user")
        .get(pk=token.pk)
    )


# Let in


def let_in(text: str, *, client: str) -> ApiToken:
    """Return the working token of a text, with its owner: one statement.

    A typing error asks no database. Every other refusal counts against the client.
    Raises BadToken, the same for each reason, and Throttled above the limit; for a
    right token FactorDemanded where its owner has no second factor and needs one.
    """
    shown = token_text.parse(text)
    if shown is None:
        raise BadToken
    token = _with_demands().filter(prefix=shown.prefix).first()
    if token is None or not codes.equal(bytes(token.secret_hash), _digest(shown)):
        _refuse(client)
    elif not token.is_working or not token.user.is_active:
        _tell_of_use_after_end(token, client)
        _refuse(client)
    else:
        _require_factor(token)
        _note_use(token, client)
        return token
    raise BadToken


def _with_demands() -> QuerySet[ApiToken]:
    """Return tokens with their owners, what the tenant demands, and who has it."""
    return ApiToken.objects.select_related("user").annotate(
        rules=demands.joined(), has_factor=factors.has_one("user_id")
    )


def _require_factor(token: ApiToken) -> None:
    """Raise FactorDemanded for a person's token; a service account has no factor."""
    is_personal = token.user.kind == User.Kind.PERSON
    lacks = is_personal and not token.has_factor  # type: ignore[attr-defined]
    if lacks and demands.read(token.rules).second_factor:  # type: ignore[attr-defined]
        raise FactorDemanded(NEEDS_FACTOR)


def _digest(text: TokenText) -> bytes:
    secret = f"{text.kind}|{text.prefix}|{text.secret}"
    return signing.digest(secret, salt="accounts.api_token")


def _refuse(client: str) -> None:
    limits.hit("api_token.client", client)


def _tell_of_use_after_end(token: ApiToken, client: str) -> None:
    # A program that was forgotten asks all day; one event an hour tells enough.
    if limits.allowed("api_token.told", str(token.pk)):
        _record("api_token.used_after_end", token, door=Door(client=client))


def _note_use(token: ApiToken, client: str) -> None:
    now = clock.now()
    if token.last_used_at and now - token.last_used_at < NOTE_USE_EVERY:
        return
    long_ago = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - NOTE_USE_EVERY)
    ApiToken.objects.filter(long_ago, pk=token.pk).update(
        last_used_at=now, last_used_prefix=client
    )


def _record(
    name: str,
    token: ApiToken,
    *,
    by: User | None = None,
    door: Door,
    **details: str,
) -> None:
    events.record(
        name,
        subject=token.user,
        by=by,
        via=door.via,
        client=door.client,
        details={"token": token.prefix, "name": token.name, **details},
    )

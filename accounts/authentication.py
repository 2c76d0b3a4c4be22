"""The bearer check: a token counts only where its tenant and its rows agree.

Without a scope an operation is for people who signed in, and nobody else:
`auth=TenantAuth()`. API tokens with a scope are let in by `TenantAuth("profile:read")`,
or by the verb: `TenantAuth(read="workitems:read", write="workitems:write")`.
"""

from typing import Final

from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja_simple_jwt.auth.ninja_auth import HttpJwtAuth

from accounts import api_tokens, clients, keys, sessions, token_text, tokens
from accounts.errors import FactorDemanded, ScopeMissing
from accounts.models import ApiToken, RefreshSession, User
from accounts.scopes import SCOPES
from accounts.tokens import BadToken, Claims
from kernel import clock
from tenants.carrying.serving import speak_to

#: No token is longer; what is longer is not decoded at all.
LONGEST_TOKEN = 4096


FOR_PEOPLE: Final = "No API token may do this: sign in."
#: What is read and changes nothing.
READING: Final = frozenset({"GET", "HEAD"})
TAKEN: Final = (
    "An access token of a person who signed in, or an API token (`tnp_...` of a"
    " person, `tns_...` of a service account), always as `Authorization: Bearer` and"
    " never in an address. An API token opens the operations that name one of its"
    " scopes, as far as its owner may use them; everywhere else it is refused with 403"
    " `scope_missing`; no scope covers tokens, passwords, second factors or who may"
    " register. A role, an address and the own account need a person who signed in"
    " (`person_required`), whatever the scope. Where the workspace demands second"
    " factors, the token of a person who has none is refused with 403"
    " `mfa_setup_required`. The scopes:"
)
LISTED: Final = [f"- `{name}`: {scope.words}" for name, scope in SCOPES.items()]


class TenantAuth(HttpJwtAuth):
    """Lets a request in by an access token, or an API token with the scope.

    One statement loads the credential and its person; every refusal is the same 401.
    Sets `request.user` and `request.auth_via`, and speaks the person's language from
    there on. A person who signed in has `auth_via` "token" and the device as
    `request.auth_session`; a program has "api_token" and `request.api_token`.
    Without a scope no API token is let in, so that there always is a device.
    Where the tenant demands second factors, a person without one meets FactorDemanded,
    but for the routes that set one up; so do this person's API tokens, everywhere.
    """

    openapi_description = "\n".join((TAKEN, "", *LISTED))

    def __init__(
        self, scope: str = "", *, read: str = "", write: str = "", sets_up: bool = False
    ) -> None:
        super().__init__()
        self.sets_up = sets_up
        self.read, self.write = scope or read, scope or write
        if {self.read, self.write} - {"", *SCOPES}:
            raise ValueError(f"no such scope: {self.read!r} or {self.write!r}")

    def __call__(self, request: HttpRequest) -> User:
        """Return the person. Raises AuthenticationError, in one voice.

        An API token that is right may meet ScopeMissing, and wrong ones Throttled.
        """
        parts = request.headers.get("Authorization", "").split(" ")
        if len(parts) != len(("Bearer", "token")) or parts[0].lower() != "bearer":
            raise AuthenticationError
        return self.authenticate(request, parts[1])

    def authenticate(self, request: HttpRequest, token: str) -> User:
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            raise AuthenticationError
        try:
            if token.startswith(token_text.BEGINNINGS):
                return self._let_program_in(request, token)
            return self._let_person_in(request, token)
        except BadToken:
            raise AuthenticationError from None

    def scope_for(self, method: str) -> str:
        """Return the scope that lets an API token use a verb; empty for none."""
        return self.read if method.upper() in READING else self.write

    def _let_person_in(self, request: HttpRequest, token: str) -> User:
        session = _session(tokens.read_access(token))
        if sessions.needs_factor(session) and not self.sets_up:
            raise FactorDemanded
        request.auth_session = session  # type: ignore[attr-defined]
        return _come_in(request, session.user, via="token")

    def _let_program_in(self, request: HttpRequest, text: str) -> User:
        token = api_tokens.let_in(text, client=clients.prefix(request))
        self._require_scope(request, token)
        request.api_token = token  # type: ignore[attr-defined]
        return _come_in(request, token.user, via="api_token")

    def _require_scope(self, request: HttpRequest, token: ApiToken) -> None:
        scope = self.scope_for(request.method or "")
        if not scope:
            raise ScopeMissing(FOR_PEOPLE)
        if scope not in token.scopes:
            raise ScopeMissing(f"This API token needs the scope {scope}.")


def _come_in(request: HttpRequest, user: User, *, via: str) -> User:
    request.user = user
    speak_to(language=user.language, time_zone=user.time_zone)
    request.auth_via = via  # type: ignore[attr-defined]
    return user


def _session(claims: Claims) -> RefreshSession:
    session = sessions.find(pk=claims.session_id, user_id=claims.user_id)
    if session is None or not sessions.is_alive(session):
        raise BadToken
    if session.user.token_version != claims.token_version:
        raise BadToken
    # The library reads the system's clock; this bound holds by the product's.
    if clock.now() > session.last_used_at + keys.ACCESS_LIFE + keys.LEEWAY:
        raise BadToken
    return session

"""The bearer check: a token counts only where its tenant and its rows agree."""

from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja_simple_jwt.auth.ninja_auth import HttpJwtAuth

from accounts import keys, sessions, tokens
from accounts.errors import FactorDemanded
from accounts.models import RefreshSession, User
from accounts.tokens import BadToken, Claims
from kernel import clock
from tenants.serving import speak_to

#: No token is longer; what is longer is not decoded at all.
LONGEST_TOKEN = 4096


class TenantAuth(HttpJwtAuth):
    """Lets a request in by the access token of a person of this tenant.

    One statement loads device and person; every refusal is the same 401.
    Sets `request.user`, `request.auth_session` and `request.auth_via`, and speaks the
    person's language from there on. Where the tenant demands second factors, a person
    without one meets FactorDemanded, but for the routes that set one up.
    """

    def __init__(self, *, sets_up: bool = False) -> None:
        self.sets_up = sets_up
        super().__init__()

    def __call__(self, request: HttpRequest) -> User:
        """Return the person. Raises AuthenticationError, in one voice."""
        parts = request.headers.get("Authorization", "").split(" ")
        if len(parts) != len(("Bearer", "token")) or parts[0].lower() != "bearer":
            raise AuthenticationError
        return self.authenticate(request, parts[1])

    def authenticate(self, request: HttpRequest, token: str) -> User:
        if not token or len(token) > LONGEST_TOKEN or not token.isascii():
            raise AuthenticationError
        try:
            session = _session(tokens.read_access(token))
        except BadToken:
            raise AuthenticationError from None
        if sessions.needs_factor(session) and not self.sets_up:
            raise FactorDemanded
        request.user = user = session.user
        speak_to(language=user.language, time_zone=user.time_zone)
        request.auth_session = session  # type: ignore[attr-defined]
        request.auth_via = "token"  # type: ignore[attr-defined]
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

"""The seed's protected example: who is signed in."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts.api.schemas import MeOut
from accounts.authentication import TenantAuth
from accounts.signed_in import person

router = Router()


@router.get("/me", auth=TenantAuth("profile:read"), response=MeOut, summary="Who am I?")
def me(request: HttpRequest) -> dict[str, Any]:
    """Answer the name of the person whom the access token belongs to."""
    user = person(request)
    return {"username": user.username, "is_authenticated": user.is_authenticated}

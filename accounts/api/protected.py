"""The seed's protected example: who am I?"""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts.api.schemas import MeOut
from accounts.authentication import TenantAuth

router = Router()


@router.get("/me", auth=TenantAuth(), response=MeOut, summary="Who am I?")
def me(request: HttpRequest) -> dict[str, Any]:
    """Answer the name of the person whom the access token belongs to."""
    user = request.user
    return {
        "username": user.get_username() if user.is_anonymous else user.username,
        "is_authenticated": user.is_authenticated,
    }

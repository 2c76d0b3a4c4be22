"""Sign-up for programs: the form, the code, where it stands, the way in."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Header, Router, Schema

from kernel.clients import prefix
from tenants import signup

router = Router()


class SignupIn(Schema):
    """What a sign-up asks for; `website` is a trap and stays empty."""

    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    slug: str = Field(max_length=64)
    locale: str = Field("en", max_length=16)
    website: str = Field("", max_length=200)


class SignupOut(Schema):
    """The same for every valid form. The secret is shown this once."""

    id: UUID
    secret: str
    detail: str


class VerifyIn(Schema):
    """The code of the mail; `slug` replaces one that somebody else has taken."""

    secret: str = Field(max_length=100)
    code: str = Field("", max_length=32)
    slug: str = Field("", max_length=64)


class StateOut(Schema):
    """Where a sign-up stands."""

    state: str


class StepOut(Schema):
    """A step of the set-up."""

    name: str
    label: str
    state: str


class ProgressOut(Schema):
    """Where a sign-up stands, step by step; `url` once the workspace is there."""

    state: str
    steps: list[StepOut]
    url: str | None = None


class EnterIn(Schema):
    """The secret of the sign-up."""

    secret: str = Field(max_length=100)


class EnterOut(Schema):
    """The address at which the owner sets a password."""

    url: str


@router.post("", response={202: SignupOut}, summary="Ask for a workspace")
def ask(request: HttpRequest, body: SignupIn) -> SignupOut:
    """Mail a code to the address; nothing is reserved before it comes back."""
    asked = signup.ask(
        email=body.email,
        name=body.name,
        slug=body.slug,
        locale=body.locale,
        trap=body.website,
        client=prefix(request),
    )
    return SignupOut(id=asked.id, secret=asked.secret, detail=signup.DETAIL)


@router.post(
    "/{uuid:signup_id}/verify", response={202: StateOut}, summary="Bring the code"
)
def verify(
    request: HttpRequest,  # noqa: ARG001 - ninja's signature
    signup_id: UUID,
    body: VerifyIn,
) -> StateOut:
    """Reserve the slug and start the set-up; 409 `slug_taken` asks for another slug."""
    progress = signup.verify(
        signup_id, secret=body.secret, code=body.code, slug=body.slug
    )
    return StateOut(state=progress.state)


@router.get("/{uuid:signup_id}", response=ProgressOut, summary="See where it stands")
def progress(
    request: HttpRequest,  # noqa: ARG001 - ninja's signature
    signup_id: UUID,
    secret: Annotated[str, Header(alias="X-Signup-Secret")] = "",
) -> ProgressOut:
    """Return the steps; needs the secret of the sign-up."""
    seen = signup.progress(signup_id, secret=secret)
    steps = [StepOut(name=s.name, label=s.label, state=s.state) for s in seen.steps]
    return ProgressOut(state=seen.state, steps=steps, url=seen.url or None)


@router.post("/{uuid:signup_id}/enter", response=EnterOut, summary="Get the way in")
def enter(
    request: HttpRequest,  # noqa: ARG001 - ninja's signature
    signup_id: UUID,
    body: EnterIn,
) -> EnterOut:
    """Return the address at which the owner of the new workspace sets a password."""
    return EnterOut(url=signup.enter(signup_id, secret=body.secret))

"""The pages of the public site: sign-up, its progress, the workspace finder."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from kernel.clients import prefix
from kernel.errors import ApplicationError
from tenants import finder, hosts, signup, slugs
from tenants.errors import CodeInvalid, SignupUnknown, SlugTaken
from tenants.forms import AddressForm, CodeForm, FindForm, RuledForm, SignupForm
from tenants.signup import Asked, Progress

COOKIE = "signup"
COOKIE_SECONDS = 24 * 3600
#: While the set-up is in one of these, the page asks again each second.
MOVING = {"running", "undoing"}
READ_AND_SEND = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Step:
    """A step as `partials/steps.html` shows it."""

    label: str
    state: str


# The cookie that holds the secret


def remember(response: HttpResponseBase, asked: Asked) -> None:
    """Keep the sign-up's secret in a cookie that no script can read."""
    response.set_cookie(
        COOKIE,
        f"{asked.id}.{asked.secret}",
        max_age=COOKIE_SECONDS,
        path="/signup/",
        httponly=True,
        samesite="Lax",
        secure=settings.TENANTRY_SCHEME == "https",
    )


def remembered(request: HttpRequest) -> Asked | None:
    """Return the sign-up of this browser."""
    name, _, secret = request.COOKIES.get(COOKIE, "").partition(".")
    try:
        return Asked(UUID(name), secret)
    except ValueError:
        return None


def own(request: HttpRequest, signup_id: UUID) -> Asked:
    """Return this browser's sign-up. Raises Http404 where it is another one's."""
    asked = remembered(request)
    if asked is None or asked.id != signup_id:
        raise Http404
    return asked


def failed(
    request: HttpRequest,
    template: str,
    form: RuledForm,
    error: ApplicationError,
    **values: Any,
) -> HttpResponse:
    """Show a form again with what the rules say of it; what was typed stays."""
    form.blame(error)
    response = render(request, template, {**values, "form": form}, status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


# Sign up


def platform_address() -> str:
    """Return what follows the slug in an address, as people see it."""
    url = hosts.absolute_url("/")
    port = url.rsplit(":", 1)[1].rstrip("/") if url.count(":") > 1 else ""
    return hosts.platform_domain("") + (f":{port}" if port else "")


@never_cache
@READ_AND_SEND
def ask(request: HttpRequest) -> HttpResponse:
    """Take e-mail, organisation and address; step 1 of 2."""
    template = "tenants/signup.html"
    if request.method != "POST":
        return render(request, template, address_values(SignupForm()))
    form = SignupForm(request.POST)
    if not form.is_valid():
        return render(request, template, address_values(form), status=422)
    data = form.cleaned_data
    try:
        asked = signup.ask(
            email=data["email"],
            name=data["name"],
            slug=data["slug"] or slugs.suggest(data["name"]),
            trap=data["website"],
            client=prefix(request),
        )
    except ApplicationError as error:
        values = address_values(form)
        return failed(request, template, error=error, **values)
    response = redirect("tenants:verify")
    remember(response, asked)
    return response


def address_values(form: RuledForm, suggested: str = "") -> dict[str, Any]:
    """Return what the address field shows besides itself."""
    slug = form["slug"].value() or ""
    return {
        "form": form,
        "slug": slug,
        "suggested": suggested,
        "platform": platform_address(),
        "problem": slugs.problem_of(slug) if slug else "",
    }


@never_cache
@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """Return the address field anew while the organisation's name is typed.

    An address that somebody typed is left as it is.
    """
    typed = request.GET.get("slug", "")
    if typed and typed != request.GET.get("suggested", ""):
        slug, suggested = typed, ""
    else:
        slug = suggested = slugs.suggest(request.GET.get("name", ""))
    form = SignupForm(initial={"slug": slug[: slugs.LONGEST]})
    return render(
        request, "tenants/partials/slug_field.html", address_values(form, suggested)
    )


@never_cache
@require_GET
def slug_note(request: HttpRequest) -> HttpResponse:
    """Return what there is to say of an address while it is typed."""
    slug = request.GET.get("slug", "").strip().lower()
    values = {
        "slug": slug,
        "platform": platform_address(),
        "problem": slugs.problem_of(slug) if slug else "",
    }
    return render(request, "tenants/partials/slug_note.html", values)


@never_cache
@READ_AND_SEND
def verify(request: HttpRequest) -> HttpResponse:
    """Take the code; step 2 of 2."""
    template = "tenants/verify.html"
    asked = remembered(request)
    if asked is None:
        return redirect("tenants:signup")
    seen = seen_or_none(asked)
    if seen is not None and seen.state != "waiting":
        return redirect("tenants:progress", signup_id=asked.id)
    email = seen.email if seen else ""
    form = CodeForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {"form": form, "email": email}, status=status)
    try:
        bring(asked, form.cleaned_data["code"])
    except ApplicationError as error:
        return failed(request, template, form, error, email=email)
    return redirect("tenants:progress", signup_id=asked.id)


def bring(asked: Asked, code: str) -> None:
    """Spend a try on the code. Raises what the form shows."""
    try:
        signup.verify(asked.id, secret=asked.secret, code=code)
    except SlugTaken:
        return  # the code was right, and the next page asks for another address
    except SignupUnknown:
        raise CodeInvalid from None


def seen_or_none(asked: Asked) -> Progress | None:
    try:
        return signup.progress(asked.id, secret=asked.secret)
    except SignupUnknown:
        return None


# Progress and the way in


@never_cache
@require_GET
def progress(request: HttpRequest, signup_id: UUID) -> HttpResponse:
    """Show how far the set-up is; the page's own script asks for the part alone."""
    asked = own(request, signup_id)
    seen = seen_or_none(asked)
    if seen is None:
        raise Http404
    if seen.state == "waiting":
        return redirect("tenants:verify")
    return render(request, progress_template(request), progress_values(asked, seen))


def progress_template(request: HttpRequest) -> str:
    if request.headers.get("HX-Request") == "true":
        return "tenants/partials/progress.html"
    return "tenants/progress.html"


def progress_values(
    asked: Asked, seen: Progress, form: RuledForm | None = None
) -> dict[str, Any]:
    taken = seen.state == "choosing"
    form = form or AddressForm(initial={"slug": "" if taken else seen.slug})
    return {
        **address_values(form),
        "signup_id": asked.id,
        "seen": seen,
        "moving": seen.state in MOVING,
        "steps": [Step(step.label, step.state) for step in seen.steps],
        "host": f"{seen.slug}{platform_address()}",
    }


@never_cache
@require_http_methods(["POST"])
def choose(request: HttpRequest, signup_id: UUID) -> HttpResponse:
    """Take another address where the first has gone, or try a failed set-up again."""
    asked = own(request, signup_id)
    form = AddressForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            signup.choose(asked.id, secret=asked.secret, slug=form.cleaned_data["slug"])
            return redirect("tenants:progress", signup_id=asked.id)
        except SignupUnknown:
            raise Http404 from None
        except ApplicationError as error:
            form.blame(error)
            status = error.status
    seen = seen_or_none(asked)
    if seen is None:
        raise Http404
    values = progress_values(asked, seen, form)
    return render(request, "tenants/progress.html", values, status=status)


@never_cache
@require_GET
def enter(request: HttpRequest, signup_id: UUID) -> HttpResponseRedirect:
    """Lead the owner to the new workspace, to set a password there."""
    asked = own(request, signup_id)
    try:
        return HttpResponseRedirect(signup.enter(asked.id, secret=asked.secret))
    except SignupUnknown:
        raise Http404 from None


# Find


@never_cache
@READ_AND_SEND
def find(request: HttpRequest) -> HttpResponse:
    """Mail somebody the list of their workspaces; the same answer for everybody."""
    template = "tenants/find.html"
    if request.method != "POST":
        return render(request, template, {"form": FindForm()})
    form = FindForm(request.POST)
    if not form.is_valid():
        return render(request, template, {"form": form}, status=422)
    email = form.cleaned_data["email"]
    try:
        finder.ask(
            email=email,
            client=prefix(request),
            language=get_language() or settings.LANGUAGE_CODE,
        )
    except ApplicationError as error:
        return failed(request, template, form, error)
    return render(request, "tenants/find_sent.html", {"email": email})

"""The two APIs: a tenant's and the public site's; the one place that answers errors."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from accounts.api import (
    accounts_router,
    auth_router,
    branding_router,
    devices_router,
    mfa_router,
    protected_router,
)
from accounts.authentication import TenantAuth
from kernel.answers import PROBLEM, problem
from kernel.errors import (
    ApplicationError,
    BadRequest,
    Invalid,
    NotFound,
    Unauthenticated,
)
from kernel.translation import translated
from leave.api import router as leave_router
from tenants.api import router as signup_router
from tenants.life import stopping
from workflow.api import router as workflow_router

logger = logging.getLogger(__name__)


class MalformedJson(BadRequest):
    """The body is no valid JSON."""

    code = "malformed_json"


PROBLEM_OUT: dict[str, Any] = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457); programs branch on `code`.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}


class Api(NinjaAPI):
    """An API whose document says of each operation what else it answers and takes.

    It may answer with a problem, and takes API tokens of the scope that it names.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._documents: dict[str, OpenAPISchema] = {}

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: Any = None
    ) -> OpenAPISchema:
        """Return the document: one of the code, made once and nobody's to change."""
        prefix = self.get_root_path(path_params) if path_prefix is None else path_prefix
        if prefix not in self._documents:
            self._documents[prefix] = self._document(prefix)
        return self._documents[prefix]

    def _document(self, prefix: str) -> OpenAPISchema:
        document = super().get_openapi_schema(path_prefix=prefix)
        document["components"]["schemas"]["Problem"] = PROBLEM_OUT
        schema = {"$ref": "#/components/schemas/Problem"}
        refusal = {"description": "Refused", "content": {PROBLEM: {"schema": schema}}}
        doors = self.doors()
        for methods in document["paths"].values():
            for method, operation in methods.items():
                operation["responses"]["default"] = refusal
                door = doors[operation["operationId"]]
                if door and (scope := door.scope_for(method)):
                    operation["security"] = [{"TenantAuth": [scope]}]
        return document

    def doors(self) -> dict[str, TenantAuth | None]:
        """Return who guards each operation, by its id in the document."""
        return {
            one.operation_id or self.get_openapi_operation_id(one): door_of(one)
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for one in view.operations
        }


def door_of(operation: Operation) -> TenantAuth | None:
    found = (one for one in operation.auth_callbacks if isinstance(one, TenantAuth))
    return next(found, None)


tenant_api = Api(
    title="Tenantry",
    version="0.1.0",
    description="One tenant's API: sign-in, account flows, work items, leave requests.",
    urls_namespace="api",
    docs_url="/docs",
    openapi_url="/openapi.json",
)
tenant_api.add_router("/auth", auth_router, tags=["sign-in"])
tenant_api.add_router("/accounts", accounts_router, tags=["accounts"])
tenant_api.add_router("/accounts", devices_router, tags=["devices"])
tenant_api.add_router("/accounts/mfa", mfa_router, tags=["second factor"])
tenant_api.add_router("/accounts", branding_router, tags=["branding"])
tenant_api.add_router("/protected", protected_router, tags=["me"])
tenant_api.add_router("/protected", workflow_router, tags=["workflow"])
tenant_api.add_router("/protected/leave", leave_router, tags=["leave"])

public_api = Api(
    title="Tenantry: public site",
    version="0.1.0",
    description="Sign up for a workspace; operators sign in.",
    urls_namespace="public-api",
    docs_url="/docs",
    openapi_url="/openapi.json",
)
public_api.add_router("/signup", signup_router, tags=["sign-up"])


class InvalidBody(Invalid):
    """Some fields are missing or wrong."""

    code = "invalid_body"


class BadToken(Unauthenticated):
    """The token is missing or invalid."""


class Fault(ApplicationError):
    """Something went wrong on our side."""

    code = "server_error"


def application_error(request: HttpRequest, error: ApplicationError) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    return problem(stopping.explained(error) or error)


def invalid_body(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    """Name each field that is wrong; what was sent is not repeated."""
    errors = [
        {"field": ".".join(map(str, item["loc"][1:])), "message": item["msg"]}
        for item in error.errors
    ]
    return problem(InvalidBody(extra={"errors": errors}))


def unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    return problem(BadToken(headers={"WWW-Authenticate": "Bearer"}))


def missing(request: HttpRequest, error: Http404) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    return problem(NotFound())


def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    """Answer what ninja refuses by itself: a body that cannot be parsed."""
    if error.status_code == MalformedJson.status:
        return problem(MalformedJson())
    refusal = ApplicationError(str(error), code="refused")
    refusal.status = error.status_code
    return problem(refusal)


def fault(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001 - ninja's signature
    """Answer what Django or the database raised; what nobody expected is a 500."""
    known = stopping.explained(error) or translated(error)
    logger.error("api.fault" if known is None else "api.refused", exc_info=error)
    return problem(known or Fault())


HANDLERS: dict[type[Exception], Callable[..., HttpResponse]] = {
    ApplicationError: application_error,
    ValidationError: invalid_body,
    AuthenticationError: unauthenticated,
    Http404: missing,
    HttpError: http_error,
    Exception: fault,
}
for api in (tenant_api, public_api):
    for kind, handler in HANDLERS.items():
        api.add_exception_handler(kind, handler)

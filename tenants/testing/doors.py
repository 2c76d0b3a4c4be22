"""Every door of a site: the operations of its OpenAPI documents, and its routes.

Nothing is listed by hand, so a new endpoint is a new door.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

#: What a route calls the document of an API; django-ninja's name.
DOCUMENT: Final = "openapi-json"
PARAMETER: Final = re.compile(r"{(\w+)}")
VERBS: Final = ("get", "post", "put", "patch", "delete")
#: What is sent where a body asks for more than a credential has.
BY_TYPE: Final[Mapping[str, Any]] = {
    "string": "x",
    "integer": 1,
    "number": 1,
    "boolean": False,
    "array": [],
    "object": {},
}


class UnknownParameter(AssertionError):
    """A route asks for something in its path that the plan has no value for."""


@dataclass(frozen=True, slots=True)
class Site:
    """One of the URLconfs, by name or as a module. `name` is `tenant` or `public`."""

    name: str
    urlconf: Any


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: an operation, or a route and a verb.

    `path` has its parameters in braces; `properties` are what a JSON body may hold.
    """

    site: str
    method: str
    path: str
    is_operation: bool = False
    is_guarded: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """`POST /api/...` of a tenant's site, `public GET /...` of the public one."""
        prefix = "" if self.site == "tenant" else f"{self.site} "
        return f"{prefix}{self.method.upper()} {self.path}"

    @property
    def route(self) -> str:
        """The name without its verb: what an exemption of a page stands under."""
        return self.path if self.site == "tenant" else f"{self.site} {self.path}"

    def address(self, value: Callable[[str, "Door"], object]) -> str:
        """Return the path with `value(parameter, door)` in each parameter's place."""
        return PARAMETER.sub(lambda match: self.filled(match[1], value), self.path)

    def filled(self, name: str, value: Callable[[str, "Door"], object]) -> str:
        try:
            return str(value(name, self))
        except LookupError:
            raise UnknownParameter(
                f"{self.name} asks for {name}, and the plan has no value for it."
                " Give it one by `in_path`: the key of a row that both twins have, or"
                " any word if it names no row."
            ) from None


def doors(host: str, site: Site, verbs: Iterable[str] = VERBS) -> list[Door]:
    """Return every door of a site, which a host leads to.

    A route that a document lists is its operations; every other one is a page, to be
    tried with each of the verbs.
    """
    routes = sorted(set(routes_of(site.urlconf)))
    documents = [path for path, name in routes if name == DOCUMENT]
    operations = [one for path in documents for one in operations_of(host, site, path)]
    listed = {one.path for one in operations}
    pages = [
        Door(site.name, verb, path)
        for path, _ in routes
        if path not in listed
        for verb in verbs
    ]
    return [*operations, *dict.fromkeys(pages)]


def operations_of(host: str, site: Site, path: str) -> Iterator[Door]:
    """Yield the operations of one OpenAPI document."""
    document = document_at(site.urlconf, host, path)
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            yield Door(
                site.name,
                method,
                template,
                is_operation=True,
                is_guarded=bool(operation.get("security")),
                properties=properties_of(operation, document),
            )


@cache
def document_at(urlconf: Any, host: str, path: str) -> dict[str, Any]:  # noqa: ARG001 - tells apart what a test replaces
    """Return a document, which is made anew in each request and the same in all."""
    answer = Client(SERVER_NAME=host, headers={"host": host}).get(path)
    document: dict[str, Any] = json.loads(answer.content)
    return document


def schemes_of(host: str, site: Site) -> set[str]:
    """Return the names of the security schemes that the site's documents know."""
    found: set[str] = set()
    for path, name in routes_of(site.urlconf):
        if name == DOCUMENT:
            components = document_at(site.urlconf, host, path).get("components", {})
            found |= set(components.get("securitySchemes", {}))
    return found


def properties_of(
    operation: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the names of a JSON body, each with a value of its type."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = resolved(content.get("application/json", {}).get("schema", {}), document)
    return {
        name: sample(resolved(one, document))
        for name, one in schema.get("properties", {}).items()
    }


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with its reference followed."""
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return dict(schema)


def sample(schema: Mapping[str, Any]) -> Any:
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return BY_TYPE.get((choices or [schema])[0].get("type", ""), "x")


def routes_of(urlconf: Any) -> Iterator[tuple[str, str]]:
    """Yield path and name of every route; parameters stand in braces."""
    yield from below(get_resolver(urlconf).url_patterns, "/")


def below(
    patterns: Iterable[URLPattern | URLResolver], before: str
) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        path = before + template_of(pattern)
        if isinstance(pattern, URLResolver):
            yield from below(pattern.url_patterns, path)
        else:
            yield path, pattern.name or ""


def template_of(pattern: URLPattern | URLResolver) -> str:
    """Return the part of the path, as OpenAPI writes it."""
    text, names = normalize(pattern.pattern.regex.pattern)[0]
    filled: str = text % {name: f"{{{name}}}" for name in names}
    return filled.replace("\x00", "")

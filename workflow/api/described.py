"""What the document of the API says beside the routes: headers, pages and refusals.

It is read off the operations, so that no route says it by hand: a POST that is
`idempotent` takes a key, what is done to a row takes its version, a list has pages.
"""

from collections.abc import Iterator
from typing import Any, Final, get_origin

from ninja import Router
from ninja.operation import Operation

from kernel.answers import PROBLEM
from kernel.numbers import LARGEST_ID
from workflow import conf
from workflow.idempotency import LONGEST_KEY

#: Whose version a write looks at.
VERSIONED: Final = ("{item_id}", "{instance_id}", "{incident_id}")
REFUSALS: Final = {
    400: "It cannot be read: a filter, a page, a key or JSON.",
    401: "No token, or one of nobody here.",
    403: "You may not do this.",
    404: "There is nothing here that you may see.",
    409: "The state does not allow it, or somebody was faster.",
    412: "It has another version than If-Match says.",
    422: "The fields, or a rule of the process, do not allow it.",
}
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "Chosen by you: a repeat with the same key and body gives the first answer, for"
        " a day. With another body it is refused with 422, while the first request is"
        " under way with 409."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
}
IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": (
        "The ETag that you read: the request is refused with 412 where the version is"
        " another one by now."
    ),
    "schema": {"type": "string", "examples": ['"3"', "*"]},
}
REPLAYED: Final = {
    "Idempotent-Replayed": {
        "description": "`true` where this is the answer to an earlier request.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
ETAG: Final = {
    "ETag": {
        "description": "The version, to be sent back as If-Match.",
        "schema": {"type": "string", "examples": ['"3"']},
    }
}
LINK: Final = {
    "Link": {
        "description": 'The next page, if there is one: `<address>; rel="next"`.',
        "schema": {"type": "string"},
    }
}


def describe(router: Router) -> None:
    """Add to each operation of a router what the document says of it."""
    for path, view in router.path_operations.items():
        for operation in view.operations:
            said = dict(operation.openapi_extra or {})
            written = dict(said.get("responses", {}))
            answer = {**written.pop(200, {}), "headers": headers(operation)}
            said["responses"] = {200: answer, **refusals(path, operation), **written}
            said["parameters"] = [*said.get("parameters", ()), *asked(path, operation)]
            operation.openapi_extra = said


def asked(path: str, operation: Operation) -> Iterator[dict[str, Any]]:
    """Yield the parameters that are no arguments of the view."""
    if is_idempotent(operation):
        yield IDEMPOTENCY_KEY
    if is_versioned(path, operation):
        yield IF_MATCH
    if is_list(operation):
        most = int(conf.value("GOFLOW_API_MAX_PAGE_SIZE"))
        yield query("limit", "How many entries a page has.", most)
        yield query(
            "after", "The key of the last entry of the page before.", LARGEST_ID
        )


def query(name: str, description: str, most: int) -> dict[str, Any]:
    low = 1 if name == "limit" else 0
    schema = {"type": "integer", "minimum": low, "maximum": most}
    place = {"name": name, "in": "query", "required": False}
    return {**place, "description": description, "schema": schema}


def headers(operation: Operation) -> dict[str, Any]:
    """Return the headers of an answer that is no refusal."""
    if is_idempotent(operation):
        return REPLAYED
    if is_list(operation):
        return LINK
    return ETAG if takes_answer(operation) else {}


def refusals(path: str, operation: Operation) -> dict[int, Any]:
    """Return the problems that an operation may answer with."""
    is_post = "POST" in operation.methods
    codes = [400, 401, 403]
    if is_post or "{" in path:
        codes += [404, 422]
    if is_post:
        codes.append(409)
    if is_versioned(path, operation):
        codes.append(412)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        code: {"description": REFUSALS[code], "content": {PROBLEM: {"schema": schema}}}
        for code in sorted(codes)
    }


def is_idempotent(operation: Operation) -> bool:
    return getattr(operation.view_func, "is_idempotent", False)


def is_versioned(path: str, operation: Operation) -> bool:
    return "POST" in operation.methods and any(name in path for name in VERSIONED)


def is_list(operation: Operation) -> bool:
    """Tell whether an operation answers with pages: a list, with its Link header."""
    given = operation.view_func.__annotations__.get("return")
    return takes_answer(operation) and get_origin(given) is list


def takes_answer(operation: Operation) -> bool:
    """Tell whether a view writes headers: it is given the answer for that."""
    return "response" in operation.view_func.__annotations__

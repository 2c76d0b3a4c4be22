"""Every door with every credential of another tenant: what opens, and what it tells.

A door must refuse (401, 403, 404, 405, or lead to an entrance) or, if the plan says
that it is open to strangers, answer as it answers a forged credential.
Nothing of the holder's tenant may be told, and no row of either may change.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from tenants.testing import rows
from tenants.testing.canary import watching
from tenants.testing.credentials import Held, Kind, Visit
from tenants.testing.doors import Door, doors, schemes_of
from tenants.testing.markers import found_in
from tenants.testing.plan import Plan
from tenants.testing.twins import Twin, Twins

REFUSED: Final = frozenset({401, 403, 404, 405})
LED_AWAY: Final = frozenset({301, 302, 303, 307, 308})
#: The verb with which pages are tried; the long form tries all.
SHORT_VERBS: Final = ("get",)
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Finding:
    """A door that did what it must not."""

    door: str
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.door}: {self.what}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answered, read to its end."""

    status: int
    #: The path that was asked for, and where the answer leads.
    path: str
    leads: str
    data: bytes
    cookies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matrix:
    """One product's doors, between two twins: `a` holds what is tried at `b`."""

    plan: Plan
    twins: Twins
    visit: Visit

    def host(self, site: str) -> str:
        return self.twins.b.host if site == "tenant" else self.plan.public_host

    def doors(self, verbs: Iterable[str] = SHORT_VERBS) -> list[Door]:
        """Return the doors of all sites; open pages also as forms that are sent."""
        verbs = tuple(verbs)
        found = [
            door
            for site in self.plan.sites
            for door in doors(self.host(site.name), site, verbs)
        ]
        forms = [
            replace(door, method="post")
            for door in found
            if not door.is_operation and door.method == "get" and self.plan.entry(door)
        ]
        return list(dict.fromkeys([*found, *forms]))

    # Trying

    def walk(
        self, kind: Kind, held: Held, at: Iterable[Door], *, one_by_one: bool = False
    ) -> list[Finding]:
        """Try one credential of `a` at these doors of `b` and of the public site.

        The canaries watch meanwhile what leaves by other ways than the answers.
        `one_by_one` looks at all rows after each open door, and not after all of them.
        """
        with watching(self.twins, is_strict=False) as watch:
            found = self.walked(kind, held, at, one_by_one=one_by_one)
        leaks = dict.fromkeys(watch.leaks)
        return found + [Finding("some door", kind.name, str(leak)) for leak in leaks]

    def walked(
        self, kind: Kind, held: Held, at: Iterable[Door], *, one_by_one: bool
    ) -> list[Finding]:
        shows = [door for door in at if carries(door, held)]
        closed, open_ = split(shows, self.plan)
        held = self.accompanied(kind, held, self.twins.b.host)
        before = self.state()
        found = [one for door in closed for one in self.tried(kind, held, door)]
        found += self.changes(kind, [], before)
        for some in [[door] for door in open_] if one_by_one else [open_]:
            before = self.state()
            for door in some:
                found += self.tried_open(kind, held, door)
            found += self.changes(kind, some, before)
        return found

    def tried(self, kind: Kind, held: Held, door: Door) -> Iterator[Finding]:
        answer = self.shown(kind, held, door)
        if not self.is_refused(answer):
            yield Finding(door.name, kind.name, f"answered {answer.status}")
        yield from self.told(kind, door, answer)

    def tried_open(self, kind: Kind, held: Held, door: Door) -> Iterator[Finding]:
        """Yield what an open door does that it does not do for a forged credential."""
        entry = self.plan.entry(door)
        answer = self.shown(kind, held, door)
        yield from self.told(kind, door, answer)
        if answer.status in REFUSED:
            return
        is_known = entry is not None and answer.status in entry.statuses
        if not is_known and not self.is_refused(answer):
            yield Finding(door.name, kind.name, f"answered {answer.status}")
        if door.method == "get" and not in_address(door, held):
            return  # a page is the same to all but for its words, which were looked at
        nobody = self.shown(kind, held.forged(), door)
        if answer.status != nobody.status:
            what = f"answered {answer.status}, and {nobody.status} to a forged one"
            yield Finding(door.name, kind.name, what)

    def shown(self, kind: Kind, held: Held, door: Door) -> Answer:
        return shown(self, door, kind, held, host=self.host(door.site))

    def accompanied(self, kind: Kind, held: Held, host: str) -> Held:
        """Return the credential with a session, where only members may show it."""
        if not kind.is_for_members:
            return held
        session = self.plan.sign_in(self.visit, host)
        return replace(held, cookies={**held.cookies, **session})

    def at_home(self, kind: Kind, held: Held, home: Twin) -> int | None:
        """Return what the door that takes this kind answers at home."""
        works = kind.works
        if works is None:
            return None
        door = Door(
            works.site,
            works.method,
            works.path,
            is_operation=works.path.startswith("/api/"),
            properties=dict.fromkeys({**held.known, **held.fields, **works.fields}),
        )
        held = replace(held, known={**held.known, **works.fields})
        host = home.host if works.site == "tenant" else self.plan.public_host
        held = self.accompanied(kind, held, host)
        return shown(self, door, kind, held, host=host).status

    # Judging

    def is_refused(self, answer: Answer) -> bool:
        """Tell whether a stranger was sent away."""
        if answer.status in REFUSED:
            return True
        if answer.status not in LED_AWAY:
            return False
        is_entrance = any(re.match(one, answer.leads) for one in self.plan.entrances)
        return is_entrance or answer.leads.startswith(f"{answer.path}/")

    def told(self, kind: Kind, door: Door, answer: Answer) -> Iterator[Finding]:
        """Yield what an answer holds of the tenant that the credential is of."""
        if found_in(answer.data, self.twins.a.marker):
            what = f"told something of {self.twins.a.tenant.slug}"
            yield Finding(door.name, kind.name, what)
        for name in sorted(answer.cookies - self.plan.known_cookies()):
            what = f"set the cookie {name}, which belongs to no kind of credential"
            yield Finding(door.name, kind.name, what)

    def state(self) -> rows.Digest:
        return rows.digest(self.twins.a.schema, self.twins.b.schema, "public")

    def changes(
        self, kind: Kind, at: list[Door], before: rows.Digest
    ) -> Iterator[Finding]:
        """Yield what changed although none of these doors may change it."""
        for table in rows.changed(before, self.state()):
            if self.is_count(kind, table):
                continue
            if not any(self.may_change(table, door) for door in at):
                name = at[0].name if len(at) == 1 else one_of(at)
                yield Finding(name, kind.name, f"changed {table}")

    def is_count(self, kind: Kind, table: str) -> bool:
        """Tell whether a table only counts wrong ones, where they were shown."""
        schema, _, name = table.partition(".")
        return schema == self.twins.b.schema and name in kind.counted_in

    def may_change(self, table: str, door: Door) -> bool:
        schema, _, name = table.partition(".")
        own = self.twins.b.schema if door.site == "tenant" else "public"
        entry = self.plan.entry(door)
        return entry is not None and schema == own and name in entry.writes

    # What the plan does not know

    def problems(self, at: Iterable[Door]) -> list[str]:
        """Return a message for each door, scheme or kind that wants for a word."""
        return [
            *unknown_doors(self.plan, list(at)),
            *self.unknown_schemes(),
            *(
                f"The {kind.name} opens nothing at home. Say in"
                f" {self.plan.written_in} where it does, or why there is no such door."
                for kind in self.plan.kinds
                if kind.works is None and not kind.reason.strip()
            ),
        ]

    def unknown_schemes(self) -> Iterator[str]:
        """Yield the security schemes that no kind of credential is for."""
        known = {scheme for kind in self.plan.kinds for scheme in kind.schemes}
        for site in self.plan.sites:
            found = schemes_of(self.host(site.name), site)
            for scheme in sorted(found - known):
                yield (
                    f"The {site.name} API takes {scheme}, and no kind of credential"
                    f" does. Say in {self.plan.written_in} how one is got."
                )


def unknown_doors(plan: Plan, at: list[Door]) -> Iterator[str]:
    """Yield the operations that are open without a word, and words without a door."""
    for door in at:
        if door.is_operation and not door.is_guarded and plan.entry(door) is None:
            yield (
                f"{door.name} asks for no credential. Say in {plan.written_in} why it"
                " is open and what it answers, or guard it."
            )
    names = {name for door in at for name in (door.name, door.route)}
    for name, entry in plan.open_doors.items():
        if name not in names:
            yield f"There is no door {name}. Remove it from {plan.written_in}."
        if not entry.reason.strip():
            yield f"{name} stands in {plan.written_in} without a reason."


def one_of(at: list[Door]) -> str:
    return "one of the open doors" if at else "a closed door"


def split(at: Iterable[Door], plan: Plan) -> tuple[list[Door], list[Door]]:
    """Return the closed doors and the open ones."""
    closed: list[Door] = []
    open_: list[Door] = []
    for door in at:
        (closed if plan.entry(door) is None else open_).append(door)
    return closed, open_


def carries(door: Door, held: Held) -> bool:
    """Tell whether a request to the door shows the credential at all."""
    in_body = bool(held.fields) and door.method == "post"
    return bool(held.headers or held.cookies) or in_body or in_address(door, held)


def in_address(door: Door, held: Held) -> bool:
    """Tell whether the address shows the credential: in the path, or in a query."""
    in_path = any(f"{{{name}}}" in door.path for name in held.in_path)
    in_query = bool(held.query) or (bool(held.fields) and door.is_operation)
    return in_path or in_query


def shown(matrix: Matrix, door: Door, kind: Kind, held: Held, *, host: str) -> Answer:
    """Send the credential to the door, in every place it could be looked for."""
    client = matrix.visit(host, **held.headers)
    client.handler.enforce_csrf_checks = kind.is_csrf
    for name, value in held.cookies.items():
        client.cookies[name] = value

    def in_path(name: str, of: Door) -> object:
        return held.in_path.get(name) or matrix.plan.in_path(name, of)

    address = door.address(in_path)
    if door.method == "get":
        query = {**held.query, **(held.fields if door.is_operation else {})}
        return read(client.get(address, query or None))
    send = getattr(client, door.method)
    return read(send(address, **body_of(matrix.plan, door, held)))


def body_of(plan: Plan, door: Door, held: Held) -> dict[str, Any]:
    """Return what is sent: JSON of the operation's own names, or a form of all."""
    fields = {**plan.filling, **held.known, **held.fields}
    if door.is_operation:
        body = {name: fields.get(name, one) for name, one in door.properties.items()}
        return {"data": json.dumps(body), "content_type": JSON}
    return {"data": fields} if door.method == "post" else {}


def read(response: Any) -> Answer:
    """Return a response with body, headers and cookies in one."""
    # The test client closes a stream at its end, and everything else by itself.
    body = response.getvalue() if response.streaming else response.content
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return Answer(
        status=response.status_code,
        path=response.wsgi_request.path,
        leads=response.get("Location", ""),
        data=bytes(body) + f"\n{headers}\n{response.cookies.output()}".encode(),
        cookies=frozenset(response.cookies),
    )

"""Ask the DNS whether a name is this tenant's, and whether it leads here."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from tenants.domains import edge, resolvers
from tenants.domains.records import PREFIX, record_name, record_value
from tenants.domains.resolvers import Budget, Heard

#: The chain of names behind one that a resolver follows, with its addresses.
KINDS: Final = ("A", "AAAA")


class Outcome(StrEnum):
    """What two resolvers say of the TXT record."""

    FOUND = "found"
    MISSING = "missing"
    #: They do not say the same: the record is new, or somebody lies to one of them.
    DIFFERING = "differing"
    #: One or both did not answer, which says nothing about the name.
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out about a name.

    `leads_here` is None where nobody could say. `others` counts records of ours with
    another token.
    """

    domain: str
    outcome: Outcome
    leads_here: bool | None
    others: int = 0

    @property
    def is_found(self) -> bool:
        """Tell whether the record is there, by both resolvers."""
        return self.outcome is Outcome.FOUND


def check(domain: str, token: str) -> Checked:
    """Ask two resolvers for the record of a canonical name, and where it leads."""
    budget = Budget()
    asked = resolvers.addresses()
    name = record_name(domain)
    heard = [resolvers.ask(one, name, "TXT", budget) for one in asked]
    proofs = [ours(one) for one in heard]
    wanted = record_value(token)
    found = frozenset[str]().union(*(one for one in proofs if one))
    return Checked(
        domain,
        outcome_of(proofs, wanted),
        leads_here(domain, asked, budget),
        others=len(found - {wanted}),
    )


def ours(heard: Heard) -> frozenset[str] | None:
    """Return the texts of an answer that are ours; others may stand there too."""
    if heard.values is None:
        return None
    return frozenset(text for text in heard.values if text.startswith(PREFIX))


def outcome_of(proofs: list[frozenset[str] | None], wanted: str) -> Outcome:
    """Return what the answers come to. One that lacks the text cannot be outvoted."""
    said = [proof for proof in proofs if proof is not None]
    if len(said) == len(proofs) and len(set(said)) > 1:
        return Outcome.DIFFERING
    if any(wanted not in proof for proof in said):
        return Outcome.MISSING
    return Outcome.FOUND if len(said) == len(proofs) else Outcome.UNREACHABLE


def leads_here(
    domain: str, asked: list[tuple[str, int]], budget: Budget
) -> bool | None:
    """Tell whether a name leads to the platform, and nowhere else."""
    for resolver in asked:
        heard = [resolvers.ask(resolver, domain, kind, budget) for kind in KINDS]
        if all(one.values is not None for one in heard):
            return is_edge(heard, resolver, budget)
    return None


def is_edge(heard: list[Heard], resolver: tuple[str, int], budget: Budget) -> bool:
    own = edge.entries()
    found = {text for one in heard for text in one.values or ()}
    if any(one.chain & own.names for one in heard):
        return bool(found)
    if not found:
        return False
    missing = found - own.addresses
    return not missing or missing <= addresses_of(own.names, resolver, budget)


def addresses_of(
    names: frozenset[str], resolver: tuple[str, int], budget: Budget
) -> set[str]:
    """Return the addresses of the platform's names, as this resolver sees them."""
    return {
        str(ip_address(text))
        for name in sorted(names)
        for kind in KINDS
        for text in resolvers.ask(resolver, name, kind, budget).values or ()
    }

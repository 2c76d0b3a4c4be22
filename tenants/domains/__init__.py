"""Custom domains: a customer's own name that leads to its workspace.

    claim(...)          a row and the TXT record to set        claiming.py
    verify(...)         ask the DNS, then take the name        verifying.py
    make_primary(...)   the name of links and redirects        primary.py
    remove(...)         give it up, with the cool-down         releasing.py
    recheck_due()       what is verified must stay so          rechecking.py

A row is claimed, verified, lapsed or released; `records.stage` tells which. Only the
first three belong to somebody's list; a released one keeps others out until it is free.
All of these take the control context; the DNS is never asked in a transaction.
"""

from tenants.domains.checking import Checked, Outcome, check
from tenants.domains.claiming import claim
from tenants.domains.names import check_name
from tenants.domains.primary import make_primary
from tenants.domains.rechecking import recheck_due
from tenants.domains.records import Stage, record_name, record_value, stage
from tenants.domains.releasing import release_all, remove, tidy
from tenants.domains.verifying import verify

__all__ = [
    "Checked",
    "Outcome",
    "Stage",
    "check",
    "check_name",
    "claim",
    "make_primary",
    "recheck_due",
    "record_name",
    "record_value",
    "release_all",
    "remove",
    "stage",
    "tidy",
    "verify",
]

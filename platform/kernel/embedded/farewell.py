"""What a person needs to know once the demo runs."""

import os
from pathlib import Path

TENANTS = ("acme", "globex")
PEOPLE = "admin, alice, bob, carol"
PASSWORD = "open"  # noqa: S105 - the demo's, printed for everybody to see


def farewell(port: int, *, logs: Path) -> str:
    """Return a small table: addresses, log-ins, mail, and how to stop."""
    hosts = [f"{tenant}.localhost" for tenant in TENANTS]
    rows = [
        ("Where", "Address", "Log in as", "Password"),
        *((host.split(".")[0], _url(host, port), PEOPLE, PASSWORD) for host in hosts),
        ("public site", _url("localhost", port), "operator", PASSWORD),
    ]
    provider = os.environ.get("EMAIL_DELIVERY_PROVIDER", "").strip()
    mailboxes = [_url(host, port) + "/dev/mailbox/" for host in (*hosts, "localhost")]
    if provider:
        mailboxes = [f"by {provider}, as the environment says"]
    return "\n".join(
        [
            "",
            *_table(rows),
            "",
            *(
                f"  {'mail' if i == 0 else '':<12}  {m}"
                for i, m in enumerate(mailboxes)
            ),
            f"  {'admin':<12}  /admin/ at each address",
            f"  {'API':<12}  {_url(hosts[0], port)}/api/docs",
            f"  {'logs':<12}  {logs}",
            "",
            "  Ctrl-C stops it and keeps the data; make demo RESET=1 begins anew.",
        ]
    )


def _url(host: str, port: int) -> str:
    return f"http://{host}:{port}"


def _table(rows: list[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(12, *(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    lines = [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        for row in rows
    ]
    rule = "  " + "  ".join("-" * width for width in widths)
    return [lines[0].rstrip(), rule, *(line.rstrip() for line in lines[1:])]

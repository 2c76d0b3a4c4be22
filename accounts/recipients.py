"""Read recipients as people write them: lists, commas, semicolons, quoted names."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import formataddr, getaddresses, parseaddr

from accounts import addresses
from kernel.text import has_controls, storable

Recipients = str | Iterable[str] | None


@dataclass(frozen=True)
class Envelope:
    """Who gets a message: what can be written to, and what was dropped, masked."""

    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    reply_to: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    #: Whether an address or a name held what would end a line of a header.
    has_controls: bool = False


def envelope(
    *,
    to: Recipients,
    cc: Recipients = None,
    bcc: Recipients = None,
    reply_to: Recipients = None,
) -> Envelope:
    """Return the valid recipients, without repetition, and what was dropped."""
    found = [read(one) for one in (to, cc, bcc, reply_to)]
    kept_to, kept_cc, kept_bcc, kept_reply_to = (
        [text for text, _ in valid] for valid, _ in found
    )
    dropped = [part for _, bad in found for part in bad]
    return Envelope(
        to=kept_to,
        cc=kept_cc,
        bcc=kept_bcc,
        reply_to=kept_reply_to,
        dropped=[masked(part) for part in dropped],
        has_controls=any(has_controls(part) for part in dropped),
    )


def read(recipients: Recipients) -> tuple[list[tuple[str, str]], list[str]]:
    """Return pairs of an address as written and its normal form, and what is none."""
    found: dict[str, str] = {}
    bad: list[str] = []
    for name, address in _pairs(recipients):
        norm = addresses.normalise_or_none(address)
        if has_controls(name) or not storable(name):
            bad.append(f"{name} <{address}>")
        elif norm is None:
            bad.append(address)
        else:
            found.setdefault(norm, written(name, address))
    return [(text, norm) for norm, text in found.items()], bad


def written(name: str, address: str) -> str:
    """Return `"Name" <address>`, or the address alone; a quoted name stays quoted."""
    if not name:
        return address
    if name.isascii():
        return formataddr((name, address))
    # A row and a page keep letters; the transport writes them as headers have them.
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def mask(text: str) -> str:
    """Return a recipient as logs and lists may show it, without the name."""
    return addresses.mask(parseaddr(text)[1])


def masked(part: str) -> str:
    """Return what may be told of something that is no address."""
    if has_controls(part) or not storable(part):
        return "***"
    return addresses.mask(part)


def _pairs(recipients: Recipients) -> list[tuple[str, str]]:
    if recipients is None:
        return []
    items = [recipients] if isinstance(recipients, str) else list(recipients)
    parts = [part for item in items for part in split(str(item))]
    pairs = []
    for part in parts:
        if has_controls(part) or not storable(part):
            pairs.append(("", part))
            continue
        parsed = getaddresses([part])
        pairs.extend((name, address or part) for name, address in parsed)
    return pairs


def split(text: str) -> list[str]:
    """Split on commas and semicolons outside quotes."""
    parts, is_quoted, is_escaped = [""], False, False
    for letter in text:
        is_quoted ^= letter == '"' and not is_escaped
        is_escaped = letter == "\\" and not is_escaped
        if letter in ",;" and not is_quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in (part.strip(" \t") for part in parts) if part]

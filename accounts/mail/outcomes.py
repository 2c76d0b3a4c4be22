"""What a transport says of one message: a value, never an exception."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """How it went; `reason` is empty where the message was taken.

    `status` is the server's number of HTTP or SMTP; `reason` holds neither an address
    nor a body, `text` may, and is kept nowhere.
    """

    status: int
    text: str = field(default="", repr=False)
    provider_id: str = ""
    reason: str = ""
    #: Whether trying again is useless.
    is_final: bool = False

    @property
    def is_sent(self) -> bool:
        return not self.reason

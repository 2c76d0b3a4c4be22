"""The flood: a program that sends what its tenant may, or many times as much.

Words on its standard input say which: `flood` and `usual`. At the end of the input it
prints what it was answered, as JSON: how often each status.
"""

# ruff: noqa: T201 - its output is read by flood.py
import http.client
import json
import sys
import threading
from collections import Counter
from contextlib import closing

#: How many hands the flood has; each waits for its answers.
HANDS = 4


class Hand(threading.Thread):
    """Sends the same request again and again, with a pause that may be changed."""

    def __init__(self, port: int, host: str, path: str) -> None:
        super().__init__(daemon=True)
        self.port, self.host, self.path = port, host, path
        self.pause: float | None = None
        self.told = threading.Event()
        self.answers: Counter[int] = Counter()

    def tell(self, pause: float | None) -> None:
        """Send with this pause from now on; None for not at all."""
        self.pause = pause
        self.told.set()

    def run(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(client):
            while True:
                self.told.wait(self.pause)
                self.told.clear()
                if self.pause is not None:
                    self.send(client)

    def send(self, client: http.client.HTTPConnection) -> None:
        try:
            self.answers[self.ask(client)] += 1
        except (http.client.HTTPException, OSError):
            client.close()  # the server closes what rested

    def ask(self, client: http.client.HTTPConnection) -> int:
        headers = {"Host": f"{self.host}:{self.port}"}
        client.request("GET", self.path, headers=headers)
        answer = client.getresponse()
        answer.read()
        return answer.status


def main(port: str, host: str, path: str, per_second: str, times: str) -> None:
    """Send so many requests a second as usual, by one hand, and so many times more."""
    usual = 1 / float(per_second)
    flood = usual / float(times) * HANDS
    hands = [Hand(int(port), host, path) for _ in range(HANDS)]
    for hand in hands:
        hand.start()
    for line in sys.stdin:
        if line.strip() == "flood":
            pauses: list[float | None] = [flood] * HANDS
        else:
            pauses = [usual, *[None] * (HANDS - 1)]
        for hand, pause in zip(hands, pauses, strict=True):
            hand.tell(pause)
    answers: Counter[int] = Counter()
    for hand in hands:
        answers += hand.answers
    print(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])

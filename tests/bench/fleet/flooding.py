"""The flood: a program that sends while it is told to, by words on its standard input.

`on` and `off` begin and end it; at the end of the input it prints what it was answered,
as JSON: how often each status.
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
    """Sends the same request again and again, while the flood is on."""

    def __init__(self, port: int, host: str, path: str, pause: float) -> None:
        super().__init__(daemon=True)
        self.port, self.host, self.path, self.pause = port, host, path, pause
        self.is_on = threading.Event()
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        beat = threading.Event()
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(client):
            while self.is_on.wait():
                try:
                    self.answers[self.ask(client)] += 1
                except (http.client.HTTPException, OSError):
                    client.close()  # the server closes what rested
                beat.wait(self.pause)

    def ask(self, client: http.client.HTTPConnection) -> int:
        headers = {"Host": f"{self.host}:{self.port}"}
        client.request("GET", self.path, headers=headers)
        answer = client.getresponse()
        answer.read()
        return answer.status


def main(port: str, host: str, path: str, per_second: str) -> None:
    pause = HANDS / float(per_second)
    hands = [Hand(int(port), host, path, pause) for _ in range(HANDS)]
    for hand in hands:
        hand.start()
    for line in sys.stdin:
        for hand in hands:
            if line.strip() == "on":
                hand.is_on.set()
            else:
                hand.is_on.clear()
    answers: Counter[int] = Counter()
    for hand in hands:
        answers += hand.answers
    print(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])

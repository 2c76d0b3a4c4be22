"""A web server of a few lines: it answers 200, and writes down how it ended."""

import http.server
import signal
import sys
from pathlib import Path


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        """Stay silent."""


def main(port, ends):
    def end(*_):
        with ends.open("a") as file:
            file.write("web\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    http.server.HTTPServer(("127.0.0.1", port), Page).serve_forever()


main(int(sys.argv[1]), Path(sys.argv[2]))

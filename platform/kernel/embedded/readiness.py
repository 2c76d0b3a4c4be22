"""Whether a page answers."""

import http.client

from kernel.embedded.plan import Probe

OK = 200
PATIENCE = 4.0


def answers(probe: Probe, port: int) -> bool:
    """Tell whether the page answers 200, to a client of 127.0.0.1."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Host": f"{probe.host}:{port}", "Connection": "close"}
    try:
        connection.request("GET", probe.path, headers=headers)
        return connection.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

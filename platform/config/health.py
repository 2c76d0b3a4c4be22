"""Is the platform up? For the supervisor, a load balancer and a person in a hurry."""

from django.db import connection
from django.http import HttpRequest, JsonResponse

from config.tasks import worker_answers


def alive(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view
    """Answer 200 where the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def worker(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view
    """Answer 200 once a worker has carried a word there and back, else 503."""
    if worker_answers(within_seconds=3):
        return JsonResponse({"status": "ok"})
    return JsonResponse({"status": "no worker answered"}, status=503)

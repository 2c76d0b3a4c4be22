from desk.models import Person, Task, Team
from desk.rows import PEOPLE
from django.db.models import Sum
from django.http import HttpRequest, JsonResponse


def desk(request: HttpRequest, number: int) -> JsonResponse:
    """Answer with what a person's page might show, in exactly 20 queries."""
    other = number % PEOPLE + 1
    people, tasks, teams = Person.objects, Task.objects, Team.objects

    # Six rows one by one
    person = people.get(pk=number)
    team = teams.get(pk=person.team_id)
    colleague = people.get(name=f"Person {other - 1}")
    other_team = teams.get(pk=colleague.team_id)
    task = tasks.get(pk=number)
    other_task = tasks.get(pk=number + PEOPLE)

    # Eight lists of about twenty rows
    own = list(tasks.filter(person=person))
    next_due = list(tasks.filter(person=colleague).order_by("due_on"))
    members = list(people.filter(team=team))
    other_members = list(people.filter(team=other_team).order_by("name"))
    with_names = list(tasks.filter(person=person).select_related("person__team"))
    titles = list(tasks.filter(person=colleague).values_list("title", flat=True))
    still_open = list(tasks.filter(person=person, is_open=True))
    others = list(tasks.filter(person=colleague).exclude(hours=0))

    # Six facts
    first = tasks.filter(person=person).order_by("due_on", "pk").first()
    open_tasks = tasks.filter(person=person, is_open=True).count()
    size = people.filter(team=team).count()
    hours = tasks.filter(person=person).aggregate(total=Sum("hours"))["total"]
    is_late = tasks.filter(person=person, is_open=True, hours__gt=6).exists()
    is_known = people.filter(name=person.name).exists()

    lists = (own, next_due, members, other_members, titles, still_open, others)
    return JsonResponse(
        {
            "team": team.name,
            "person": person.name,
            "tasks": [task.title, other_task.title, first and first.title],
            "teams": sorted({row.person.team.name for row in with_names}),
            "rows": [len(rows) for rows in lists],
            "facts": [open_tasks, size, hours, is_late, is_known],
        }
    )

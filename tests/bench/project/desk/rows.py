"""The same rows in every schema; only the team's names tell whose they are."""

from datetime import date, timedelta

from desk.models import Person, Task, Team

TEAMS = 5
PEOPLE_OF_A_TEAM = 20
TASKS_OF_A_PERSON = 20
PEOPLE = TEAMS * PEOPLE_OF_A_TEAM
FIRST_DAY = date(2026, 1, 1)


def fill(site: str) -> None:
    """Write the rows of one site; its primary keys begin with one."""
    teams = Team.objects.bulk_create(Team(name=f"{site} {n}") for n in range(TEAMS))
    people = Person.objects.bulk_create(
        Person(name=f"Person {n}", team=teams[n % TEAMS]) for n in range(PEOPLE)
    )
    Task.objects.bulk_create(
        Task(
            title=f"Task {n}",
            person=people[n % PEOPLE],
            is_open=n % 3 != 0,
            hours=n % 8,
            due_on=FIRST_DAY + timedelta(days=n % 365),
        )
        for n in range(PEOPLE * TASKS_OF_A_PERSON)
    )

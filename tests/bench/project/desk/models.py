# ruff: noqa: DJ008 - nobody reads a row's name here
from django.db import models


class Team(models.Model):
    name = models.CharField(max_length=80, unique=True)


class Person(models.Model):
    name = models.CharField(max_length=80, unique=True)
    team = models.ForeignKey(Team, models.CASCADE)


class Task(models.Model):
    title = models.CharField(max_length=80)
    person = models.ForeignKey(Person, models.CASCADE)
    is_open = models.BooleanField()
    hours = models.PositiveIntegerField()
    due_on = models.DateField()

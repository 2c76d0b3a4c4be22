"""Rows of two tables, and relations to any model: none of ours, so made here."""

from collections.abc import Iterator

import pytest
from django.apps.registry import Apps
from django.contrib.auth.models import Group
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import prefetch_related_objects

from tenants.context import TenantInfo, as_owner, use
from tests.tenants.stamped import refused

registry = Apps()
registry.register_model("contenttypes", ContentType)


class Note(models.Model):  # noqa: DJ008 - nobody reads it
    text = models.CharField(max_length=20)
    kind = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    number = models.PositiveBigIntegerField()
    about = GenericForeignKey("kind", "number")

    class Meta:
        app_label = "leave"
        apps = registry


class Place(models.Model):  # noqa: DJ008 - nobody reads it
    name = models.CharField(max_length=20)
    notes = GenericRelation(Note, content_type_field="kind", object_id_field="number")

    class Meta:
        app_label = "leave"
        apps = registry


class Restaurant(Place):  # noqa: DJ008 - nobody reads it
    stars = models.PositiveSmallIntegerField(default=0)

    class Meta:
        app_label = "leave"
        apps = registry


@pytest.fixture
def tables(acme: TenantInfo, globex: TenantInfo) -> Iterator[None]:
    for tenant in (acme, globex):
        with use(as_owner(tenant)), connection.schema_editor() as editor:
            for model in (Note, Place, Restaurant):
                editor.create_model(model)
        with use(tenant):
            place = Restaurant.objects.create(name=f"The {tenant.slug}")
            group = Group.objects.get(name="Employees")
            Note.objects.create(text="a place", about=place.place_ptr)
            Note.objects.create(text=f"of {tenant.slug}", about=group)
    yield
    for tenant in (acme, globex):
        with use(tenant):
            ContentType.objects.clear_cache()


def test_a_row_of_two_tables_stays_in_its_tenant(tables, acme, globex) -> None:
    with use(acme):
        restaurant = Restaurant.objects.get()
        parent = restaurant.place_ptr
        place = Place.objects.get()
        deferred = Restaurant.objects.only("stars").get()
    restaurant.name = "Stolen"
    with use(globex):
        for use_it in (
            restaurant.save,
            restaurant.delete,
            restaurant.refresh_from_db,
            parent.save,
            lambda: place.restaurant,
            lambda: restaurant.place_ptr,
            lambda: deferred.name,
            lambda: Restaurant.objects.filter(place_ptr=place),
            lambda: Restaurant.objects.filter(pk=place),
            lambda: Restaurant(place_ptr=place),
        ):
            with refused():
                use_it()
        assert Place.objects.get().name == "The globex"
    with use(acme):
        assert place.restaurant == restaurant


def test_a_query_of_two_tables_stays_in_its_tenant(tables, acme, globex) -> None:
    with use(acme):
        rows = Restaurant.objects.filter(name__startswith="The")
        assert rows.update(name="The first", stars=1) == 1
    with use(globex):
        for use_it in (
            rows.delete,
            rows.get,
            lambda: rows.update(stars=2),
            lambda: rows.update(name="Stolen", stars=2),
            lambda: rows.select_related("place_ptr").first(),
        ):
            with refused():
                use_it()
        assert Restaurant.objects.values_list("name", "stars").get() == (
            "The globex",
            0,
        )


def test_a_relation_to_any_model_stays_in_its_tenant(tables, acme, globex) -> None:
    with use(acme):
        fresh = Note.objects.get(text="of acme")
        known = Note.objects.get(text="of acme")
        assert known.about.name == "Employees"
        employees = Group.objects.get(name="Employees")
    with use(globex):
        theirs = Note.objects.get(text="of globex")
        for use_it in (
            lambda: fresh.about,
            lambda: known.about,
            lambda: setattr(theirs, "about", employees),
            lambda: setattr(fresh, "about", Group.objects.get(name="HR")),
            lambda: Note(text="new", about=employees),
            lambda: prefetch_related_objects([fresh], "about"),
        ):
            with pytest.raises(Exception, match="somebody else"):
                use_it()
        assert theirs.about.name == "Employees"
        (found,) = Note.objects.filter(text="of globex").prefetch_related("about")
        assert found.about._state.stamp == globex.uuid


def test_a_relation_from_any_model_stays_in_its_tenant(tables, acme, globex) -> None:
    with use(acme):
        place = Place.objects.get()
        kept = place.notes
        note = kept.get()
    with use(globex):
        theirs = Place.objects.get()
        own = theirs.notes
        for use_it in (
            lambda: place.notes,
            lambda: list(kept.all()),
            lambda: kept.using("default").count(),
            lambda: kept.create(text="new"),
            kept.clear,
            lambda: own.add(note),
            lambda: own.add(note, bulk=False),
            lambda: own.remove(note),
            lambda: own.set([note]),
            lambda: prefetch_related_objects([place], "notes"),
        ):
            with refused():
                use_it()
        assert [n.text for n in theirs.notes.all()] == ["a place"]
        assert Note.objects.count() == 2

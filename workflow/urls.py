"""The pages of the workflow, mounted at /workflow/."""

from django.urls import path

from workflow import (
    application_pages,
    applications,
    hand_pages,
    incident_pages,
    instance_pages,
    list_pages,
    start_pages,
    views,
)

app_name = "workflow"
urlpatterns = [
    path("mywork/", list_pages.my_work, name="my-work"),
    path("otherswork/", list_pages.others_work, name="others-work"),
    path("myrequests/", list_pages.my_requests, name="my-requests"),
    path("workitems/<int:item_id>/", views.work_item, name="work-item"),
    path("workitems/<int:item_id>/claim/", hand_pages.claim, name="claim"),
    path("workitems/<int:item_id>/release/", hand_pages.release, name="release"),
    path("workitems/<int:item_id>/reassign/", hand_pages.reassign, name="reassign"),
    path("workitems/<int:item_id>/delegate/", hand_pages.delegate, name="delegate"),
    path("workitems/<int:item_id>/forward/", hand_pages.forward, name="forward"),
    path("default_app/<int:item_id>/", views.work_item, name="default-app"),
    path("app/<str:name>/<int:item_id>/", applications.serve, name="application"),
    path("applications/<str:name>/test/", application_pages.make, name="make-test"),
    path(
        "applications/<str:name>/test/remove/",
        application_pages.remove,
        name="remove-test",
    ),
    path("start/", start_pages.choose, name="start"),
    path(
        "start/<str:app_label>/<str:model>/",
        start_pages.start_document,
        name="start-document",
    ),
    path(
        "start_proto/<int:process_id>/", start_pages.start_default, name="start-proto"
    ),
    path("instances/<int:instance_id>/", instance_pages.instance, name="instance"),
    path(
        "instances/<int:instance_id>/comments/", instance_pages.comment, name="comment"
    ),
    path(
        "instances/<int:instance_id>/suspend/", instance_pages.suspend, name="suspend"
    ),
    path("instances/<int:instance_id>/resume/", instance_pages.resume, name="resume"),
    path("instances/<int:instance_id>/cancel/", instance_pages.cancel, name="cancel"),
    path("incidents/", incident_pages.listing, name="incidents"),
    path("incidents/<int:incident_id>/", incident_pages.incident, name="incident"),
]

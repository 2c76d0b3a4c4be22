"""The pages of the workflow, mounted at /workflow/."""

from django.urls import path

from workflow import applications, start_pages, views

app_name = "workflow"
urlpatterns = [
    path("mywork/", views.my_work, name="my-work"),
    path("otherswork/", views.others_work, name="others-work"),
    path("myrequests/", views.my_requests, name="my-requests"),
    path("workitems/<int:item_id>/", views.work_item, name="work-item"),
    path("default_app/<int:item_id>/", views.work_item, name="default-app"),
    path("app/<str:name>/<int:item_id>/", applications.serve, name="application"),
    path("start/", start_pages.choose, name="start"),
    path(
        "start/<str:app_label>/<str:model>/",
        start_pages.start_document,
        name="start-document",
    ),
    path(
        "start_proto/<int:process_id>/", start_pages.start_default, name="start-proto"
    ),
    path("instances/<int:instance_id>/", views.instance, name="instance"),
]

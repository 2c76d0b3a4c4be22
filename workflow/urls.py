"""The pages of the workflow, mounted at /workflow/."""

from django.urls import path

from workflow import views

app_name = "workflow"
urlpatterns = [
    path("mywork/", views.my_work, name="my-work"),
    path("otherswork/", views.others_work, name="others-work"),
    path("myrequests/", views.my_requests, name="my-requests"),
    path("workitems/<int:item_id>/", views.work_item, name="work-item"),
    path("instances/<int:instance_id>/", views.instance, name="instance"),
]

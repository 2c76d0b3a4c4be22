from django.urls import path
from estate.views import things

urlpatterns = [path("estate/", things)]

from django.urls import path

from base.api import Api
from observability.api import router

api = Api(urls_namespace="w7")
api.add_router("", router)
urlpatterns = [path("api/v1/", api.urls)]

from allauth.account.views import login, logout
from django.urls import path

from accounts import views

# allauth's names, so that it finds its own pages. People are invited: there is no sign-up.
urlpatterns = [
    path("login/", login, name="account_login"),
    path("logout/", logout, name="account_logout"),
    path("workspace/", views.switch_workspace, name="switch_workspace"),
]

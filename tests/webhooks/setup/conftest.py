import pytest
from django.test import Client

from platforms import services
from tests.people import make_member, sign_in


@pytest.fixture
def admin(workspace):
    return make_member(workspace, "admin")


@pytest.fixture
def browser(admin) -> Client:
    return sign_in(admin)


@pytest.fixture
def connection(workspace, admin):
    return services.create(workspace, "retell", "Phone lines", by=admin)

import pytest

from accounts.models import Workspace
from tests.people import make_member


@pytest.fixture
def workspace(db):
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def maya(workspace):
    return make_member(workspace, "operator", "maya@larkfield.example", name="Maya Kessler")

from datetime import timedelta

import pytest

from calls.models import Recording
from calls.services import Opening, record
from platforms.events import CallEnded, CallRecorded, CallStarted
from tests.calls.recordings.heard import platform as a_platform
from tests.calls.told import BEGAN


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """Files of these tests, in a folder of their own."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "tests.calls.recordings.heard.Folder",
            "OPTIONS": {"location": tmp_path, "base_url": None},
        }
    }
    return tmp_path


@pytest.fixture
def platform():
    with a_platform() as played:
        yield played


@pytest.fixture
def told(workspace):
    """told(url) → the Recording of a call of 10 s after its platform has told of one at this address."""

    def tell(url: str, *, split: bool = True, call: str = "recorded") -> Recording:
        events = [
            CallStarted(BEGAN),
            CallEnded(BEGAN + timedelta(seconds=10)),
            CallRecorded(BEGAN, url, split),
        ]
        recorded = record(
            workspace.pk, "retell", call, events, source="webhook", opening=Opening(started_at=BEGAN)
        )
        return Recording.objects.select_related("call").get(call=recorded)

    return tell

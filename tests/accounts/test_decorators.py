import asyncio

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.access import Viewer
from accounts.decorators import requires
from accounts.permissions import Permission
from base.ids import uuid7


@requires(Permission.SEE_WORDS)
def page(request):
    return HttpResponse("words")


@requires(Permission.SEE_WORDS)
async def async_page(request):
    return HttpResponse("words")


def request_of(role=None, path="/calls/?agent=odell", method="get", **headers):
    request = getattr(RequestFactory(), method)(path, headers=headers or {"accept": "text/html"})
    request.user = AnonymousUser()
    request.viewer = role and Viewer(uuid7(), uuid7(), role, "Maya")
    return request


def test_it_opens_to_a_role_that_has_it():
    assert page(request_of("operator")).content == b"words"
    assert asyncio.run(async_page(request_of("operator"))).content == b"words"


def test_a_stranger_signs_in_first_and_comes_back():
    location = page(request_of())["Location"]

    assert location == "/accounts/login/?next=/calls/%3Fagent%3Dodell"


def test_a_stranger_who_posts_is_not_sent_back_to_a_post():
    assert page(request_of(method="post"))["Location"] == "/accounts/login/?next=/"


def test_a_program_is_told_in_json():
    response = asyncio.run(async_page(request_of(accept="application/json")))

    assert (response.status_code, response["Content-Type"]) == (401, "application/json")


def test_a_member_without_it_is_told_which_role_has_it():
    with pytest.raises(PermissionDenied, match="You need the Operator role"):
        page(request_of("viewer"))

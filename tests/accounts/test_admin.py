"""Staff in the admin: what they may do there, and that it never becomes more by their own hand."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.people import make_person, sign_in

PASSWORD = {"password1": "a sentence nobody would guess", "password2": "a sentence nobody would guess"}


@pytest.fixture
def group(db) -> Group:
    """Of those who look after people."""
    group = Group.objects.create(name="People")
    theirs = (
        "view_user",
        "change_user",
        "delete_user",
        "view_group",
        "change_group",
        "add_group",
        "delete_group",
    )
    group.permissions.set(Permission.objects.filter(codename__in=theirs))
    return group


@pytest.fixture
def staff(group) -> Client:
    person = make_person("staff@example.com", is_staff=True)
    person.groups.add(group)
    return sign_in(person)


def test_staff_give_somebody_another_password(staff):
    person = make_person("somebody@example.com")

    assert (
        staff.post(reverse("admin:auth_user_password_change", args=[person.pk]), PASSWORD).status_code == 302
    )
    person.refresh_from_db()
    assert person.check_password(PASSWORD["password1"])


@pytest.mark.parametrize("power", ["is_staff", "is_superuser"])
def test_nobody_who_may_do_more_is_given_one_by_them(staff, power):
    other = make_person("other@example.com", **{power: True})

    refused = staff.post(reverse("admin:auth_user_password_change", args=[other.pk]), PASSWORD)
    assert refused.status_code == 403
    assert (
        staff.post(reverse("admin:accounts_user_delete", args=[other.pk]), {"post": "yes"}).status_code == 403
    )
    assert User.objects.get(pk=other.pk).password == other.password


def test_staff_give_themselves_no_powers(staff, group):
    assert staff.get(reverse("admin:auth_group_change", args=[group.pk])).status_code == 200
    everything = {"name": "People", "permissions": [each.pk for each in Permission.objects.all()]}

    assert staff.post(reverse("admin:auth_group_change", args=[group.pk]), everything).status_code == 403
    assert staff.post(reverse("admin:auth_group_add"), everything | {"name": "Mine"}).status_code == 403
    assert group.permissions.count() == 7

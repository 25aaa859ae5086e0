from itertools import pairwise

import pytest

from accounts.models import Role
from accounts.permissions import PERMISSIONS, Permission, least_role, role_may


def test_every_role_is_in_the_table():
    assert set(PERMISSIONS) == set(Role.values)


def test_each_role_may_what_the_one_below_it_may():
    ladder = [PERMISSIONS[role] for role in ("viewer", "operator", "admin", "owner")]

    assert all(below < above for below, above in pairwise(ladder))
    assert ladder[-1] == set(Permission)


def test_a_viewer_sees_calls_but_no_words():
    assert PERMISSIONS["viewer"] == {Permission.SEE_CALLS}


def test_an_unknown_role_may_nothing():
    assert not any(role_may("janitor", permission) for permission in Permission)


@pytest.mark.parametrize(
    ("permission", "role"),
    [
        (Permission.SEE_CALLS, Role.VIEWER),
        (Permission.STEER_CALLS, Role.OPERATOR),
        (Permission.EDIT_AGENTS, Role.ADMIN),
        (Permission.OWN_WORKSPACE, Role.OWNER),
    ],
)
def test_it_names_the_lowest_role_that_would_do(permission, role):
    assert least_role(permission) == role

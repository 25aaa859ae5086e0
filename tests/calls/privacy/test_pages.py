"""Settings → Privacy, and the same by the API."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from calls.models import Call, Erasure, LegalHold
from calls.privacy import enforcing
from tests.calls.made import make_call, said
from tests.people import make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(workspace):
    return sign_in(make_member(workspace, "admin"))


@pytest.fixture
def call(agent) -> Call:
    return make_call(agent, [said("c0", "They charged me twice.", 0, 900)])


def test_what_a_shorter_time_would_remove_is_said_before_it_is_saved(admin, call):
    Call.objects.update(ended_at=timezone.now() - timedelta(days=40))
    address = reverse("privacy:retention")

    asked = admin.post(address, {"words": "30"})
    assert "This would remove 1 transcript, for good." in asked.content.decode()
    assert enforcing.days_of(call.workspace_id) == {}

    seen = asked.context["seen"]
    assert admin.post(address, {"words": "30", "seen": seen}).status_code == 302
    assert enforcing.days_of(call.workspace_id) == {"words": 30}
    # What removes nothing is saved at once.
    assert admin.post(address, {"words": "300"}).status_code == 302
    assert admin.post(address, {"words": "0"}).status_code == 400


def test_a_caller_is_looked_up_and_then_erased(admin, call):
    address = reverse("privacy:erase")

    asked = admin.post(address, {"caller": "+44 7700 900142"})
    assert "1 call of +44 7700 900142" in asked.content.decode()
    assert not Erasure.objects.exists()

    admin.post(address, {"caller": "+44 7700 900142", "sure": "1"})
    erasure = Erasure.objects.get()
    assert (erasure.caller, erasure.about) == ("447700900142", 1)
    assert "447700900142" not in admin.get(reverse("privacy:page")).content.decode()
    assert "447700900142" not in str(AuditEntry.objects.values_list("target", "detail"))


def test_holds_are_placed_and_lifted(admin, call):
    admin.post(reverse("privacy:place_hold"), {"call": str(call.pk), "reason": "The regulator asks."})
    admin.post(reverse("privacy:place_hold"), {"caller": "+44 7700 900143", "reason": "A court asks."})

    page = admin.get(reverse("privacy:page")).content.decode()
    assert "The regulator asks." in page
    assert "900143" not in page
    for hold in LegalHold.objects.all():
        admin.post(reverse("privacy:lift_hold", args=[hold.pk]))
    assert not LegalHold.objects.filter(lifted_at=None).exists()
    actions = [entry.action for entry in AuditEntry.objects.filter(action__startswith="hold.")]
    assert sorted(actions) == ["hold.lift", "hold.lift", "hold.place", "hold.place"]


def test_who_sees_what_is_chosen(admin, workspace):
    chosen = dict.fromkeys(("cards", "ibans", "emails", "numbers", "names"), "owner")

    assert admin.post(reverse("privacy:masked"), chosen).status_code == 302
    kept = admin.get("/api/v1/privacy").json()
    assert (kept["masked"], kept["masked_live"]) == (chosen, False)
    assert admin.post(reverse("privacy:masked"), chosen | {"masked-live": "on"}).status_code == 302
    kept = admin.get("/api/v1/privacy").json()
    assert (kept["masked"], kept["masked_live"]) == (chosen, True)
    told = admin.patch("/api/v1/privacy", {"masked_live": False}, content_type="application/json")
    assert (told.json()["masked"], told.json()["masked_live"]) == (chosen, False)


def test_programs_do_the_same(admin, call):
    def send(method: str, path: str, told: dict | None = None):
        return getattr(admin, method)(f"/api/v1{path}", told or {}, content_type="application/json")

    kept = send("patch", "/privacy", {"retention": {"recordings": 30}}).json()
    assert (kept["retention"]["recordings"], kept["masked"]["cards"]) == (30, "admin")
    assert send("patch", "/privacy", {"retention": {"recordings": 0}}).status_code == 400

    held = send("post", "/holds", {"call": str(call.pk), "reason": "The regulator asks."})
    assert (held.status_code, held.json()["call"]) == (201, str(call.pk))
    assert send("get", "/holds").json()["items"] == [held.json()]
    assert send("delete", f"/holds/{held.json()['id']}").status_code == 200
    assert send("get", "/holds").json()["items"] == []

    asked = send("post", "/erasures", {"caller": "+447700900142"})
    assert asked.status_code == 202
    assert send("get", f"/erasures/{asked.json()['id']}").json()["found"] == 1
    assert send("post", "/erasures", {"caller": "Odell"}).status_code == 400


def test_a_reason_that_cannot_be_kept_as_it_came_is_kept_without_that(admin, call):
    told = {"call": str(call.pk), "reason": "co\0urt"}

    assert admin.post("/api/v1/holds", told, content_type="application/json").status_code == 201
    assert LegalHold.objects.get().reason == "co\N{REPLACEMENT CHARACTER}urt"

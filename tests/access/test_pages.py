"""Every page and every path of the API, as everybody who might try: rules.py says who may. Nobody is shown
words or numbers that are not for them."""

import re
from functools import cache, partial

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.permissions import Permission
from tests.access.conftest import PLACEHOLDER, WORDS, Place, Visitor, shown_wrongly
from tests.access.rule import ANYBODY, STAFF, Rule
from tests.access.rules import PAGES

pytestmark = pytest.mark.busy


def pages(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from pages(entry, address)
        elif isinstance(entry, URLPattern):
            yield address


def rule_of(address: str) -> str:
    return "admin/" if address.startswith("admin/") else address


def test_every_page_has_a_rule():
    assert {rule_of(address) for address in pages()} == set(PAGES)


def expected(rule: Rule, visitor: Visitor, address: str) -> tuple[int, ...]:
    """The statuses that are right for a browser asking for HTML."""
    if rule.needs == ANYBODY or (visitor.may(rule) and not visitor.token):
        return rule.answers
    if rule.needs == STAFF:
        return (302, 403)  # to the admin's door, where only staff is let in
    if visitor.token and not address.startswith(("live/", "api/", "health/")):
        return (302,) if rule.method == "GET" else (403,)  # a stranger here, without the form's token
    if not visitor.known:
        return (401,) if address.startswith("api/") else (302,)
    if visitor.elsewhere:
        return (404,) if PLACEHOLDER.search(address) and rule.names_rows else rule.answers
    return rule.answers if visitor.may(rule) else (403,)


def ask(visitor: Visitor, rule: Rule, place: Place, address: str):
    data = {name: place.fill(value) if isinstance(value, str) else value for name, value in rule.data.items()}
    send = getattr(visitor.client, rule.method.lower())
    if address.startswith("api/") and rule.method != "GET":
        send = partial(send, content_type="application/json")
    return send("/" + place.fill(address), data, headers={"accept": "text/html"})


@cache
def walked_pages() -> tuple[tuple[str, Rule], ...]:
    """Every page with an address we can fill; of the admin, those without parameters."""
    return tuple(_walked_pages())


def _walked_pages():
    for address in pages():
        if rule_of(address) == "admin/" and re.search(r"[<(]", address):
            continue
        rule = PAGES.get(rule_of(address), Rule(STAFF))
        for one in (rule, *rule.also):
            yield address, one


def test_every_page_opens_to_those_who_may_and_to_nobody_else(place, visitors):
    wrong = []
    for visitor in visitors:
        for address, rule in walked_pages():
            if address.startswith(("accounts/logout", "admin/logout")):
                continue  # it would end the visit; below
            response = ask(visitor, rule, place, address)
            problem = shown_wrongly(visitor, response.content.decode())
            if problem or response.status_code not in expected(rule, visitor, address):
                wrong.append(f"{visitor.name}, {rule.method} /{address}: {response.status_code} {problem}")
    assert not wrong, "\n".join(wrong)


def test_those_who_may_see_words_are_shown_them(place, visitors):
    shown = {
        visitor.name
        for visitor in visitors
        if WORDS.search(ask(visitor, Rule(Permission.SEE_CALLS), place, "calls/<call_id>/").content.decode())
    }

    assert shown == {"our owner", "our admin", "our operator"}


def test_a_stranger_is_sent_to_sign_in_and_back(place, visitors):
    stranger = visitors[0]
    for address, rule in walked_pages():
        if rule.needs in (ANYBODY, STAFF) or address.startswith("api/"):
            continue
        if rule.method == "GET":
            location = ask(stranger, rule, place, address)["Location"].partition("%3F")[0]  # what it asks for
            assert location == f"/accounts/login/?next=/{place.fill(address)}"


def test_nothing_is_changed_without_the_forms_token(place, visitors):
    operator = next(visitor for visitor in visitors if visitor.name == "our operator")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.client.cookies
    for address, rule in [*walked_pages(), ("accounts/logout/", Rule(ANYBODY, "POST"))]:
        if rule.method != "GET":
            assert strict.generic(rule.method, "/" + place.fill(address)).status_code == 403, address


def test_no_page_breaks_at_another_method(place, visitors):
    owner = next(visitor for visitor in visitors if visitor.name == "our owner")
    for address, rule in walked_pages():
        if rule.needs in (ANYBODY, STAFF):
            continue
        taken = {one.method for known, one in walked_pages() if known == address}
        for method in {"GET", "POST", "PUT", "DELETE", "OPTIONS"} - taken:
            response = owner.client.generic(method, "/" + place.fill(address))
            assert response.status_code == 405, (method, address)

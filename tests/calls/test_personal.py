"""Personal data in what was said: it is found by its form, and masked for those who may not see it."""

import pytest

from accounts.models import Role
from calls.models import Call, Event, FieldValue
from calls.personal import finding, seeing, watching
from calls.search import texts
from config.env import read
from tests.calls import detectors
from tests.calls.judging.made import make_field, make_score, make_scorecard
from tests.calls.made import make_call, said
from tests.people import make_member, sign_in

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("cards", f"It is {CARD}, thanks.", [CARD]),
        ("cards", "It is 4111-1111-1111-1111.", ["4111-1111-1111-1111"]),
        ("cards", "It is 4111 1111 1111 1112.", []),  # the last digit does not check the others
        ("cards", "Order 12345.", []),
        ("cards", f"It is {CARD} 12 26 or {CARD} 123.", [CARD, CARD]),  # when it expires, what is on its back
        ("cards", f"{CARD} 12/26", [CARD]),
        ("cards", f"Number 1 {CARD} or 2 4111, 1111, 1111, 1111.", [CARD, "4111, 1111, 1111, 1111"]),
        ("cards", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", ["4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"]),
        ("cards", "It is 378282246310005, 0012 3456.", ["378282246310005"]),
        ("numbers", "It is 07700 900142 10 30 99 11 22.", ["07700 900142 10 30 99 11 22"]),
        ("numbers", "Call me at +44 7700 900142 or (415) 555-0142.", ["+44 7700 900142", "(415) 555-0142"]),
        ("numbers", "On 2026-11-22 at 10:30 for 250 dollars.", []),
        ("emails", "Write to ada.l@example.co.uk!", ["ada.l@example.co.uk"]),
        ("emails", "It is ada at example dot com.", ["ada at example dot com"]),
        ("ibans", "From GB29 NWBK 6016 1331 9268 19 please.", ["GB29 NWBK 6016 1331 9268 19"]),
        ("ibans", "From GB28 NWBK 6016 1331 9268 19.", []),
        ("names", "Hello, my name is Ada Lovelace and I want", ["Ada Lovelace"]),
        ("names", "Hello, my name is on the list.", []),
        ("names", "I spoke to Mrs. Okafor yesterday.", ["Okafor"]),
    ],
)
def test_it_is_found_by_its_form(kind, text, found):
    assert [text[start:end] for start, end, _ in finding.spans(text, [kind])] == found


@pytest.mark.parametrize(
    "text", ["1" * 90_000, "1 " * 45_000, "a." * 45_000, "A a" * 30_000, "GB29 " * 18_000]
)
def test_a_long_text_takes_no_longer_than_it_is_long(text):
    finding.spans(text, finding.DETECTORS)


@pytest.mark.parametrize("at", [finding.PIECE - 10, finding.PIECE - finding.OVERLAP, 250_000])
def test_it_is_found_wherever_it_is_in_a_long_text(at):
    text = f"{'x' * at} {CARD} {'y' * 10_000}"

    assert finding.spans(text, ["cards"]) == [(at + 1, at + 1 + len(CARD), "cards")]
    assert finding.spans("x" * (finding.LONGEST + 9), ["cards"]) == [
        (finding.LONGEST, finding.LONGEST + 9, "cards")
    ]


def test_a_mask_keeps_nothing_of_what_it_hides():
    mask = seeing.Mask(("cards",))

    assert mask.text(f"It is {CARD}, thanks.") == f"It is {seeing.LOCK} card number hidden, thanks."
    told = {"card": CARD, "digits": 4111111111111111, "of": [CARD, 3, None, True]}
    assert "1111" not in str(mask.all(told))
    timed = [["It", 0, 1], ["is", 1, 2], *([each, 2, 3] for each in CARD.split()), ["thanks", 3, 4]]
    masked = [word for word, *_ in seeing.words(mask, timed)]
    assert masked == ["It", "is", f"{seeing.LOCK} card number hidden", "", "", "", "thanks"]


@pytest.mark.parametrize("texts", [CARD.split(), ["It is 4111", "1111 1111 11", "11, thanks."], [CARD, CARD]])
def test_what_goes_over_several_texts_of_a_list_is_hidden_too(texts):
    mask = seeing.Mask(("cards",))

    for told in (texts, [{"word": text, "start": n} for n, text in enumerate(texts)], [[texts]]):
        assert "11" not in str(mask.all(told))
        assert "card number hidden" in str(mask.all(told))
    assert mask.all(["It", "is", *texts])[:2] == ["It", "is"]
    assert mask.all([{"word": "a", "n": 1}, {"word": "b"}]) == [{"word": "a", "n": 1}, {"word": "b"}]


@pytest.mark.parametrize("heard", ["Is it 4111 1111 1111", "Is it 4111 1111 1111 1111", "Is it 4"])
def test_what_was_cut_off_in_its_midst_is_hidden_as_all_of_it(heard):
    mask, text = seeing.Mask(("cards",)), f"Is it {CARD}, right?"

    assert mask.beginning(heard, text) == f"Is it {seeing.LOCK} card number hidden"
    assert mask.text(text).startswith(mask.beginning(heard, text))
    assert mask.beginning("Is it", text) == "Is it"
    assert mask.beginning(f"It is {CARD}!", text) == f"It is {seeing.LOCK} card number hidden!"


@pytest.mark.parametrize("kind", ["cards", "numbers"])
def test_nothing_of_a_number_is_told_in_pieces(kind):
    """Wherever it is cut in two, live or at the beginning of a card's line."""
    mask, text = seeing.Mask((kind,)), f"It is {CARD}."

    for at in range(len(text)):
        pieces = [{"type": "text-delta", "id": "r1", "delta": piece} for piece in (text[:at], text[at:])]
        told = "".join((watching.part(mask, piece) or {"delta": ""})["delta"] for piece in pieces)
        assert told == "It is •••• •••• •••• ••••."
        assert "1" not in watching.cut(mask, f"…{text[at:]}")


def test_a_part_nobody_has_looked_into_is_not_shown():
    mask = seeing.Mask(("cards",))

    assert watching.part(mask, {"type": "data-new", "data": {"text": "4111 1111 1111 1111"}}) is None
    assert watching.part(mask, {"type": "finish"}) == {"type": "finish"}


def test_names_and_what_others_find_are_told_once_they_are_known(settings):
    settings.PERSONAL_DETECTORS = {"policy_number": detectors.policy_number}
    text = "my name is Ada Lovelace and I have lost the card that came with it, as I told you on Monday."

    for mask in (seeing.Mask(("names",)), seeing.Mask(("policy_number",))):
        assert watching.part(mask, {"type": "text-delta", "id": "r1", "delta": "Ada"}) is None
    assert watching.cut(seeing.Mask(("names",)), f"…{text[11:]}").startswith("… as I told you")
    assert watching.cut(seeing.Mask(("names",)), text).startswith(f"my name is {seeing.LOCK} name hidden")
    assert watching.cut(seeing.Mask(("policy_number",)), f"…4711, {text}") == "…"


@pytest.fixture
def own(settings, monkeypatch):
    monkeypatch.setenv("PERSONAL_DETECTORS", "tests.calls.detectors.policy_number")
    settings.PERSONAL_DETECTORS = read("PERSONAL_DETECTORS")


def test_an_installation_adds_kinds_of_its_own(own, agent, workspace):
    call = make_call(agent, [said("c1", "My policy is PL-4711, and", 0, 900)])
    admin = sign_in(make_member(workspace, Role.ADMIN))
    operator = sign_in(make_member(workspace, Role.OPERATOR))

    page = operator.get(f"/calls/{call.pk}/").content.decode()
    assert "policy number hidden" in page
    assert "PL-4711" not in page
    assert "PL-4711" in admin.get(f"/calls/{call.pk}/").content.decode()
    assert 'name="policy_number"' in admin.get("/settings/privacy/").content.decode()

    told = admin.patch(
        "/api/v1/privacy", {"masked": {"policy_number": "operator"}}, content_type="application/json"
    )
    assert told.json()["masked"]["policy_number"] == "operator"
    assert "PL-4711" in operator.get(f"/calls/{call.pk}/").content.decode()


@pytest.mark.parametrize(
    ("detector", "shown"),
    [
        (detectors.broken, f"{seeing.LOCK} own hidden"),
        (detectors.out_of_bounds, f"{seeing.LOCK} own hidden words{seeing.LOCK} own hidden"),
    ],
)
def test_a_detector_that_fails_shows_nothing(settings, caplog, detector, shown):
    settings.PERSONAL_DETECTORS = {"own": detector}

    assert seeing.Mask(("own",)).text("Some words.") == shown
    assert "Some words" not in caplog.text


@pytest.fixture
def call(agent) -> Call:
    words = f"My card is {CARD}."
    stream = [[1_000, words]]
    timed = [[word, 0, 900] for word in words.split()]
    call = make_call(
        agent,
        [
            said("a0", "How will you pay?", 0, 900),
            said("c1", words, 1_000, 1_900, stream=stream, words=timed),
        ],
        summary=f"They paid by {CARD}.",
    )
    texts.keep(call)
    facts = {"workspace_id": call.workspace_id, "call": call}
    told = {"text": words, "heard": words[:-7], "words": timed, "stream": stream}
    Event.objects.create(
        **facts, kind="TurnSpoken", source="webhook", key="c1:1", turn="c1", at=call.started_at, data=told
    )
    for key, value in (("card", CARD), ("digits", 4111_1111_1111_1111)):
        field = make_field(agent, key, "text" if value == CARD else "number")
        FieldValue.objects.create(**facts, field=field, value=value, said_at=call.started_at)
    score = make_score(call, make_scorecard(agent))
    score.checks[0]["reason"] = f"They were asked for {CARD}."
    score.save()
    return call


# Wherever words of calls that have ended leave to people: docs/privacy.md names the same.
PLACES = (
    "/calls/{call}/",
    "/calls/{call}/replay",
    "/calls/",
    "/calls/?q=card",
    "/calls/?q=4111",
    "/api/v1/calls",
    "/api/v1/calls/{call}",
    "/api/v1/calls/{call}/transcript",
    "/api/v1/calls/{call}/events",
    "/api/v1/calls/{call}/analysis",
    "/calls/{call}/analysis",
    "/api/v1/search?q=card",
    "/palette/calls?q=card",
)


@pytest.mark.parametrize("place", PLACES)
def test_it_is_masked_for_those_who_may_not_see_it(call, workspace, place):
    operator, admin = (sign_in(make_member(workspace, role)) for role in (Role.OPERATOR, Role.ADMIN))

    shown, whole = (who.get(place.format(call=call.pk)) for who in (operator, admin))

    assert (shown.status_code, whole.status_code) == (200, 200)
    assert "1111 1111" not in shown.content.decode()
    assert "11111111" not in shown.content.decode()
    assert '"1111' not in shown.content.decode()
    assert "1111 1111" in whole.content.decode()


def test_a_workspace_says_who_sees_what(call, workspace):
    seeing.change(workspace.pk, {"cards": "operator"}, by=None)

    shown = sign_in(make_member(workspace, "operator")).get(f"/calls/{call.pk}/")

    assert CARD in shown.content.decode()

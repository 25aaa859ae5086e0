"""Who asks for a person, and who only speaks of one."""

import pytest

from agents.rules.asking import asks_for_person

ASKED = {
    "en-GB": [
        "I'd rather talk to a person, please.",
        "Can I speak to a real human being?",
        "Put me through to your manager.",
        "Just get me an actual person!",
        "Agent!",
        "Operator, please.",
        "I've asked twice now. I just want to talk to a real person.",
        "I don't want to talk to a machine, give me a human.",
        "Could you transfer me to somebody in billing?",
    ],
    "de-DE": [
        "Ich möchte mit einem Menschen sprechen.",
        "Verbinden Sie mich bitte mit einem Mitarbeiter.",
        "Ich will einen echten Menschen!",
        "Kann ich mit Ihrem Vorgesetzten reden?",
        "Berater, bitte.",
    ],
    "es-ES": [
        "Quiero hablar con una persona.",
        "Páseme con un agente, por favor.",
        "¿Me puede comunicar con el encargado?",
        "Necesito una persona de verdad.",
    ],
    "fr-FR": [
        "Je voudrais parler à un conseiller.",
        "Passez-moi quelqu'un !",
        "Je veux une vraie personne.",
        "Est-ce que je peux parler avec un responsable ?",
    ],
}
NOT_ASKED = {
    "en-GB": [
        "Am I talking to a person, or is this one of those computer things?",
        "I spoke to a person yesterday and she sorted it.",
        "No, I don't want to talk to a person, you're doing fine.",
        "There are two people in the flat.",
        "I want a refund.",
        "My letting agent gave me the number.",
        "Someone?",
    ],
    "de-DE": [
        "Ich habe gestern einen Brief bekommen.",
        "Zwei Personen wohnen hier.",
        "Ich brauche eine Rechnung.",
    ],
    "es-ES": ["No quiero hablar con una persona.", "Somos dos personas en casa.", "Quiero una factura."],
    "fr-FR": ["Nous sommes deux personnes.", "Je voudrais une facture.", "J'ai besoin d'aide."],
}


@pytest.mark.parametrize("language", ASKED)
def test_it_hears_who_asks_for_a_person(language):
    assert [said for said in ASKED[language] if not asks_for_person(said, language)] == []


@pytest.mark.parametrize("language", NOT_ASKED)
def test_it_does_not_take_a_mention_for_a_wish(language):
    assert [said for said in NOT_ASKED[language] if asks_for_person(said, language)] == []


def test_it_hears_english_from_callers_of_any_agent_and_everything_where_it_knows_no_better():
    assert asks_for_person("I want to talk to a person", "de-DE")
    assert asks_for_person("Quiero hablar con una persona", "pt-BR")
    assert not asks_for_person("Quiero hablar con una persona", "de-DE")

"""When somebody asks for a person instead of a machine, in English, German, Spanish or French."""

import re

from agents.rules.words import plain

# Whoever is asked for.
PEOPLE = {
    "en": (
        "person people human humans being operator agent representative rep adviser advisor supervisor "
        "manager colleague somebody someone"
    ),
    "de": (
        "mensch menschen person mitarbeiter mitarbeiterin berater beraterin kollegen kollegin vorgesetzten "
        "sachbearbeiter jemanden jemandem ansprechpartner"
    ),
    "es": (
        "persona humano humana operador operadora agente representante supervisor supervisora encargado "
        "encargada gerente alguien compañero compañera asesor asesora"
    ),
    "fr": (
        "personne humain humaine être opérateur opératrice conseiller conseillère responsable agent collègue "
        "représentant quelqu"
    ),
}
# What is wanted of them. Between it and them a few words may stand: "talk to a real, living person".
WISHES = {
    "en": (
        r"(?:talk|speak|speaking|talking|chat) (?:to|with)"
        r"|(?:put|pass|transfer|connect) me (?:through )?(?:to|with)"
        r"|(?:get|give|want|need|prefer) (?:me )?(?=(?:an?|the|your|some|any|real|actual|human|live) )"
    ),
    "de": (
        r"(?:mit|zu) (?=(?:\w+ ){0,4}(?:sprechen|reden|verbinden|verbunden|durchstellen))"
        r"|(?:sprechen|reden) (?:\w+ ){0,2}mit|verbinden sie mich (?:\w+ ){0,2}mit"
        r"|(?:will|möchte|brauche|hätte gern|hätte gerne)(?= (?:einen|eine|ein) )"
    ),
    "es": (
        r"(?:hablar|hable|comunicar|comunicarme|comuníqueme|comunícame) con"
        r"|(?:páseme|pásame|pasarme|póngame|ponme|ponerme|transfiérame) (?:con|a)"
        r"|(?:quiero|necesito|prefiero)(?= (?:a |un|una|al) ?)"
    ),
    "fr": (
        r"(?:parler|parle|parlez|discuter) (?:à|a|avec)"
        r"|(?:passez|passer|mettez|transférez) moi (?:à|a|avec|en)?"
        r"|me passer|(?:veux|voudrais|besoin d|besoin de|préfère)(?= (?:un|une|vraie?|quelqu) ?)"
    ),
}
# Whole phrases that say it without naming anybody so.
OUTRIGHT = {
    "en": (
        r"real person|actual person|human being|human please|person please|operator please|agent please"
        r"|speak to a manager|(?:a|any) human|someone real|not (?:to )?a (?:machine|robot|bot|computer)"
    ),
    "de": (
        r"echten? menschen?|richtigen? menschen?|menschen? bitte"
        r"|nicht mit (?:einer maschine|einem (?:roboter|computer))"
    ),
    "es": (
        r"persona (?:real|de verdad)|un humano|ser humano|persona por favor|no con (?:una máquina|un robot)"
    ),
    "fr": (
        r"vraie personne|être humain|un humain|pas (?:à|avec) (?:une machine|un robot|un ordinateur)"
        r"|conseiller s il vous plaît"
    ),
}
# Speaking of one, but not asking for one.
NOT_ASKED = {
    "en": (
        r"(?:don t|do not|didn t|no need to|not) (?:want to |need to |have to )?(?:talk|speak) (?:to|with)"
        r"|(?:am i|i m|i am) (?:talking|speaking) (?:to|with)|(?:talked|spoke|spoken) (?:to|with)"
    ),
    "de": r"(?:muss|will|möchte|brauche) (?:nicht|keinen|keine)(?: mit)?|spreche ich (?:mit|hier mit)",
    "es": r"no (?:quiero|necesito) hablar con|(?:estoy hablando|hablo) con|he hablado con",
    "fr": r"(?:pas besoin|veux pas|souhaite pas) (?:de )?parler (?:à|a|avec)|je parle (?:à|avec)",
}
# Said alone they ask for nobody.
VAGUE = {"somebody", "someone", "jemanden", "jemandem", "alguien", "quelqu", "être", "being", "people"}
POLITE = re.compile(r"\b(?:please|an?|the|bitte|einen?|por favor|una?|s il vous plaît|une?)\b")
LANGUAGES = tuple(PEOPLE)


def _asking(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    whom = rf" ?(?:\w+ ){{0,3}}(?:{'|'.join(PEOPLE[language].split())})"
    asked = re.compile(rf"\b(?:(?:{WISHES[language]}){whom}|{OUTRIGHT[language]})\b")
    return asked, re.compile(rf"\b(?:{NOT_ASKED[language]}){whom}\b")


_ASKING = {language: _asking(language) for language in LANGUAGES}
_NAMED = {one: frozenset(PEOPLE[one].split()) - VAGUE for one in LANGUAGES}


def asks_for_person(said: str, language: str) -> bool:
    """Whether somebody asks to be put through to a person. In the agent's own language and in English, which
    callers fall back on; where the language is not one we know, in all that we know."""
    words = plain(said)
    spoken = language.partition("-")[0].lower()
    known = dict.fromkeys((spoken, "en")) if spoken in _ASKING else dict.fromkeys(LANGUAGES)
    for one in known:
        asked, not_asked = _ASKING[one]
        if asked.search(not_asked.sub(" ", words)):
            return True
        # "Operator, please." Two of them in a row are one: "human being".
        alone = POLITE.sub(" ", words).split()
        if 0 < len(alone) <= 2 and set(alone) <= _NAMED[one]:
            return True
    return False

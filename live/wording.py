"""What is spoken to a caller when there is nothing better to say, by language."""

APOLOGIES = {
    "en": "Sorry, something went wrong on my side. Could you say that again?",
    "de": "Entschuldigung, bei mir ist etwas schiefgegangen. Können Sie das bitte wiederholen?",
    "es": "Perdone, algo ha fallado por mi parte. ¿Puede repetirlo, por favor?",
    "fr": "Pardon, j'ai eu un problème. Pouvez-vous répéter, s'il vous plaît ?",
    "it": "Mi scusi, ho avuto un problema. Può ripetere, per favore?",
    "nl": "Sorry, er ging iets mis aan mijn kant. Kunt u dat herhalen?",
    "pl": "Przepraszam, coś poszło nie tak. Czy może Pan lub Pani powtórzyć?",
    "pt": "Desculpe, algo correu mal do meu lado. Pode repetir, por favor?",
}


def apology(language: str) -> str:
    """A short apology in the agent's language ("es-ES"); English where we have none."""
    return APOLOGIES.get(language.split("-")[0].lower(), APOLOGIES["en"])

"""Tell English from other languages, for a reader that knows English only.

A guard, not an identifier: it looks at the script and counts the commonest words. Names, invented words and very short
lines count as English, since a wrong alarm would silence a line.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from types import MappingProxyType

__all__ = ["foreign_language"]

#: Words that make up most of running text and are rare or absent in the other languages listed.
COMMON_WORDS = MappingProxyType(
    {
        "en": "the and you that for with this have are was not but they what can will your from would there been has "
        "she his her him all out about who get which when make like time just know take people into year good some "
        "could them than then now look only come its over think also back after use how our work first well way even "
        "want because any these give most us i is it to of my be do go if so up or a an at by as we no me he on in "
        "i'm it's don't you're that's",
        "de": "und der die das nicht ist ich du sie wir ihr ein eine einen mit auf für dass wie aber auch noch nur war "
        "bin bist sind hat haben mich dich mir dir uns kein keine wenn was wird schon sehr zu den dem des von im",
        "fr": "le la les un une des et est pas je tu il elle nous vous ils que qui ne pour dans sur avec ce cette mais "
        "plus tout suis es sont fait moi toi très bien c'est j'ai mon ma mes ton ta où été au du de en",
        "es": "el la los las un una y es no que de en por para con se lo su mi tu yo está estoy son muy pero como más "
        "todo qué cuando porque ya sí te me nos del al hay esto eso ella él",
        "it": "il lo la gli le un una e è non che di in per con si mi ti ci sono sei hai ho ma come più tutto molto "
        "questo quello della del anche perché cosa io tu lui lei noi",
        "pt": "o a os as um uma e é não que de em por para com se eu tu você ele ela nós meu minha seu muito mas como "
        "mais tudo está estou são isso isto também porque foi",
        "nl": "de het een en is niet ik jij je hij zij wij ze dat die van op met voor maar ook nog wel naar zijn was "
        "heb heeft hebben mijn jouw ons geen wat wie waar",
        "sv": "och det att en ett är inte jag du han hon vi ni de som på med för men också var har min din den till "
        "om så vad",
        "fi": "ja on ei se että hän minä sinä olen olet mutta niin kun mitä tämä ovat ole oli minun sinun",
        "pl": "i nie to się w na jest że z do jak ale co ja ty on ona my wy tak mnie ciebie był była są",
        "tr": "ve bir bu da de ben sen o biz siz için çok ama ne var yok değil gibi daha mi mı",
    }
)
NAMES = MappingProxyType(
    {"de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch",
     "sv": "Swedish", "fi": "Finnish", "pl": "Polish", "tr": "Turkish"}
)  # fmt: skip

#: So many letters of another script make the text foreign.
FOREIGN_SCRIPT_SHARE = 0.5
#: A language needs so many different ones of its words, and more of them than English has.
MIN_HITS = 2

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_TABLES = {language: frozenset(words.split()) for language, words in COMMON_WORDS.items()}
#: Longest stretch that is looked at.
_LOOK_CHARACTERS = 4000


@lru_cache(maxsize=4096)
def foreign_language(text: str) -> str | None:
    """Return the name of the language or script if text is clearly not English, else None.

    Examples
    --------
    >>> foreign_language("Ich bin so glücklich, dass du da bist!")
    'German'
    >>> foreign_language("Grommash of Ulk'thar, kneel!") is None
    True
    """
    text = text[:_LOOK_CHARACTERS].replace("’", "'")
    letters = "" if text.isascii() else [character for character in text if character.isalpha()]
    scripts = [_script(character) for character in letters]
    other = [script for script in scripts if script != "LATIN"]
    if letters and len(other) > FOREIGN_SCRIPT_SHARE * len(letters):
        script = max(sorted(set(other)), key=other.count)
        return script if script == "CJK" else script.capitalize()
    words = {word.casefold() for word in _WORD.findall(text)}
    hits = {language: len(words & table) for language, table in _TABLES.items()}
    english = hits.pop("en")
    best = max(hits, key=lambda language: hits[language])
    return NAMES[best] if hits[best] >= MIN_HITS and hits[best] > english else None


def _script(character: str) -> str:
    """Return the first word of a letter's Unicode name, such as LATIN, CYRILLIC, CJK."""
    return unicodedata.name(character, "UNKNOWN").split(" ")[0]

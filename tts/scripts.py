"""Which script a language is written in, and whether a text is written in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from conditioning import InputError

__all__ = ["LANGUAGES", "check_script"]

#: Scripts by the first word of their characters' Unicode names → the languages of espeak-ng written in them.
SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "CYRILLIC": ("ru", "uk", "bg", "be", "mk", "sr", "kk", "ky", "tt", "ba", "cv", "nog"),
    "GREEK": ("el", "grc"),
    "ARABIC": ("ar", "fa", "ur", "sd", "ug"),
    "HEBREW": ("he",),
    "DEVANAGARI": ("hi", "mr", "ne", "kok"),
    "BENGALI": ("bn", "as", "bpy"),
    "GURMUKHI": ("pa",),
    "GUJARATI": ("gu",),
    "ORIYA": ("or",),
    "TAMIL": ("ta",),
    "TELUGU": ("te",),
    "KANNADA": ("kn",),
    "MALAYALAM": ("ml",),
    "SINHALA": ("si",),
    "THAI": ("th",),
    "MYANMAR": ("my", "shn"),
    "GEORGIAN": ("ka",),
    "ARMENIAN": ("hy", "hyw"),
    "ETHIOPIC": ("am", "ti"),
    "HANGUL": ("ko",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "CJK": ("cmn", "yue", "hak", "zh", "ja"),
    "CHEROKEE": ("chr",),
    "LATIN": (),
}

#: BCP 47 tags that espeak-ng 1.52 speaks, without constructed languages and minor variants.
LANGUAGES: tuple[str, ...] = (
    "en-us", "en-gb", "en-029", "en-gb-scotland", "en-gb-x-rp", "af", "am", "an", "ar", "as", "az", "ba", "be", "bg",
    "bn", "bpy", "bs", "ca", "cmn", "cs", "cv", "cy", "da", "de", "el", "es", "es-419", "et", "eu", "fa", "fi", "fo",
    "fr", "fr-be", "fr-ch", "ga", "gd", "gn", "grc", "gu", "hak", "haw", "he", "hi", "hr", "ht", "hu", "hy", "hyw",
    "id", "is", "it", "ja", "ka", "kk", "kl", "kn", "ko", "kok", "ku", "ky", "la", "lb", "lt", "ltg", "lv", "mi", "mk",
    "ml", "mr", "ms", "mt", "my", "nb", "nci", "ne", "nl", "nog", "om", "or", "pa", "pap", "pl", "pt", "pt-br", "quc",
    "ro", "ru", "sd", "shn", "si", "sk", "sl", "smj", "sq", "sr", "sv", "sw", "ta", "te", "th", "ti", "tk", "tn", "tr",
    "tt", "ug", "uk", "ur", "uz", "vi", "yue",
)  # fmt: skip


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    """Return the script of a letter, an empty string for what belongs to none."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    name = unicodedata.name(character, "").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ")
    script = name.split(" ")[0]
    return script if script in SCRIPTS else ""


def check_script(text: str, language: str) -> None:
    """Check that a text is written in the letters of its language; Latin letters are welcome in all.

    Raises
    ------
    InputError
        Naming the first letter that is not, and languages that are written with it.

    Examples
    --------
    >>> check_script("Straße, π", "de")
    """
    base = language.lower().replace("_", "-").split("-")[0]
    allowed = {script for script, languages in SCRIPTS.items() if base in languages} | {"LATIN", ""}
    for index, character in enumerate(text):
        script = _script_of(character)
        if script in allowed:
            continue
        beside = text[max(index - 1, 0) : index] + text[index + 1 : index + 2]
        if script == "GREEK" and not any(_script_of(other) == "GREEK" for other in beside):
            continue  # a symbol, such as π
        offers = " or ".join(repr(tag) for tag in SCRIPTS[script][:3])
        raise InputError(
            f"{character!r} ({script.title()}) in {text[max(index - 10, 0) : index + 10]!r} cannot be read as language "
            f"{language!r}; give the language that it is written in, such as {offers}"
        )

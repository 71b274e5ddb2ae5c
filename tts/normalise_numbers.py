"""Rules for everything that is written with figures: addresses, money, dates, times, amounts, plain numbers."""

from __future__ import annotations

import re

from tts import numerals
from tts.normalise_context import Context, Rule, Words, rule, spell
from tts.written_forms import CURRENCIES, MONTHS, SHORT_WORDS, SYMBOLS, UNITS

__all__ = ["NUMBER_RULES"]

#: A line of this many digits or more without commas is read digit by digit.
DIGIT_STRING = 7
MAGNITUDES = {"k": "thousand", "K": "thousand", "M": "million", "m": "million", "bn": "billion", "B": "billion",
              "mn": "million", "tn": "trillion", "T": "trillion"}  # fmt: skip
_YEAR_CUES = """
in since until till by from year of january february march april may june july august september october november
december summer winter spring autumn fall before after around circa early late mid during and to
"""
YEAR_CUES = frozenset(_YEAR_CUES.split())


def _alnum(text: str) -> list[str]:
    """Read a part of an address: words as words, digits one by one, a few marks by name."""
    names = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", "@": "at", "+": "plus", "?": "question mark",
             "=": "equals", "&": "and", "#": "hash", "~": "tilde", "%": "percent", ":": "colon"}  # fmt: skip
    words: list[str] = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^\w\s]|_", text):
        if part.isdigit():
            words += numerals.cardinal(int(part)) if len(part) < 3 and part[0] != "0" else numerals.digits(part)
        elif part.isalpha():
            vowels = sum(letter in "aeiouy" for letter in part.lower())
            words += (
                [part.lower()]
                if vowels and (len(part) > 2 or (len(part) == 2 and part.lower() in SHORT_WORDS))
                else spell(part)
            )
        else:
            words += [names[part]] if part in names else []
    return words


def _address(match: re.Match[str], _: Context) -> Words:
    return _alnum(re.sub(r"^https?://", "", match.group()).rstrip("/"))


def _money(match: re.Match[str], _: Context) -> Words:
    sign = match["sign"] or match["code"]
    one, many, cent, cents = CURRENCIES[sign]
    minus = ["minus"] if match.group()[0] in "-−" else []
    whole, magnitude = match["whole"], match["magnitude"]
    if magnitude:
        scale = MAGNITUDES.get(magnitude, magnitude.lower())
        return [*minus, *numerals.decimal(whole + (match["part"] or "")), scale, many]
    part = (match["part"] or "")[1:]
    if part and len(part) != 2:
        return [*minus, *numerals.decimal(f"{whole}.{part}"), many]
    units, hundredths = int(whole.replace(",", "")), int(part or 0)
    words = [*numerals.cardinal(units), one if units == 1 else many] if units or not hundredths else []
    if hundredths:
        words += ["and"] * bool(words) + [*numerals.cardinal(hundredths), cent if hundredths == 1 else cents]
    return minus + words


def _month(text: str) -> str:
    return MONTHS.get(text[:4].lower().rstrip("."), MONTHS.get(text[:3].lower(), text.lower()))


def _date_words(month: str, day: int, year: str | None, british: bool) -> Words:
    if not 1 <= day <= 31:
        return None
    ordinal = numerals.ordinal(day)
    words = ["the", *ordinal, "of", month] if british else [month, *ordinal]
    return words + (numerals.year(int(year)) if year else [])


def _written_date(match: re.Match[str], context: Context) -> Words:
    """Read ``March 5, 2024``, ``5 March 2024``, ``5th of March``."""
    british = match.re is DAY_FIRST
    if british and context.before(match.start()) == "the":
        words = _date_words(_month(match["month"]), int(match["day"]), match["year"], True)
        return words[1:] if words else None
    return _date_words(_month(match["month"]), int(match["day"]), match["year"], british)


def _numeric_date(match: re.Match[str], context: Context) -> Words:
    first, second, year = int(match["a"]), int(match["b"]), match["c"]
    if match.re is ISO_DATE:
        year, first, second = match["a"], int(match["b"]), int(match["c"])
    elif context.british or first > 12:
        first, second = second, first
    if not (1 <= first <= 12 and 1 <= second <= 31):
        return None
    if len(year) == 2:
        year = ("20" if int(year) < 50 else "19") + year
    month = list(dict.fromkeys(MONTHS.values()))[first - 1]
    return _date_words(month, second, year, context.british)


def _decade(match: re.Match[str], _: Context) -> Words:
    words = numerals.year(int(match["year"])) if match["year"] else numerals.cardinal(int(match["short"]))
    last = words[-1]
    return [*words[:-1], last[:-1] + "ies" if last.endswith("y") else last + "s"]


def _time(match: re.Match[str], _: Context) -> Words:
    hour, minute, second = int(match["h"]), int(match["m"] or 0), match["s"]
    half = re.sub(r"[^apm]", "", (match["half"] or "").lower())
    if hour > 24 or minute > 59 or (match["m"] is None and not half):
        return None
    words = numerals.cardinal(hour)
    if minute:
        words += (["oh"] if minute < 10 else []) + numerals.cardinal(minute)
    elif not half and match["m"] is not None:
        words += ["o'clock"] if 1 <= hour <= 12 else ["hundred"]
    if second:
        words += ["and", *numerals.cardinal(int(second)), "seconds"]
    return words + (spell(half) if half else [])


def _phone(match: re.Match[str], _: Context) -> Words:
    parts = re.findall(r"\d+|\+", match.group())
    words: list[str] = []
    for part in parts:
        words += ["plus"] if part == "+" else numerals.digits(part)
    return words


def _percent(match: re.Match[str], _: Context) -> Words:
    return [*numerals.decimal(match["n"]), "percent"]


def _fraction(match: re.Match[str], _: Context) -> Words:
    whole, top, bottom = match["whole"], int(match["top"]), int(match["bottom"])
    if bottom == 0:
        return None
    part = numerals.fraction(top, bottom)
    if not whole:
        return part
    return [*numerals.cardinal(int(whole)), "and", *(["a", *part[1:]] if part[0] == "one" else part)]


def _pair(match: re.Match[str], _: Context) -> Words:
    """Read 24/7 and 9/11, which are no fractions."""
    return numerals.cardinal(int(match["a"])) + numerals.cardinal(int(match["b"]))


def _vulgar(match: re.Match[str], _: Context) -> Words:
    part = SYMBOLS[match["sign"]].split()
    return [*numerals.cardinal(int(match["whole"])), "and", *(["a", *part[1:]] if part[0] == "one" else part)]


def _ordinal(match: re.Match[str], _: Context) -> Words:
    return numerals.ordinal(int(match["n"].replace(",", "")))


def _height(match: re.Match[str], _: Context) -> Words:
    feet, inches = int(match["feet"]), int(match["inches"])
    return [*numerals.cardinal(feet), "foot", *numerals.cardinal(inches)] if inches < 12 else None


def _unit(match: re.Match[str], _: Context) -> Words:
    one, many = UNITS[match["unit"]]
    words = numerals.decimal(match["n"])
    return [*words, *(one if words == ["one"] else many).split()]


def _range(match: re.Match[str], _: Context) -> Words:
    first, second = match["a"], match["b"]
    if re.fullmatch(r"1\d{3}|20\d\d", first) and re.fullmatch(r"1\d{3}|20\d\d|\d\d", second):
        return [*numerals.year(int(first)), "to", *numerals.year(int(second))]
    return [*numerals.decimal(first), "to", *numerals.decimal(second)]


def _sum(match: re.Match[str], _: Context) -> Words:
    return [*numerals.decimal(match["a"]), *SYMBOLS.get(match["op"], "times").split()]


def _version(match: re.Match[str], _: Context) -> Words:
    words: list[str] = []
    for part in match.group().split("."):
        words += (["point"] if words else []) + numerals.cardinal(int(part))
    return words


def _plain_number(match: re.Match[str], context: Context) -> Words:
    text = match.group()
    whole = text.lstrip("-−+")
    after = context.after(match.end())
    if "," not in text and "." not in text:
        if len(whole) >= DIGIT_STRING or (whole[0] == "0" and len(whole) > 1):
            return numerals.digits(whole)
        counted = after.islower() and after.endswith("s") and after not in ("was", "is", "as", "has", "his", "this")
        cued = context.before(match.start()) in YEAR_CUES
        value = int(whole)
        if text == whole and len(whole) == 4 and (1100 <= value < 2000 or (value < 2100 and value >= 2000)):
            return numerals.cardinal(value) if counted and not cued else numerals.year(value)
    return numerals.decimal(text)


_MONTH = (
    r"(?P<month>Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?\.?|July?\.?|Aug(?:ust|\.)?|"
    r"Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_END = r"(?![\w])"
_DOMAINS = r"com|org|net|edu|gov|io|ai|dev|co\.uk|de|fr|eu|info|app|gg|tv"
_YEAR = r"(?:,?\s(?P<year>[12]\d{3})(?!\w))?"
_UNIT_NAMES = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_SIGNS = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True) if not sign.isalpha())
_CODES = "|".join(re.escape(code) for code in CURRENCIES)
_MAGNITUDE = r"(?:\s?(?P<magnitude>thousand|million|billion|trillion|bn|mn|tn|[kKmMBT])(?![\w]))?"

ISO_DATE = re.compile(r"(?P<a>[12]\d{3})-(?P<b>\d\d)-(?P<c>\d\d)" + _END)
DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s(?:of\s)?" + _MONTH + r"(?![\w])(?:,?\s(?P<year>[12]\d{3})" + _END + ")?"
)

NUMBER_RULES: tuple[Rule, ...] = (
    rule(r"(?:https?://|www\.)[^\s<>\"')]*[\w/]", _address),
    rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    rule(rf"(?:[a-z0-9-]+\.)+(?:{_DOMAINS})(?:/[^\s<>\"')]*\w)?{_END}", _address),
    rule(rf"[-−]?(?P<sign>{_SIGNS})\s?(?P<whole>\d[\d,]*)(?P<part>\.\d+)?{_MAGNITUDE}(?P<code>(?!)x)?", _money),
    rule(rf"(?P<sign>(?!)x)?(?P<whole>\d[\d,]*)(?P<part>\.\d+)?{_MAGNITUDE}\s?(?P<code>{_CODES})(?!\w)", _money),
    (ISO_DATE, _numeric_date),
    rule(r"(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<c>\d{4}|\d\d)" + _END, _numeric_date),
    rule(_MONTH + r"\s(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\w:])" + _YEAR, _written_date),
    (DAY_FIRST, _written_date),
    rule(r"(?:(?P<year>[12]\d\d0)|'?(?P<short>[2-9]0))'?s" + _END, _decade),
    rule(r"(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d))?\s?(?P<half>[AaPp]\.?[Mm]\b\.?)?(?![\d:])", _time),
    rule(r"(?P<h>\d{1,2})(?P<m>(?!)x)?(?P<s>(?!)x)?\s?(?P<half>[ap]\.?m\b\.?|[AP]\.?M\b\.?)", _time),
    rule(r"(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,4}\)\s?|\d{3}[\s.-])\d{3}[\s.-]\d{4}" + _END, _phone),
    rule(r"\+\d[\d\s-]{6,}\d" + _END, _phone),
    rule(r"\d{3}-\d{4}" + _END, _phone),
    rule(rf"(?P<n>[-−]?(?:{_NUMBER}))\s?%", _percent),
    rule(r"(?P<a>24|9)/(?P<b>7|11)(?![\w/])", _pair),
    rule(r"(?:(?P<whole>\d+)[\s-])?(?P<top>\d{1,3})[/⁄](?P<bottom>\d{1,4})(?![\w/])", _fraction),
    rule(r"(?P<whole>\d+)\s?(?P<sign>[½¼¾⅓⅔⅛])", _vulgar),
    rule(r"(?P<n>\d[\d,]*)(?:st|nd|rd|th)" + _END, _ordinal),
    rule(r"(?P<feet>\d)'\s?(?P<inches>\d{1,2})\"?(?![\w])", _height),
    rule(rf"(?P<n>[-−]?(?:{_NUMBER}))\s?(?P<unit>{_UNIT_NAMES})(?![\w°/])", _unit),
    rule(r"\d+(?:\.\d+){2,}" + _END, _version),
    rule(rf"(?P<a>{_NUMBER})(?:[–—-]|\s[–—-]\s)(?P<b>{_NUMBER})(?![\w-])", _range),
    rule(rf"(?P<a>{_NUMBER})\s?(?P<op>[+=×x*÷<>])(?=\s?\d)", _sum),
    rule(rf"(?:(?<![\w)])[-−])?(?:{_NUMBER})(?![A-Za-z])", _plain_number),
)  # fmt: skip

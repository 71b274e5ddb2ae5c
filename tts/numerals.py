"""Numbers in English words."""

from __future__ import annotations

__all__ = ["cardinal", "decimal", "digits", "fraction", "ordinal", "ordinal_word", "roman", "year"]

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
#: Short scale. Longer numbers are read digit by digit.
SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")
IRREGULAR_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
FRACTION_NAMES = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def _below_thousand(number: int) -> list[str]:
    words = []
    if number >= 100:
        words += [ONES[number // 100], "hundred"]
        number %= 100
    if number >= 20:
        words.append(TENS[number // 10])
        number %= 10
        if number:
            words.append(ONES[number])
    elif number:
        words.append(ONES[number])
    return words


def cardinal(number: int) -> list[str]:
    """Return a whole number in words.

    Examples
    --------
    >>> " ".join(cardinal(1_002_340))
    'one million two thousand three hundred forty'
    >>> " ".join(cardinal(-7))
    'minus seven'
    """
    if number < 0:
        return ["minus", *cardinal(-number)]
    if number >= 1000 ** len(SCALES):
        return digits(str(number))
    if number == 0:
        return ["zero"]
    words: list[str] = []
    for power in range(len(SCALES) - 1, -1, -1):
        part = number // 1000**power % 1000
        if part:
            words += _below_thousand(part) + ([SCALES[power]] if power else [])
    return words


def ordinal_word(word: str) -> str:
    """Return the ordinal of a single number word: ``"twenty"`` → ``"twentieth"``."""
    if word in IRREGULAR_ORDINALS:
        return IRREGULAR_ORDINALS[word]
    return word[:-1] + "ieth" if word.endswith("y") else word + "th"


def ordinal(number: int) -> list[str]:
    """Return an ordinal in words.

    Examples
    --------
    >>> " ".join(ordinal(121))
    'one hundred twenty first'
    """
    words = cardinal(number)
    return [*words[:-1], ordinal_word(words[-1])]


def digits(text: str) -> list[str]:
    """Return the digits of a text one by one; other characters are dropped.

    Examples
    --------
    >>> " ".join(digits("007"))
    'zero zero seven'
    """
    return [ONES[int(character)] for character in text if character.isascii() and character.isdigit()]


def decimal(text: str) -> list[str]:
    """Return a number with an optional sign, thousands' commas and decimals in words.

    Examples
    --------
    >>> " ".join(decimal("-1,234.50"))
    'minus one thousand two hundred thirty four point five zero'
    >>> " ".join(decimal(".5"))
    'point five'
    """
    sign = ["minus"] if text[:1] in ("-", "−") else []
    whole, point, rest = text.lstrip("-−+").replace(",", "").partition(".")
    words = sign + (cardinal(int(whole)) if whole else [])
    return [*words, "point", *digits(rest)] if point and rest else words


def year(number: int) -> list[str]:
    """Return a year in words.

    Examples
    --------
    >>> [" ".join(year(number)) for number in (1984, 1905, 1900, 2005, 2024, 800)]
    ['nineteen eighty four', 'nineteen oh five', 'nineteen hundred', 'two thousand five', 'twenty twenty four', \
'eight hundred']
    """
    century, rest = divmod(number, 100)
    if number < 1000 or number > 2999 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return [*cardinal(century), "hundred"]
    return [*cardinal(century), *(["oh"] if rest < 10 else []), *cardinal(rest)]


def fraction(numerator: int, denominator: int) -> list[str]:
    """Return a fraction in words.

    Examples
    --------
    >>> [" ".join(fraction(*pair)) for pair in ((1, 2), (3, 4), (2, 3), (7, 8), (22, 170))]
    ['one half', 'three quarters', 'two thirds', 'seven eighths', 'twenty two over one hundred seventy']
    """
    if denominator in FRACTION_NAMES:
        return [*cardinal(numerator), FRACTION_NAMES[denominator][numerator != 1]]
    if 3 <= denominator < 100:
        *before, last = ordinal(denominator)
        return [*cardinal(numerator), *before, last + ("s" if numerator != 1 else "")]
    return [*cardinal(numerator), "over", *cardinal(denominator)]


def roman(text: str) -> int | None:
    """Return the value of a Roman numeral up to 3999, ``None`` if it is not written as one.

    Examples
    --------
    >>> [roman(text) for text in ("XIV", "IIX", "MCMLXXXIV")]
    [14, None, 1984]
    """
    total, left = 0, text
    for value, letters in (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
        (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        repeats = 0
        while left.startswith(letters) and repeats < (3 if len(letters) == 1 and letters in "MCXI" else 1):
            total, left, repeats = total + value, left[len(letters) :], repeats + 1
    return total if text and not left else None

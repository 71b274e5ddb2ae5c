"""Tell irony from praise that is meant, as far as the words show it.

Two ways: marks that praise does not take when it is meant ("great, just great…", "thanks a lot, genius"), and praise
called out over bad news: sarcasm as the contrast of a positive sentiment and a negative situation (E. Riloff et al.,
EMNLP 2013). Whether the news is bad is asked of the model. Praise that is meant is much commoner in dialogue, and to
spoil it is worse than to miss irony: in doubt, praise is praise.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["is_ironic"]

_PRAISE = (
    "great|wonderful|perfect|lovely|fantastic|brilliant|amazing|awesome|excellent|terrific|splendid|nice|marvellous|"
    "marvelous|super|charming|delightful|thanks|congratulations|congrats|bravo"
)
_MOCKING = "genius|einstein|sherlock|idiot|moron|captain obvious|smart ?(?:guy|ass)|wise ?guy|dumb\\w*"
#: Wrongs that nobody is thanked for, and what is bad to go through.
_WRONG = r"\b(?:ruin|break|broke|wast|destroy|los[et]|losing|forg[eo]t|leav|lying|lied|abandon|betray|screw|mess)\w*"
_BAD = r"\b(?:ignor|reject|insult|laugh|hurt|yell|shout)\w*|\b(?:late|left|stuck|wrong|cold|alone|woken|waking)\b"
#: Words that announce one more trouble, after praise.
_MORE = r"\b(?:another|again|more|yet|now|there goes|just what)\b"

#: Irony that shows without knowing what is praised.
_MARKS = re.compile(
    "|".join(
        (
            rf"\b({_PRAISE})[,.!]*\s+(?:just|absolutely|simply|really)\s+\1\b",  # great, just great
            # oh great, it's raining again…; but: oh, thanks…
            rf"^\W*(?:(?:oh|well|gee|yeah),? (?:just )?|just )(?!thank|congrat)(?:{_PRAISE})\b[^!?]*(?:\.\.\.|…)",
            rf"\bthat's just (?:{_PRAISE})\b[^!?]*(?:\.\.\.|…)",
            r"\b(?:just|exactly) what (?:i|we) (?:needed|wanted)\b.*(?:\.\.\.|…)",
            r"\byeah,? right\b|\b(?:oh|yeah),? sure\b",
            r"\bas if\b.*\b(?:care|would|could|ever)\w*|\blike (?:i|you) care\w*",
            r"\bbig surprise\b|\bwhat a surprise\b[.…]|\bhow original\b|\blucky me\b|\bjust my luck\b|/s\s*$",
            r"\bi (?:just|simply|really) (?:love|adore|enjoy) waiting\b",
            r"\bwhat could (?:possibly )?go wrong\b|\bgood luck with that\b",
            r"\bbecause (?:\w+ ){1,4}(?:worked|went|goes|works|ended|turned)(?: out)? so (?:well|great|nicely)\b",
            r"\bthanks for nothing\b",
            rf"\bthanks (?:a lot|so much|a bunch|for)\b.*{_WRONG}",  # thanks a lot for ruining my day
            rf"\b(?:{_PRAISE}|good|well done|thank you)\b[^.!?]{{0,40}},? (?:{_MOCKING})\b",  # good job, genius
        )
    ),
    re.IGNORECASE | re.DOTALL,
)

#: Praise called out, before what is praised is told.
_SETUP = re.compile(
    rf"\W*(?:(?:oh|well|ah|gee|wow),? )?(?:just )?(?:{_PRAISE})\s*[,.!…]+(?:\s+|$)"  # Oh, wonderful.
    rf"|\W*what an? (?:{_PRAISE}) \w+\s*[,.!…]+(?:\s+|$)"  # What a brilliant plan.
    r"|\W*how (?:nice|kind|thoughtful|sweet|considerate) of (?:you|him|her|them) to\s+"
    r"|\W*i (?:just|simply|really) (?:love|adore|enjoy) (?:it )?(?:being|when|how|getting|having)\s+",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"n't\b|\b(?:not|no|never|nothing|nobody|none|without)\b", re.IGNORECASE)
_TROUBLE = re.compile(f"{_WRONG}|{_BAD}|{_MORE}", re.IGNORECASE)

#: News is bad below this valence (standard deviations from the mean); with a word of trouble, below the second. Of 36
#: pieces of good and bad news, the first is passed by bad ones only, those with a negation aside.
BAD_VALENCE, TROUBLE_VALENCE = -0.3, 0.3


def is_ironic(sentence: str, after: str = "", valence: Callable[[str], float] = lambda news: 0.0) -> bool:
    """Tell whether the praise of a sentence is ironic.

    Parameters
    ----------
    sentence : str
    after : str
        The sentence after it: "Oh, wonderful. Another flat tire."
    valence : callable
        How pleasant a piece of news is, in standard deviations.

    Examples
    --------
    >>> is_ironic("Great, just great..."), is_ironic("That was great!")
    (True, False)
    >>> is_ironic("Oh, wonderful.", "Another flat tire.")
    True
    """
    sentence, after = (text.replace("’", "'") for text in (sentence, after))
    if _MARKS.search(sentence):
        return True
    setup = _SETUP.match(sentence)
    if not setup:
        return False
    news = sentence[setup.end() :] or after
    return bool(_MARKS.search(news)) or _is_bad(news, valence)


def _is_bad(news: str, valence: Callable[[str], float]) -> bool:
    # "I won't forget it", "no problem": the model takes most negations for bad news.
    if not news.strip() or _NEGATION.search(news):
        return False
    return valence(news) < (TROUBLE_VALENCE if _TROUBLE.search(news) else BAD_VALENCE)

"""Whether a sentence threatens whom it is said to: what is in the words ("pay", "die") is then not the speaker's own.

A threat announces that the speaker will do harm, or that harm will come, often on a condition (J. Culpeper,
*Impoliteness*, 2011, lists its formulae). Who utters one is angry, not afraid.
"""

from __future__ import annotations

import re

__all__ = ["is_threat"]

_HARM = (
    "kill|murder|destroy|crush|gut|bury|skin|strangle|choke|hunt|hurt|end|ruin|slap|punch|smash|beat|burn|cut|break|stab|"
    "rip|tear|shoot|hang|drown|whip|flog|throttle|slit|snap|wring|chop|smack"
)
_PART = (
    "throats?|necks?|heads?|hearts?|tongues?|bones|fingers?|hands?|arms?|legs|knees|skulls?|faces?|eyes|teeth|nose|jaw|"
    "spine|guts|ass"
)
_WILL = r"(?:'ll|'m going to|'m gonna| will| am going to| shall| swear i(?:'ll| will))"
#: What may stand before the verb without making it mild.
_MAY = r"(?:(?!not |never |probably |still )\w+ )?"
_DARE = r"^(?:just )?(?:touch|hurt|harm|lay|lie|speak|talk|look|move|scream|come|set foot|cross|say|call|try|do|hit)\b"
_YOU_WILL = r"\byou(?:'ll| will|'re going to|'re gonna| are going to| shall)"
_FORMS = (
    # "I'll kill you", "we will break your bones"; not "I'll cut your hair", "I'll shoot you an email"
    rf"\b(?:i|we){_WILL} {_MAY}(?:{_HARM}) (?:off )?(?:you\b(?! an? )|(?:both |all )?your (?:\w+ )?(?:{_PART})\b)",
    rf"\b(?:i|we){_WILL} (?:make|have) (?:you|your \w+) (?:pay|regret|suffer|bleed|beg|scream|sorry|wish|crawl|eat)\b",
    # "you'll pay for this", "you are going to regret it"
    rf"{_YOU_WILL} {_MAY}(?:pay (?:dearly|for (?:this|that|it|what|your|every))|regret (?:this|that|it|ever|what))\b",
    rf"{_YOU_WILL} {_MAY}(?:suffer|bleed|beg|be (?:sorry|next))\b",
    rf"{_YOU_WILL} {_MAY}(?:wish you|(?:answer|die|hang|burn) for|rot in|never (?:leave|see (?:daylight|the sun)))\b",
    # "do it, or else", "hand it over or I'll shoot"
    rf"\bor else\b\W*$|\bor (?:i|we){_WILL} {_MAY}(?:{_HARM})\b|\bor you(?:'ll| will)? die\b",
    # "touch her again and you're dead"
    rf"{_DARE}[^.!?]*\band (?:i|we){_WILL} {_MAY}(?:{_HARM}|make you|have you|sue)\b",
    rf"{_DARE}[^.!?]*\band (?:i swear|you(?:'re| are) (?:dead|done|finished)|you(?:'ll| will) (?:die|pay|lose))\b",
    r"\b(?:one|another) more (?:step|word|move|sound|lie|insult|peep)\b(?! (?:of|to|about|and we))",
    r"\b(?:this is|that's|that is|consider (?:this|it)) (?:your|the|my|a) (?:last|final) (?:warning|chance)\b",
    r"\bdon't make me (?:hurt|kill|shoot|hit|do|tell you|say it|ask|come|use|repeat)\b",
    r"\byou(?:'d| had)? better (?:watch|run|pray|start (?:running|praying)|hope)\b",
    r"\bi know where (?:you|your \w+) (?:live|lives|sleep|sleeps|works?)\b|\bwatch your back\b|\bsay your prayers\b",
    r"\bover my dead body\b|\byou(?:'re| are) (?:a )?dead (?:man|woman|meat)\b|\byour days are numbered\b",
    # veiled ones; not "I'd hate to see you go"
    r"\b(?:shame|pity) if (?:something|anything|someone|anyone)\b|\bhate (?:for|to see) (?:something|anything)\b",
    r"\bwe have ways of\b|\blast time i(?:'ll| will)? (?:ask|warn|tell|say)\b",
    r"\bi won't (?:ask|warn) (?:you )?(?:again|twice)\b",
)
_THREAT = re.compile("|".join(f"(?:{form})" for form in _FORMS))


def is_threat(text: str) -> bool:
    """Return whether a sentence threatens.

    Examples
    --------
    >>> is_threat("Touch her again and you're dead."), is_threat("I'll cut your hair.")
    (True, False)
    """
    return bool(_THREAT.search(text.replace("’", "'").lower().strip()))

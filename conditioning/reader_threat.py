"""Whether a sentence threatens whom it is said to: what is in the words ("pay", "die") is then not the speaker's own.

A threat announces that the speaker will do harm, or that harm will come, often on a condition (J. Culpeper,
*Impoliteness*, 2011, lists its formulae). Who utters one is angry, not afraid.
"""

from __future__ import annotations

import re

from conditioning.reader_text import plain

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
_PUNISHED = "(?:arrested|fired|hanged|killed|shot|thrown|whipped)"
_YOU_WILL = r"\byou(?:'ll| will|'re going to|'re gonna| are going to| shall)"
_END = r"(?=(?:, \w+)?\W*$)"
_THIS = r"(?:this|that|it)"
_MILD = r"(?! (?:an?|some|the|at|next|gladly|in(?! two| half| pieces| your)|away from|down an?|to (?:the|it))\b)"
_FORMS = (
    # "I'll kill you", "we will break your bones"; not "I'll cut your hair", "I'll beat you at chess"
    rf"\b(?:i|we){_WILL} {_MAY}(?:{_HARM}) (?:off )?(?:you\b{_MILD}|(?:both |all )?your (?:\w+ )?(?:{_PART})\b(?!-))",
    rf"\b(?:i|we){_WILL} (?:make|have) (?:you|your \w+) (?:pay|regret|suffer|bleed|beg|scream|sorry(?! to)|crawl)\b",
    rf"\b(?:i|we){_WILL} make you (?:wish you(?:'d| had)|eat (?:those|that|your))\b",
    # "you'll pay for this", "you are going to regret it"; not "you'll pay for that at the counter"
    rf"{_YOU_WILL} {_MAY}pay (?:dearly|for (?:{_THIS}{_END}|{_THIS} with your|every|what you(?:'ve)? d(?:id|one)))",
    rf"{_YOU_WILL} {_MAY}regret (?:{_THIS}{_END}|ever|the day|what you(?:'ve| have)? d(?:id|one))",
    rf"{_YOU_WILL} {_MAY}(?:suffer|bleed|beg|be (?:sorry|next))(?:{_END}| for (?:{_THIS}|mercy|what))",
    rf"{_YOU_WILL} {_MAY}(?:wish you(?:'d| had) never|(?:answer|die|hang|burn) for (?:{_THIS}{_END}|what)|rot in)\b",
    rf"{_YOU_WILL} {_MAY}never (?:leave (?:here|alive)|see (?:daylight|the sun))\b",
    # "do it, or else", "hand it over or I'll shoot"
    r"\bor else\b\W*$|\bor you(?:'ll| will)? die\b(?! of)",
    rf"\bor (?:i|we){_WILL} {_MAY}(?:{_HARM})(?: (?:you|him|her|them|it|your|myself)\b|{_END})",
    # "touch her again and you're dead"
    rf"{_DARE}[^.!?]*\band (?:i|we){_WILL} {_MAY}(?:(?:{_HARM}) (?:you|him|her|them|your)|sue)\b",
    rf"{_DARE}[^.!?]*\band (?:i|we){_WILL} (?:make you (?:pay|regret|suffer|sorry|wish)|have you {_PUNISHED})\b",
    rf"{_DARE}[^.!?]*\band (?:i swear\b[^.!?]{{0,60}}\b(?:{_HARM})|you(?:'re| are) dead)\b",
    rf"{_DARE}[^.!?]*\band you(?:'ll| will) (?:die\b(?! laughing| of)|pay\b|lose (?:your|an?) (?:{_PART}|life)\b)",
    r"\b(?:one more|another) (?:step|word|move|sound|lie|insult),? (?:and|or) (?:i|i'm|i'll|you(?:'re| are) dead)\b",
    rf"\bone more (?:word|sound|lie|insult|peep){_END}",
    r"\b(?:this is|that's|that is|consider (?:this|it)) (?:your|the|my|a) (?:last|final) warning\b",
    rf"\b(?:this is|that's|that is) your (?:last|final) chance{_END}",
    rf"\bdon't make me (?:hurt|kill|shoot|hit|repeat|use (?:this|it|force)|do {_THIS}{_END})",
    rf"\bdon't make me (?:(?:ask|tell) (?:you )?(?:again|twice){_END}|come (?:over|up|down|in|back) there{_END})",
    rf"\byou(?:'d| had)? better (?:watch (?:your|yourself|it\b|out)|pray\b|(?:run|start (?:running|praying)){_END})",
    rf"\bi know where (?:you|your \w+) (?:live|lives|sleep|sleeps|works?){_END}|\bwatch your back{_END}",
    rf"\bover my dead body{_END}|\byou(?:'re| are) (?:a )?dead (?:man|woman|meat)\b(?! in\b)",
    r"\byour days are numbered\b",
    # veiled ones; not "I'd hate to see you go"
    r"\b(?:(?:shame|pity) if|hate (?:for|to see)) (?:something|anything) (?:\w+ ){0,2}happen",
    r"\bwe have ways of making you\b|\blast time i(?:'ll| will) (?:ask|warn)\b",
    rf"\bi won't (?:ask|warn) (?:you )?(?:again|twice){_END}",
)
_THREAT = re.compile("|".join(f"(?:{form})" for form in _FORMS))


def is_threat(text: str) -> bool:
    """Return whether a sentence threatens.

    Examples
    --------
    >>> is_threat("Touch her again and you're dead."), is_threat("I'll cut your hair.")
    (True, False)
    """
    return bool(_THREAT.search(plain(text).strip()))

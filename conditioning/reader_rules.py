"""What the trained model does not see well: emoji, irony marks, negation, threats and emphasis.

Each rule is a pure function from a text and an emotion to an emotion, with its cause. They act after the model, on the
eight weights, and are few on purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from conditioning.emotion import EMOTION_NAMES, Emotion
from conditioning.reader_lexicon import rated
from conditioning.reader_text import CASE_UPPER, NEGATORS, Tokens, plain, tokenize
from conditioning.reader_threat import is_threat
from conditioning.words import ADVERBS, lookup

__all__ = ["EMOJI", "Ruled", "apply_rules", "emoji_emotion"]

_EMOJI_TABLE = """
joy:0.8 = 😀 😃 😄 😁 😆 😅 😂 🤣 😊 🙂 🎉 🥳 😸 😹 ☺ 😺 🎊 🙌 💃 🕺 :) :-) =) :d :-d xd ^_^ (: 8)
joy:0.8, trust:0.6 = 😍 🥰 😘 ❤ 💕 💖 💗 💙 💚 💛 💜 🤗 😻 💞 💓 💝 😚 😙 <3 <33
joy:0.5, anger:0.2 = 😎 😏 😜 😝 😛 🤪 😈 ;) ;-) :p :-p xp
trust:0.6, joy:0.3 = 😌 🙏 👍 🤝 😇 👏 💪 👌
sadness:0.8 = 😢 😭 😞 😔 😟 🙁 ☹ 😥 😿 💔 😩 😫 🥺 😓 :( :-( =( :'(
fear:0.8 = 😨 😰 😧 😦 🫣
fear:0.7, surprise:0.7 = 😱 🙀
surprise:0.8 = 😮 😯 😲 😳 🤯 :o :-o
anger:0.9 = 😡 😠 🤬 💢 👿 🖕
anger:0.5, sadness:0.2 = 😤 😒 😑
disgust:0.9 = 🤢 🤮 🤧
disgust:0.5, anger:0.4 = 🙄 😾 👎
surprise:0.4, fear:0.2 = 🤔 😕 😬 🤨 :/ :-/ :\\ :|
"""


def _emoji() -> dict[str, Emotion]:
    table: dict[str, Emotion] = {}
    for line in _EMOJI_TABLE.strip().splitlines():
        weights, _, signs = line.partition(" = ")
        table |= dict.fromkeys(signs.split(), Emotion.parse(weights))
    return table


#: Emoji and emoticons → what they show.
EMOJI = MappingProxyType(_emoji())

#: Share that an emoji has in the reading of its sentence; the more so where words say little.
EMOJI_SHARE, EMOJI_SHARE_SHORT = 0.6, 0.85
SHORT_WORDS = 3

#: Ironic praise is spoken with contempt and annoyance; what is left of the joy is a smirk.
IRONY = Emotion(anger=0.4, disgust=0.4, sadness=0.2)
IRONY_SHARE, SMIRK = 0.75, 0.15

#: Emphasis in writing: capitals and exclamation marks raise intensity (VADER's rules, Hutto & Gilbert 2014, add 0.733
#: of 4 for capitals and 0.292 for each "!", up to three or four).
CAPITALS, EXCLAMATION, MAX_EXCLAMATIONS, LENGTHENED = 0.18, 0.07, 3, 0.1
#: A shout without other feeling is still aroused.
SHOUT = Emotion(anger=0.25, surprise=0.15, anticipation=0.15)

#: "couldn't be happier": a negated comparative is a superlative.
_SUPERLATIVE = re.compile(
    r"\b(?:could|can)(?:n't|not)\s+(?:be|feel)\s+(?:any\s+)?(?:more\s+)?(?P<word>[a-z]+?)(?:er|ier)?\b"
)
#: "can't wait" waits eagerly.
_EAGER = re.compile(r"\bcan(?:'t|not| not) wait\b(?! (?:any ?more|any longer|here))")
EAGERNESS, EAGERNESS_SHARE = Emotion(joy=0.5, anticipation=0.7), 0.7

#: "Please don't leave me": who begs is afraid; what sounds of anger and disgust in a plea is fear and sadness.
_PLEA = re.compile(r"\bplease\b[^.!?]*\b(?:don't|do not|stop|no)\b|\b(?:don't|do not|stop)\b[^.!?]*\bplease\b")
PLEA_ANGER_LEFT, PLEA_FEAR, PLEA_SADNESS = 0.3, 0.5, 0.4

#: "He is not dead", "no one died"; but not "I don't want to die", "don't hurt him", "isn't she dead?".
_DENIAL = re.compile(r"^(?!.*\?).*(?:\b(?:is|was|are|were|'s|'re)(?: not\b|n't\b)|\b(?:nobody|no one)\b)", re.DOTALL)

#: "The war is finally over"; but not "is the war over?", "if only the war were over", "the virus is all over the city".
_ENDED = re.compile(
    r"^(?!.*\b(?:if|when|whenever|before|until|till|unless|once|wish(?:es)?|doubts?|thinks?|thought|believes?|lied?|lies|says?|"
    r"said|told|tell|pretend|hopes?|not|never|nobody|no one|as though|like)\b)(?!.*n't\b)"
    r"(?P<subject>[^?]*?)(?: (?:is|are|was|were|has|have|had)|'s|'re)(?: (?:finally|now|all|already|been|at last))*"
    r" (?:over|gone|dead|ended|finished|stopped|passed|cured|healed|beaten|defeated|vanished|lifted)\b"
    r"(?: (?:at last|at once|now|again|already|today|for good|forever|away|completely|everyone|everybody))*[^\w?]*$"
)
#: Bad for those who are it, who are mourned.
_VICTIMS = frozenset(
    """
    victim victims wounded hostage hostages prisoner prisoners beggar orphan orphans widow slave slaves refugee refugees
    sick poor homeless lonely dead abused hurt corpse coffin funeral
    """.split()  # noqa: SIM905
)

#: Who threatens is angry, whatever the words are about.
THREAT, THREAT_SHARE = Emotion(anger=0.85, disgust=0.2), 0.65

#: Words after a negation that it reaches.
NEGATION_REACH = 4
#: A negated feeling keeps this share of itself, and gains this share of its opposite.
NEGATION_LEFT, NEGATION_OPPOSITE = 0.25, 0.35
#: A misfortune is rated so or worse (-4 to 4); what is felt when it does not happen is relief.
AVERTED_RATING, AVERTED = -3, Emotion(joy=0.6, trust=0.6)
#: What is left of what was felt at it, and the share of relief, once it is over.
ENDED_LEFT, ENDED_RELIEF = 0.15, 0.7


#: "They burned the village": what rated words tell, by their nearness to these ratings (valence, arousal, dominance of
#: lexicon.txt, -1 to 1): words for being so, not for the one who makes it so, as "terrified" is of fear and
#: "murder" of anger.
_TOLD = {
    "joy": (0.8, 0.5, 0.4), "trust": (0.7, -0.5, 0.3), "fear": (-1.0, 0.35, -0.9), "sadness": (-1.0, -0.4, -0.9),
    "disgust": (-0.9, 0.05, -0.25), "anger": (-0.8, 0.5, 0.35),
}  # fmt: skip
#: Milder words tell of no event; nearness counts the more the higher the second.
TOLD_VALENCE, TOLD_SHARPNESS = 0.5, 6.0
#: Share that the words' ratings have in a sentence that the model reads as neutral.
TOLD_SHARE = 0.8
#: The valence of a sentence whose words are believed in full.
TOLD_SURE = 0.4


@dataclass(frozen=True)
class Ruled:
    """An emotion after the rules, and the names of those that acted."""

    emotion: Emotion
    causes: tuple[str, ...]


def apply_rules(text: str, tokens: Tokens, emotion: Emotion, *, valence: float = 0.0, ironic: bool = False) -> Ruled:
    """Correct the model's reading of one sentence.

    Parameters
    ----------
    text : str
        The sentence.
    tokens : Tokens
        The same, cut up.
    emotion : Emotion
        What the model read.
    valence : float
        How pleasant the model found the sentence as a whole, in [-1, 1].
    ironic : bool
        Whether its praise is not meant; see :mod:`conditioning.reader_irony`.
    """
    told = _event(tokens, emotion, valence)
    causes = ["event"] if told != emotion else []
    emotion = told
    for name, rule in _RULES.items():
        if name == "irony" and not ironic:
            continue
        changed = rule(text, tokens, emotion)
        if changed != emotion:
            causes.append(name)
            emotion = changed
    return Ruled(emotion, tuple(causes))


def emoji_emotion(tokens: Tokens) -> Emotion | None:
    """Return the mean of what a sentence's emoji and emoticons show, or None if it has none.

    Examples
    --------
    >>> from conditioning.reader_text import tokenize
    >>> str(emoji_emotion(tokenize("so :(")))
    'sadness:0.8'
    """
    shown = [EMOJI[word] for word in tokens.words if word in EMOJI]
    return Emotion.from_weights(np.mean([emotion.weights for emotion in shown], axis=0)) if shown else None


def _mix(one: Emotion, other: Emotion, share: float) -> Emotion:
    return Emotion.from_weights((1 - share) * one.weights + share * other.weights)


def _emoji_rule(text: str, tokens: Tokens, emotion: Emotion) -> Emotion:
    shown = emoji_emotion(tokens)
    if shown is None:
        return emotion
    words = sum(word[:1].isalpha() for word in tokens.words)
    return _mix(emotion, shown, EMOJI_SHARE_SHORT if words <= SHORT_WORDS else EMOJI_SHARE)


def _irony(text: str, tokens: Tokens, emotion: Emotion) -> Emotion:
    smirk = SMIRK * Emotion(joy=emotion.joy, trust=emotion.trust)
    bitter = Emotion.from_weights(emotion.weights * [SMIRK, SMIRK, 1, 0.5, 1, 1, 1, 0.5])
    return _mix(bitter, IRONY, IRONY_SHARE) + smirk


def _event(tokens: Tokens, emotion: Emotion, valence: float) -> Emotion:
    """Fill in what the words' ratings tell where the model reads little.

    As far as the sentence as a whole is as pleasant or unpleasant: a hospital that is next to the school is no news.
    """
    told, sure = np.zeros(len(EMOTION_NAMES)), min(1.0, abs(valence) / TOLD_SURE)
    for item in rated(tokens.words):
        deviations = np.array(item.deviations)
        strength = min(1.0, abs(deviations[0]))
        # A home and a mother are pleasant; a wedding is news.
        if strength >= TOLD_VALENCE and deviations[0] * valence > 0 and (valence < 0 or deviations[1] > 0):
            nearness = np.exp(TOLD_SHARPNESS * (_PROTOTYPES @ deviations) / np.linalg.norm(deviations))
            shares = np.zeros(len(EMOTION_NAMES))
            shares[_TOLD_COLUMNS] = nearness / nearness.sum()
            told = 1.0 - (1.0 - told) * (1.0 - strength * shares)
    return Emotion.from_weights(emotion.weights + TOLD_SHARE * sure * (1.0 - emotion.intensity) ** 2 * told)


_UNPLEASANT = np.array([name in ("fear", "sadness", "disgust", "anger") for name in EMOTION_NAMES])
_TOLD_COLUMNS = [EMOTION_NAMES.index(name) for name in _TOLD]
_PROTOTYPES = np.array([np.array(point) / np.linalg.norm(point) for point in _TOLD.values()])


def _negation(text: str, tokens: Tokens, emotion: Emotion) -> Emotion:
    words = plain(text)
    if _EAGER.search(words):
        return _mix(emotion, EAGERNESS, EAGERNESS_SHARE)
    superlative = _SUPERLATIVE.search(words)
    if superlative:
        stem = superlative["word"]
        felt = next((found for form in (stem, stem + "y", stem[:-1]) if (found := lookup(form)) is not None), None)
        if felt is not None:
            return _mix(emotion, ADVERBS["extremely"] * felt, 0.8)
    felt = _negated_feeling(tokens.words)
    if felt is None:
        return _averted(words, tokens, emotion)
    top = int(np.argmax(felt.weights))
    weights = emotion.weights.copy()
    weights[top] *= NEGATION_LEFT
    return Emotion.from_weights(weights) + NEGATION_OPPOSITE * -felt


def _averted(text: str, tokens: Tokens, emotion: Emotion) -> Emotion:
    """Take back what a misfortune that did not happen, or is over, made the model feel."""
    bad = [item for item in rated(tokens.words) if item.rating[0] <= AVERTED_RATING]
    if bad and all(item.negated for item in bad) and _DENIAL.search(text):
        left, relief = NEGATION_LEFT, NEGATION_OPPOSITE
    elif _misfortune_ended(text):
        left, relief = ENDED_LEFT, ENDED_RELIEF
    else:
        return emotion
    return Emotion.from_weights(np.where(_UNPLEASANT, left, 1.0) * emotion.weights) + relief * AVERTED


def _misfortune_ended(text: str) -> bool:
    """Return whether what ended is bad itself: "the plague is gone", not "my sick mother is gone"."""
    found = _ENDED.search(text)
    subject = tokenize(found["subject"]).words if found else ()
    if not subject or subject[-1] in _VICTIMS:
        return False
    last = rated(subject)[-1:]
    return any(item.end == len(subject) and item.rating[0] <= AVERTED_RATING and not item.negated for item in last)


def _negated_feeling(words: tuple[str, ...]) -> Emotion | None:
    """Return the first word of emotion that stands within reach of a negation."""
    reach = 0
    for word in words:
        if word in NEGATORS:
            reach = NEGATION_REACH
        elif not word[0].isalpha() and word[0] != "'":
            reach = 0
        elif reach:
            reach -= 1
            if found := lookup(word):
                return found
    return None


def _plea(text: str, tokens: Tokens, emotion: Emotion) -> Emotion:
    if not _PLEA.search(plain(text)):
        return emotion
    hostile = max(emotion.anger, emotion.disgust)
    calmed = Emotion.from_weights(emotion.weights * [1, 1, 1, 1, 1, PLEA_ANGER_LEFT, PLEA_ANGER_LEFT, 1])
    return calmed + hostile * Emotion(fear=PLEA_FEAR, sadness=PLEA_SADNESS)


def _threat(text: str, tokens: Tokens, emotion: Emotion) -> Emotion:
    return _mix(emotion, THREAT, THREAT_SHARE) if is_threat(text) else emotion


def _emphasis(text: str, tokens: Tokens, emotion: Emotion) -> Emotion:
    boost = CAPITALS * (CASE_UPPER in tokens.case) + EXCLAMATION * min(text.count("!"), MAX_EXCLAMATIONS)
    boost += LENGTHENED * ("<long>" in tokens.marks)
    if boost:
        emotion = _stronger(emotion, 1.0 + 2.0 * boost) + (1.0 - emotion.intensity) * boost * SHOUT
    return _stronger(emotion, _adverbs(tokens.words))


def _stronger(emotion: Emotion, times: float) -> Emotion:
    """Raise every weight as if the feeling came so many times: ``1 - (1 - w)**times``; 1 changes nothing."""
    return emotion if times == 1.0 else Emotion.from_weights(1.0 - (1.0 - emotion.weights) ** times)


def _adverbs(words: tuple[str, ...]) -> float:
    """Return the product of the adverbs that stand before a word of emotion: "so very happy"."""
    factor = 1.0
    for i, word in enumerate(words):
        if lookup(word):
            before = " ".join(words[max(0, i - 3) : i])
            found = [value for adverb, value in ADVERBS.items() if f" {adverb} " in f" {before} "]
            factor *= float(np.prod(found)) if found else 1.0
    return min(max(factor, 0.3), 2.5)


#: In the order in which they act.
_RULES = {
    "negation": _negation,
    "irony": _irony,
    "threat": _threat,
    "plea": _plea,
    "emoji": _emoji_rule,
    "emphasis": _emphasis,
}

"""Which of a word's pronunciations is meant: a guess of its part of speech from its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["EXTRA", "part_of_speech"]

_BEFORE_VERB = frozenset([
    "to", "will", "would", "shall", "should", "can", "could", "may", "might", "must", "do", "does", "did", "don't",
    "doesn't", "didn't", "won't", "wouldn't", "can't", "couldn't", "shouldn't", "i", "you", "we", "they", "he",
    "she", "it", "who", "let's", "let", "please", "not", "never", "always", "also", "i'll", "you'll", "we'll",
    "they'll", "he'll", "she'll", "i'd", "you'd", "we'd", "they'd", "cannot", "and",
])  # fmt: skip
_BEFORE_NOUN = frozenset([
    "the", "a", "an", "my", "your", "his", "her", "its", "our", "their", "this", "that", "these", "those", "no",
    "some", "any", "every", "each", "another", "of", "in", "on", "at", "for", "with", "by", "from", "into", "about",
    "without", "new", "old", "good", "bad", "great", "first", "last", "two", "three", "many", "few", "more",
])  # fmt: skip
_BEFORE_PARTICIPLE = frozenset([
    "have", "has", "had", "having", "was", "were", "been", "be", "is", "are", "am", "i've", "you've", "we've",
    "they've", "he's", "she's", "it's", "hasn't", "haven't", "hadn't",
])  # fmt: skip
_PAST = frozenset(["yesterday", "ago", "before", "last", "already", "once", "then", "when", "after"])
_BEFORE_ADJECTIVE = frozenset([
    "so", "very", "too", "quite", "more", "most", "is", "are", "was", "were", "be", "been", "am", "being", "stay",
    "feel", "felt",
])  # fmt: skip

#: Pronunciations that the dictionary lacks: word → part of speech → IPA phones. ``""`` is the common one;
#: ``p`` is past tense or participle.
EXTRA: dict[str, dict[str, str]] = {
    "read": {"": "ɹ ˈi d", "p": "ɹ ˈɛ d"},
    "lead": {"": "l ˈi d", "n": "l ˈi d"},
    "live": {"": "l ˈɪ v", "j": "l ˈaɪ v", "n": "l ˈaɪ v"},
    "lives": {"": "l ˈɪ v z", "n": "l ˈaɪ v z"},
    "wind": {"": "w ˈɪ n d", "v": "w ˈaɪ n d"},
    "wound": {"": "w ˈu n d", "p": "w ˈaʊ n d"},
    "tear": {"": "t ˈɛ ɹ", "n": "t ˈɪ ɹ", "v": "t ˈɛ ɹ"},
    "tears": {"": "t ˈɪ ɹ z", "v": "t ˈɛ ɹ z"},
    "minute": {"": "m ˈɪ n ə t", "j": "m aɪ n ˈu t"},
    "use": {"": "j ˈu z", "n": "j ˈu s", "v": "j ˈu z"},
    "house": {"": "h ˈaʊ s", "v": "h ˈaʊ z"},
    "close": {"": "k l ˈoʊ z", "j": "k l ˈoʊ s", "n": "k l ˈoʊ s", "v": "k l ˈoʊ z"},
    "does": {"": "d ˈʌ z"},
    "separate": {"": "s ˈɛ p ɚ ə t", "v": "s ˈɛ p ɚ ˌeɪ t"},
    "excuse": {"": "ɪ k s k j ˈu z", "n": "ɪ k s k j ˈu s", "v": "ɪ k s k j ˈu z"},
    "address": {"": "ə d ɹ ˈɛ s"},
    "collect": {"": "k ə l ˈɛ k t"},
    # Names of letters, as tts.written_forms writes them.
    "ay": {"": "ˈeɪ"}, "eff": {"": "ˈɛ f"}, "aitch": {"": "ˈeɪ tʃ"}, "el": {"": "ˈɛ l"}, "em": {"": "ˈɛ m"},
    "en": {"": "ˈɛ n"}, "ess": {"": "ˈɛ s"}, "ar": {"": "ˈɑ ɹ"}, "gee": {"": "dʒ ˈi"}, "vee": {"": "v ˈi"},
    "zee": {"": "z ˈi"}, "kay": {"": "k ˈeɪ"}, "ee": {"": "ˈi"},
}  # fmt: skip


def part_of_speech(words: Sequence[str], index: int) -> str:
    """Guess ``"n"``, ``"v"``, ``"j"`` (adjective) or ``"p"`` (past tense or participle) of a word.

    Parameters
    ----------
    words : sequence of str
        Lower case.
    index : int
        Which one.

    Examples
    --------
    >>> part_of_speech("they will record the song".split(), 2), part_of_speech("the record is old".split(), 1)
    ('v', 'n')
    """
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    earlier = words[index - 2] if index > 1 else ""
    if before in _BEFORE_PARTICIPLE or (
        earlier in _BEFORE_PARTICIPLE and before in ("not", "never", "been", "already")
    ):
        return "j" if words[index] in ("close", "live", "content", "present", "absent") else "p"
    if words[index] == "read" and _PAST & set(words):
        return "p"
    if before in _BEFORE_NOUN:
        return "j" if after and after not in _BEFORE_NOUN | _BEFORE_VERB and words[index] in ("live", "minute") else "n"
    if before in _BEFORE_VERB:
        return "v"
    if before in _BEFORE_ADJECTIVE:
        return "j"
    if not before and (after in _BEFORE_NOUN or after in ("me", "him", "her", "it", "us", "them")):
        return "v"
    return "v" if after in ("the", "a", "an", "my", "your", "his", "her", "it", "me", "him", "them", "us") else "n"

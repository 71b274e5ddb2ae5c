"""English words that carry grammar rather than content; they are rarely accented."""

from __future__ import annotations

__all__ = ["FUNCTION_WORDS"]

FUNCTION_WORDS: frozenset[str] = frozenset([
    "a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their", "some",
    "any", "each", "every", "no", "i", "you", "he", "she", "it", "we", "they", "me", "him", "us", "them", "who",
    "whom", "which", "what", "whose", "am", "is", "are", "was", "were", "be", "been", "being", "do", "does", "did",
    "have", "has", "had", "having", "will", "would", "shall", "should", "can", "could", "may", "might", "must",
    "i'm", "you're", "he's", "she's", "it's", "we're", "they're", "i've", "you've", "we've", "they've", "i'll",
    "you'll", "he'll", "she'll", "it'll", "we'll", "they'll", "i'd", "you'd", "he'd", "she'd", "we'd", "they'd",
    "that's", "there's", "here's", "what's", "who's", "let's", "in", "of", "for", "at", "on", "to", "from", "by",
    "with", "about", "into", "upon", "over", "under", "through", "between", "among", "after", "before", "against",
    "during", "without", "within", "toward", "towards", "off", "out", "up", "down", "as", "than", "like", "per",
    "via", "and", "or", "but", "nor", "so", "yet", "if", "because", "although", "though", "while", "when", "where",
    "whether", "unless", "until", "since", "there", "here", "not", "n't", "just", "then", "too", "also",
])  # fmt: skip

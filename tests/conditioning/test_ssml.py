"""SSML: the subset that is read, the values, and what is refused."""

from __future__ import annotations

import math
import time
import warnings
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditioning import Emotion, InputError, MarkupError
from conditioning.ssml import MAX_DEPTH, parse_ssml

HEAD = (
    '<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" '
    'xmlns:mstts="https://www.w3.org/2001/mstts" xml:lang="en-GB">'
)


def spans_of(body: str) -> list[tuple[str, str]]:
    return [(span.text, str(span.emotion)) for span in parse_ssml(f"{HEAD}{body}</speak>").spans]


def delivery_of(attributes: str) -> dict[str, float]:
    return vars(parse_ssml(f"<speak><prosody {attributes}>x</prosody></speak>").spans[0].delivery)


def test_express_as_sets_the_emotion_and_its_degree() -> None:
    body = '<mstts:express-as style="sad" styledegree="0.5">Oh.</mstts:express-as> So.'
    assert spans_of(body) == [("Oh.", "sadness:0.35"), ("So.", "None")]
    assert spans_of('<mstts:express-as style="sad" styledegree="2">Oh.</mstts:express-as>') == [("Oh.", "sadness:1")]
    assert parse_ssml(f"{HEAD}x</speak>").language == "en-gb"


def test_any_emotion_word_is_a_style() -> None:
    assert spans_of('<mstts:express-as style="bittersweet">x</mstts:express-as>') == [("x", "joy:0.6, sadness:0.6")]


@pytest.mark.parametrize(
    # Musical and acoustic identities, and the examples of SSML 1.1, section 3.2.4.
    ("attributes", "field", "value"),
    [
        ('pitch="+12st"', "pitch_st", 12.0),
        ('pitch="+100%"', "pitch_st", 12.0),
        ('pitch="-50%"', "pitch_st", -12.0),
        ('pitch="+0Hz"', "pitch_st", 0.0),
        ('pitch="330Hz"', "pitch_st", 12.0),
        ('rate="200%"', "rate", 2.0),
        ('rate="+20%"', "rate", 1.2),
        ('rate="-10%"', "rate", 0.9),
        ('rate="0.5"', "rate", 0.5),
        ('volume="+6dB"', "gain_db", 6.0),
        ('volume="50"', "gain_db", 20 * math.log10(0.5)),
        ('volume="silent"', "gain_db", -40.0),
        ('range="50%"', "range_scale", 0.5),
        ('range="+20%"', "range_scale", 1.2),
    ],
)
def test_prosody_values(attributes: str, field: str, value: float) -> None:
    assert delivery_of(attributes)[field] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "labels"),
    [("rate", "x-slow slow medium fast x-fast"), ("pitch", "x-low low medium high x-high"),
     ("range", "x-low low medium high x-high"), ("volume", "silent x-soft soft medium loud x-loud")],
)  # fmt: skip
def test_labels_rise_in_the_order_of_the_standard(name: str, labels: str) -> None:
    field = {"rate": "rate", "pitch": "pitch_st", "range": "range_scale", "volume": "gain_db"}[name]
    values = [delivery_of(f'{name}="{label}"')[field] for label in labels.split()]
    assert values == sorted(set(values))


def test_nested_prosody_multiplies_and_adds() -> None:
    line = parse_ssml(
        '<speak><prosody rate="2" pitch="+2st">a <prosody rate="0.5" pitch="+3st">b</prosody></prosody></speak>'
    )
    assert [(s.text, s.delivery.rate, s.delivery.pitch_st) for s in line.spans] == [("a", 2.0, 2.0), ("b", 1.0, 5.0)]


def test_sub_say_as_and_phoneme() -> None:
    # The alias is the example of SSML 1.1, section 3.1.11.
    assert (
        parse_ssml('<speak><sub alias="World Wide Web Consortium">W3C</sub></speak>').text
        == "World Wide Web Consortium"
    )
    assert parse_ssml('<speak><say-as interpret-as="characters">BBC 1</say-as></speak>').text == "B B C 1"
    ordinals = parse_ssml('<speak><say-as interpret-as="ordinal">1 2 3 4 11 12 13 21 112</say-as></speak>').text
    assert ordinals == "1st 2nd 3rd 4th 11th 12th 13th 21st 112th"
    (span,) = parse_ssml('<speak><phoneme alphabet="ipa" ph="təˈmeɪtoʊ">tomato</phoneme></speak>').spans
    assert span.text == "tomato"
    assert span.phones == ("t", "ə", "m", "ˈeɪ", "t", "oʊ")


def test_breaks_and_paragraphs_pause() -> None:
    line = parse_ssml('<speak><p>One<break time="750ms"/> two <break strength="none"/>three</p><p>four</p></speak>')
    assert [(s.text, s.pause_after_s) for s in line.spans] == [("One", 0.75), ("two three", 0.6), ("four", 0.6)]


def test_emphasis() -> None:
    line = parse_ssml('<speak>a <emphasis>b</emphasis> <emphasis level="strong">c</emphasis></speak>')
    assert [s.delivery.emphasis for s in line.spans] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ('<audio src="a.wav">beep</audio>', "<audio>"),
        ('<voice name="Ann">x</voice>', "<voice>"),
        ("<mark name='a'/>x", "<mark>"),
        ('<say-as interpret-as="date">x</say-as>', "'date'"),
        ('<prosody contour="(0%,+20Hz)">x</prosody>', "contour"),
        ('<phoneme alphabet="x-sampa" ph="x">x</phoneme>', "x-sampa"),
        ('<mstts:express-as style="cheerfull">x</mstts:express-as>', "did you mean cheerful"),
        ('<mstts:express-as style="sad" role="Girl">x</mstts:express-as>', "role"),
        ('<break time="1s"/>x', "before the first word"),
        ('<s xml:lang="de">x</s>', "second language"),
    ],
)
def test_what_is_not_supported_is_named(body: str, part: str) -> None:
    with pytest.warns(UserWarning, match=part) as caught:
        parse_ssml(f"{HEAD}{body} x</speak>")
    assert len(caught) == 1


def test_metadata_is_not_spoken() -> None:
    with pytest.warns(UserWarning, match="metadata"):
        assert parse_ssml("<speak><metadata>secret</metadata>said</speak>").text == "said"


BOMB = """<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><speak>&lol3;</speak>"""


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        (BOMB, 1, "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><speak>x</speak>', 1, "document type"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><speak>&a;</speak>', 1, "document type"),
        ("<speak>\n&nbsp;x</speak>", 2, "undefined entity"),
        ("<speak>\n\n<p>x</speak>", 3, "mismatched tag; <p> is still open"),
        ("<speak>x", 1, "<speak> is still open"),
        ("<speak>x\x00y</speak>", 1, "not well-formed"),
        ("<p>x</p>", 1, "starts with <speak>"),
        ("<speak>\n<prosody rate='quick'>x</prosody></speak>", 2, "prosody rate='quick'"),
        ("<speak><prosody pitch='9'>x</prosody></speak>", 1, "prosody pitch='9'"),
        ("<speak><break time='2 minutes'/>x</speak>", 1, "break time"),
        ("<speak>x<break time='61s'/></speak>", 1, "up to 60 s"),
        ("<speak><emphasis level='huge'>x</emphasis></speak>", 1, "emphasis level"),
        ("<speak><express-as style='sad' styledegree='9'>x</express-as></speak>", 1, "styledegree"),
        ("<speak><phoneme ph=''>x</phoneme></speak>", 1, "phoneme needs ph"),
        ("<speak><express-as style='sad'>x\n<s><express-as style='angry'>y</express-as></s></express-as></speak>", 2,
         "express-as inside express-as"),
    ],
)  # fmt: skip
def test_bad_documents_are_refused_at_their_place(text: str, line: int, part: str) -> None:
    with pytest.raises(MarkupError) as caught:
        parse_ssml(text)
    assert caught.value.line == line
    assert part in str(caught.value)


def test_columns_count_from_one() -> None:
    with pytest.raises(MarkupError) as caught:
        parse_ssml("<speak>ab<break time='x'/></speak>")
    assert caught.value.column == len("<speak>ab") + 1


def test_size_and_depth_are_bounded() -> None:
    started = time.perf_counter()
    with pytest.raises(MarkupError, match="nest deeper"):
        parse_ssml("<speak>" + "<s>" * (MAX_DEPTH + 1))
    with pytest.raises(InputError, match="too long"):
        parse_ssml("<speak>" + "x" * 1_000_000 + "</speak>")
    assert time.perf_counter() - started < 2.0


texts = st.text(st.characters(categories=("L", "N", "P")), max_size=8)
trees = st.recursive(
    texts.map(escape),
    lambda inner: st.tuples(
        st.sampled_from(["s", "emphasis", 'prosody rate="slow"', "p"]), st.lists(inner, max_size=3)
    ).map(lambda pair: f" <{pair[0]}> {' '.join(pair[1])} </{pair[0].split()[0]}> "),
    max_leaves=12,
)


@given(trees)
def test_the_words_are_those_of_elementtree(body: str) -> None:
    text = f"<speak>said {body}</speak>"
    expected = " ".join("".join(ElementTree.fromstring(text).itertext()).split())
    assert " ".join(parse_ssml(text).text.split()) == expected


@given(st.text(alphabet="<>/&;speakbr =\"'x!-[]?", max_size=60))
def test_any_text_is_read_or_refused(noise: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            line = parse_ssml(f"<speak>{noise}</speak>")
        except InputError:
            return
    assert line.text
    assert all(span.emotion is None or isinstance(span.emotion, Emotion) for span in line.spans)

"""The emotion words: three tiers, each word as weights of the eight primaries.

Tier 1: the eight primaries, each at its middle intensity.
Tier 2: their mild and intense forms, and the 24 dyads (R. Plutchik, *Emotion: A Psychoevolutionary
Synthesis*, 1980; "The Nature of Emotions", *American Scientist* 89, 2001, fig. 6).
Tier 3: finer words, gathered from W. G. Parrott's tree (*Emotions in Social Psychology*, 2001, after
Shaver et al. 1987), and words that scripts use. Their weights are ours, set so that the valence,
arousal and dominance of a word fall near its published rating (Russell & Mehrabian 1977, table 4).

Weights are written in tenths after the first letters that tell the primaries apart::

    joy  tru(st)  fea(r)  sur(prise)  sad(ness)  dis(gust)  ang(er)  ant(icipation)
"""

from __future__ import annotations

from types import MappingProxyType

from conditioning.emotion import EMOTION_NAMES, NEUTRAL, Emotion

__all__ = ["ALIASES", "DYADS", "INTENSITIES", "MIDDLE_WEIGHT", "MILD_WEIGHT", "TIERS", "WORDS"]

#: Plutchik's three intensities on our scale, on which 1 is as strong as it gets.
MILD_WEIGHT, MIDDLE_WEIGHT, INTENSE_WEIGHT = 0.4, 0.7, 1.0

#: Weight of each half of a dyad.
DYAD_WEIGHT = 0.6

#: Mild, middle and intense form of each primary.
INTENSITIES: tuple[tuple[str, str, str], ...] = (
    ("serenity", "joy", "ecstasy"),
    ("acceptance", "trust", "admiration"),
    ("apprehension", "fear", "terror"),
    ("distraction", "surprise", "amazement"),
    ("pensiveness", "sadness", "grief"),
    ("boredom", "disgust", "loathing"),
    ("annoyance", "anger", "rage"),
    ("interest", "anticipation", "vigilance"),
)

#: The two primaries of each dyad: neighbours, then two and three steps apart.
DYADS: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "love": ("joy", "trust"),
        "submission": ("trust", "fear"),
        "awe": ("fear", "surprise"),
        "disapproval": ("surprise", "sadness"),
        "remorse": ("sadness", "disgust"),
        "contempt": ("disgust", "anger"),
        "aggressiveness": ("anger", "anticipation"),
        "optimism": ("anticipation", "joy"),
        "guilt": ("joy", "fear"),
        "curiosity": ("trust", "surprise"),
        "despair": ("fear", "sadness"),
        "unbelief": ("surprise", "disgust"),
        "envy": ("sadness", "anger"),
        "cynicism": ("disgust", "anticipation"),
        "pride": ("anger", "joy"),
        "hope": ("anticipation", "trust"),
        "delight": ("joy", "surprise"),
        "sentimentality": ("trust", "sadness"),
        "shame": ("fear", "disgust"),
        "outrage": ("surprise", "anger"),
        "pessimism": ("sadness", "anticipation"),
        "morbidness": ("disgust", "joy"),
        "dominance": ("anger", "trust"),
        "anxiety": ("anticipation", "fear"),
    }
)

_TERTIARY = """
adoration: joy8 tru9; affection: joy6 tru5; fondness: joy4 tru5; tenderness: joy4 tru7; caring: tru6 joy2
compassion: tru6 sad4; sympathy: tru5 sad4; pity: sad5 tru2; passion: joy8 ant6; desire: joy5 ant7
longing: sad5 ant5 tru2; infatuation: joy7 ant5 tru4; friendliness: joy5 tru4; warmth: joy5 tru6
devotion: tru9 joy4; loyalty: tru8; amusement: joy6 sur2; bliss: joy9 tru3; cheerfulness: joy6 ant2
gaiety: joy7 sur1; glee: joy8 sur2; happiness: joy7 tru1; jubilation: joy9 sur3; elation: joy9 ant2
satisfaction: joy5 tru3; euphoria: joy10 ant3; enthusiasm: joy7 ant6; excitement: joy6 ant7 sur2
thrill: joy6 ant5 sur4; exhilaration: joy8 ant4 sur3; eagerness: ant8 joy4; zest: joy6 ant5
contentment: joy4 tru4; pleasure: joy6 tru1; triumph: joy8 ant3 ang3; smugness: joy4 ang2 dis2
rapture: joy10 sur2; relief: joy4 tru4 sur1; calm: tru4 joy1; peace: tru5 joy3; playfulness: joy5 ant3 sur2
mischief: joy5 ant4 ang1; gratitude: joy5 tru7; inspiration: joy6 ant6 sur1; courage: ant6 ang3 tru3
determination: ant8 ang2; confidence: tru6 joy3 ant2; reassurance: tru7 joy2; comfort: tru6 joy1
approval: tru4 joy3; respect: tru6; security: tru7 joy1; faith: tru8 ant2; wonder: sur5 tru3 joy3
astonishment: sur9 fea1; shock: sur8 fea4 dis1; disbelief: sur6 dis4; confusion: sur5 fea3 sad1
bewilderment: sur6 fea3; perplexity: sur4 fea1; startle: sur8 fea4; realization: sur5 ant2
fascination: sur4 ant5 joy3; disappointment: sad6 sur3; melancholy: sad5 tru1; sorrow: sad8; gloom: sad6 dis1
depression: sad9 dis1; misery: sad9 fea1; hopelessness: sad8 fea4; loneliness: sad7 fea1
homesickness: sad6 tru2 ant1; nostalgia: sad4 joy4 tru2; heartbreak: sad10 fea2; anguish: sad8 fea5
agony: sad8 fea6 dis1; hurt: sad6 ang2; suffering: sad8 fea2; dismay: sad4 fea4 sur3; defeat: sad7 fea2
dejection: sad6 sur1; unhappiness: sad6; regret: sad6 dis2; embarrassment: fea4 sad2 sur3 dis2
humiliation: fea5 dis4 sad4; insecurity: fea5 sad3; rejection: sad6 dis3; neglect: sad6 ang1
resignation: sad4 tru2; weariness: sad4 dis2; bitterness: ang5 sad5 dis3; jealousy: ang5 fea4 sad3
alarm: fea7 sur5; fright: fea8 sur2; horror: fea9 dis6; panic: fea10 sur4; hysteria: fea8 sur5 joy1
dread: fea8 ant4; worry: fea5 ant4 sad1; nervousness: fea5 ant4; tension: ant5 fea4 ang2; uneasiness: fea4 dis1
distress: fea5 sad5; suspense: ant7 fea4 sur1; shyness: fea4 tru2; timidity: fea5 tru2; doubt: fea3 dis2 sur2
suspicion: dis4 fea2 ant4; caution: fea3 ant5; vulnerability: fea5 sad3 tru2; helplessness: fea7 sad6
aggravation: ang5 dis1; irritation: ang5; agitation: ang4 fea3 ant3; grumpiness: ang4 sad2 dis1
exasperation: ang6 dis3 sur1; frustration: ang6 sad3; fury: ang9; wrath: ang9 ant2; hostility: ang8 dis3
hatred: ang8 dis8; spite: ang6 dis5 joy1; vengefulness: ang8 ant6; resentment: ang6 sad3 dis3
scorn: dis6 ang4 joy1; indignation: ang7 sur3 dis2; disdain: dis6 ang3; revulsion: dis9 fea1; repugnance: dis8
aversion: dis5; dislike: dis4 ang1; distrust: dis5 fea3; nausea: dis8 fea1; sarcasm: dis4 ang3 joy3
mockery: dis5 joy5 ang2; impatience: ang4 ant6; defiance: ang7 ant4; stubbornness: ang4 ant3; threat: ang7 ant5
readiness: ant6; expectation: ant6 tru1; alertness: ant7 sur2; concentration: ant5 tru1
seriousness: ant3 tru2 sad1; urgency: ant8 fea4 sur1; bittersweet: joy6 sad6; detachment: sad2 dis3
indifference: dis2 sad1; sleepiness: sad3; pain: sad6 fea4 ang1; desperation: fea8 sad6 ant4
"""

_FORMS = """
adoration: adoring, adored; affection: affectionate, loving; amusement: amused, funny; compassion: compassionate
cheerfulness: cheerful, cheery, jolly, merry; happiness: happy, glad; joy: joyful, joyous; bliss: blissful
contentment: content, contented; elation: elated; euphoria: euphoric; ecstasy: ecstatic, overjoyed
excitement: excited, exciting; enthusiasm: enthusiastic; thrill: thrilled; exhilaration: exhilarated
eagerness: eager; satisfaction: satisfied; pleasure: pleased; delight: delighted; serenity: serene
calm: calmness, relaxed, relaxation, gentle; peace: peaceful; relief: relieved; pride: proud
triumph: triumphant; smugness: smug; optimism: optimistic; hope: hopeful; love: in love; tenderness: tender
caring: concerned; gratitude: grateful, thankful; admiration: admiring; respect: respectful; trust: trusting
acceptance: accepting; confidence: confident; courage: courageous, brave; determination: determined
devotion: devoted; loyalty: loyal; friendliness: friendly; warmth: warm; playfulness: playful
mischief: mischievous; curiosity: curious; interest: interested; fascination: fascinated
anticipation: anticipating; vigilance: vigilant; alertness: alert; amazement: amazed; surprise: surprised
astonishment: astonished; shock: shocked; wonder: wondering; awe: awed, awestruck; confusion: confused
bewilderment: bewildered; disbelief: incredulous; startle: startled; sadness: sad; grief: grieving
sorrow: sorrowful; depression: depressed; misery: miserable; melancholy: melancholic; gloom: gloomy
loneliness: lonely; despair: despairing; hopelessness: hopeless; disappointment: disappointed
unhappiness: unhappy; dejection: dejected; hurt: hurting; regret: regretful; remorse: remorseful; guilt: guilty
shame: ashamed, shamed; embarrassment: embarrassed; humiliation: humiliated; pensiveness: pensive, thoughtful
nostalgia: nostalgic; sentimentality: sentimental; resignation: resigned; weariness: weary, tired
heartbreak: heartbroken; fear: afraid, fearful, scared; terror: terrified; horror: horrified
panic: panicked, panicky; fright: frightened; anxiety: anxious; worry: worried; nervousness: nervous
apprehension: apprehensive; dread: dreading; alarm: alarmed; distress: distressed, upset
tension: tense, stressed; insecurity: insecure; helplessness: helpless; shyness: shy; suspicion: suspicious
caution: cautious; desperation: desperate; vulnerability: vulnerable; anger: angry, mad; rage: enraged
fury: furious; annoyance: annoyed; irritation: irritated; frustration: frustrated; exasperation: exasperated
hostility: hostile; hatred: hate; indignation: indignant; outrage: outraged; resentment: resentful
bitterness: bitter; jealousy: jealous; envy: envious; spite: spiteful; impatience: impatient
aggressiveness: aggressive, aggression; defiance: defiant; disgust: disgusted; loathing: loathe
revulsion: revolted; contempt: contemptuous; disdain: disdainful; scorn: scornful; disapproval: disapproving
boredom: bored; sarcasm: sarcastic; cynicism: cynical; pessimism: pessimistic; morbidness: morbid
indifference: indifferent; detachment: detached; urgency: urgent; seriousness: serious
neutral: none, normal, default, plain; submission: submissive; grumpiness: grumpy; agitation: agitated
dominance: dominant; unbelief: disbelieving; distraction: distracted; longing: yearning; reassurance: reassuring
inspiration: inspired; comfort: comforting; passion: passionate; threat: threatening; mockery: mocking
anguish: anguished; defeat: defeated
"""


def _by_name(code: str) -> str:
    (name,) = [name for name in EMOTION_NAMES if name.startswith(code)]
    return name


def _decode(text: str) -> Emotion:
    weights = {_by_name(item[:3]): int(item[3:]) / 10 for item in text.split()}
    return Emotion(**weights)


def _entries(table: str) -> list[tuple[str, str]]:
    items = [item for line in table.strip().splitlines() for item in line.split(";")]
    return [(word.strip(), rest.strip()) for word, _, rest in (item.partition(":") for item in items)]


def _tiers() -> tuple[dict[str, Emotion], ...]:
    primary = {name: Emotion(**{name: MIDDLE_WEIGHT}) for name in EMOTION_NAMES}
    secondary: dict[str, Emotion] = {}
    for mild, middle, intense in INTENSITIES:
        secondary[mild] = Emotion(**{middle: MILD_WEIGHT})
        secondary[intense] = Emotion(**{middle: INTENSE_WEIGHT})
    secondary |= {word: Emotion(**dict.fromkeys(pair, DYAD_WEIGHT)) for word, pair in DYADS.items()}
    tertiary = {word: _decode(weights) for word, weights in _entries(_TERTIARY)}
    return primary, secondary, tertiary


#: Tier 1, 2 and 3: word → weights.
TIERS: tuple[MappingProxyType[str, Emotion], ...] = tuple(MappingProxyType(tier) for tier in _tiers())

#: All words of all tiers, and ``neutral``.
WORDS: MappingProxyType[str, Emotion] = MappingProxyType(
    {"neutral": NEUTRAL, **{word: emotion for tier in TIERS for word, emotion in tier.items()}}
)

#: Other forms of a word, mostly adjectives: ``"annoyed"`` → ``"annoyance"``.
ALIASES: MappingProxyType[str, str] = MappingProxyType(
    {form.strip(): word for word, forms in _entries(_FORMS) for form in forms.split(",")}
)

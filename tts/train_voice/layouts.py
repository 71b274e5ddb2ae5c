"""Emotional corpora as people have them on the disk: ESD and EmoV-DB → readings with speaker, emotion and text.

ESD (K. Zhou, B. Sisman, R. Liu, H. Li, "Emotional voice conversion: theory, databases and ESD", Speech Communication
137 (2022)); English speakers are 0011 to 0020::

    ESD/0011/0011.txt                        0011_000001<TAB>The nine the eggs, I keep.<TAB>Neutral
    ESD/0011/Angry/0011_000351.wav           or Angry/train/, Angry/evaluation/, Angry/test/

EmoV-DB (A. Adigwe, N. Tits, K. El Haddad, S. Ostadabbas, T. Dutoit, "The emotional voices database", 2018); the text
is CMU ARCTIC's, whose list ``cmuarctic.data`` lies in the corpus' folder or one above (also as ``arctic.data``)::

    EmoV-DB/bea/Amused/amused_1-15_0001.wav      folders in any case, also bea_Amused or bea/amused
    cmuarctic.data                               ( arctic_a0001 "Author of the danger trail, Philip Steels, etc." )

Sleepiness has no place on the wheel and is left out; amusement is joy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from conditioning import Emotion, InputError
from tts.phonetics import kind_of

from .directions import SILENCE_BELOW

__all__ = ["LAYOUTS", "Reading", "layout_of", "prepare_corpus", "read_corpus", "read_emov", "read_esd"]

ESD_EMOTIONS = {
    "neutral": Emotion(), "angry": Emotion(anger=1.0), "happy": Emotion(joy=1.0), "sad": Emotion(sadness=1.0),
    "surprise": Emotion(surprise=1.0),
}  # fmt: skip
EMOV_EMOTIONS = {
    "neutral": Emotion(), "amused": Emotion(joy=1.0), "angry": Emotion(anger=1.0), "anger": Emotion(anger=1.0),
    "disgusted": Emotion(disgust=1.0), "disgust": Emotion(disgust=1.0),
}  # fmt: skip
ESD_ENGLISH = range(11, 21)
#: Longer gaps in the sound are pauses: closures of stops last up to 150 ms.
LONGEST_GAP_FRAMES = 30
_ESD_FILE = re.compile(r"(\d{4})_(\d{6})")
_EMOV_FILE = re.compile(r"([a-z]+)_\d+-\d+_(\d{4})", re.IGNORECASE)
_ARCTIC = re.compile(r'\(\s*arctic_([ab]\d{4})\s+"(.*)"\s*\)')
ARCTIC_NAMES = ("cmuarctic.data", "arctic.data", "txt.done.data")


@dataclass(frozen=True)
class Reading:
    """One recording of one sentence.

    Attributes
    ----------
    id : str
        Unique in its corpus.
    sound : Path
    speaker : str
    emotion : Emotion
        At full weight, as acted; neutral is zero.
    text : str
        What is said.
    """

    id: str
    sound: Path
    speaker: str
    emotion: Emotion
    text: str


def read_esd(folder: Path, *, english: bool = True) -> Iterator[Reading]:
    """Yield the recordings of ESD, speaker by speaker.

    Parameters
    ----------
    folder : Path
        Holds the speakers' folders ``0001`` … ``0020``.
    english : bool
        Only the English speakers, 0011 to 0020.

    Raises
    ------
    InputError
        If there is no speaker, a transcript is missing or a line of it cannot be read.
    """
    speakers = [p for p in sorted(folder.iterdir()) if re.fullmatch(r"\d{4}", p.name) and p.is_dir()]
    speakers = [p for p in speakers if not english or int(p.name) in ESD_ENGLISH]
    if not speakers:
        raise InputError(f"{folder} holds no speaker of ESD; the English ones are folders named 0011 to 0020")
    for speaker in speakers:
        texts = _esd_texts(speaker / f"{speaker.name}.txt")
        for sound in sorted(speaker.rglob("*.wav")):
            name = _ESD_FILE.fullmatch(sound.stem)
            if name and name[0] in texts:
                text, emotion = texts[name[0]]
                yield Reading(f"esd_{name[0]}", sound, f"esd_{speaker.name}", emotion, text)


def _esd_texts(path: Path) -> dict[str, tuple[str, Emotion]]:
    """Return id → (text, emotion)."""
    if not path.is_file():
        raise InputError(f"{path} is missing; ESD has a transcript in each speaker's folder")
    found = {}
    for number, line in enumerate(_decoded(path).splitlines(), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip():
            continue
        if len(cells) < 3 or cells[2].casefold() not in ESD_EMOTIONS:
            allowed = ", ".join(name.title() for name in ESD_EMOTIONS)
            raise InputError(
                f"{path}:{number}: {line[:60]!r} is not id, text and emotion ({allowed}) with tabs between"
            )
        found[cells[0]] = (cells[1], ESD_EMOTIONS[cells[2].casefold()])
    return found


def _decoded(path: Path) -> str:
    """Return a transcript's text; some of ESD's are UTF-16 or GB18030."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def read_emov(folder: Path) -> Iterator[Reading]:
    """Yield the recordings of EmoV-DB; those of emotions without a place on the wheel are left out.

    Parameters
    ----------
    folder : Path
        Holds a folder for each speaker.

    Raises
    ------
    InputError
        If there are no recordings, or CMU ARCTIC's list of sentences is missing.
    """
    sounds = [(sound, _EMOV_FILE.fullmatch(sound.stem)) for sound in sorted(folder.rglob("*.wav"))]
    if not any(name for _, name in sounds):
        raise InputError(f"{folder} holds no recording of EmoV-DB, such as bea/Amused/amused_1-15_0001.wav")
    texts = _arctic_texts(folder)
    for sound, name in sounds:
        emotion = EMOV_EMOTIONS.get(name[1].casefold()) if name else None
        if name is None or emotion is None:
            continue
        # EmoV-DB reads ARCTIC's set A; where the list is numbered on into set B, so are its files.
        text = texts.get(f"a{name[2]}")
        if text is not None:
            speaker = _emov_speaker(sound.relative_to(folder))
            yield Reading(f"emov_{speaker}_{sound.stem.lower()}", sound, f"emov_{speaker}", emotion, text)


def _emov_speaker(path: Path) -> str:
    """Return the speaker of a relative path such as ``bea/Amused/x.wav``, ``bea_Amused/x.wav``."""
    if len(path.parts) < 2:
        raise InputError(f"{path} lies beside the speakers' folders; EmoV-DB has one folder for each speaker")
    return re.split(r"[_\W]", path.parts[0].casefold())[0]


def _arctic_texts(folder: Path) -> dict[str, str]:
    """Return CMU ARCTIC's sentences, ``a0001`` → text."""
    places = [place / name for place in (folder, folder.parent) for name in ARCTIC_NAMES]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise InputError(
            f"{folder} has no {ARCTIC_NAMES[0]}, the sentences of CMU ARCTIC that EmoV-DB's speakers read; "
            "put it there or one folder above"
        )
    return {match[1]: match[2] for match in _ARCTIC.finditer(path.read_text(encoding="utf-8"))}


def prepare_corpus(folder: Path, work: Path) -> int:
    """Analyse a corpus for the prosody encoder, as :func:`tts.train_voice.references.load_references` reads it.

    Parameters
    ----------
    folder : Path
        Of ESD or EmoV-DB.
    work : Path
        Of the training; recordings that are there already are kept.

    Returns
    -------
    int
        How many recordings there are.
    """
    from tts.g2p import pronouncer
    from tts.normalise import normalise

    from .corpus import FRAME_S
    from .features import analyse, read_24k
    from .references import LONGEST_S

    out = work / "references" / layout_of(folder)
    out.mkdir(parents=True, exist_ok=True)
    readings, say = read_corpus(folder), pronouncer()
    for reading in readings:
        target = out / f"{reading.id}.npz"
        if target.exists():
            continue
        found = analyse(read_24k(reading.sound))
        words = [word for token in normalise(reading.text) for word in token.spoken]
        syllables = sum(kind_of(phone) == "vowel" for sounds in say(words) for phone in sounds)
        spoken_s = FRAME_S * _spoken_frames(found["mcep"][:, 0])
        kept = int(LONGEST_S / FRAME_S)
        stored = {name: table[:kept].astype(np.float16 if name in ("mcep", "bap") else np.float32)
                  for name, table in found.items()}  # fmt: skip
        emotion = next((name for name, _ in reading.emotion), "neutral")
        length = spoken_s / syllables if syllables else float("nan")
        partial = target.with_suffix(".partial.npz")
        np.savez(partial, syllable_s=length, speaker=reading.speaker, emotion=emotion, **stored)
        partial.replace(target)
    return len(readings)


def _spoken_frames(level: npt.NDArray[np.float32]) -> int:
    """Return how many frames are speech, from ln power: those near the loudest and short gaps between them."""
    loud = np.flatnonzero(level > np.percentile(level, 95) - SILENCE_BELOW)
    gaps = np.diff(loud)
    return int(len(loud) + (gaps[gaps <= LONGEST_GAP_FRAMES] - 1).sum())


#: Name → reader of a corpus.
LAYOUTS: dict[str, Callable[[Path], Iterator[Reading]]] = {"esd": read_esd, "emov": read_emov}


def layout_of(folder: Path) -> str:
    """Return which corpus a folder holds.

    Raises
    ------
    InputError
        If it is neither.
    """
    if any(re.fullmatch(r"00\d\d", p.name) and (p / f"{p.name}.txt").is_file() for p in folder.iterdir() if p.is_dir()):
        return "esd"
    if any(_EMOV_FILE.fullmatch(sound.stem) for sound in folder.rglob("*.wav")):
        return "emov"
    raise InputError(f"{folder} is laid out neither as ESD nor as EmoV-DB; `mien train voice --help` shows both")


def read_corpus(folder: Path) -> list[Reading]:
    """Return the recordings of a corpus, whichever of the two it is."""
    return list(LAYOUTS[layout_of(folder)](folder))

"""Scripts in the forms that Yarn Spinner, Ren'Py, Ink and sheets write them in."""

from __future__ import annotations

import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.dialogue import Script, read_cast, read_script
from avatar.dialogue.script import ScriptLine, safe_name
from checkpoints import InputError, MissingDependency

YARN = """title: Start
tags: intro
---
<<declare $met = false>>
// a comment
Mira: You came back! #line:0a1 #emotion:joy
Guard: [wave]Halt![/wave] Who goes there? #line:0a2 #seed:5
<<if $met>>
    Mira: We have met. #line:0a3
<<endif>>
-> Say nothing
-> Mira: Let me pass. #line:0a4
    <<jump Start>>
A narrator's line without a speaker.
===
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def facts(script: Script) -> list[tuple[str, str, str]]:
    return [(line.line_id, line.speaker, line.text) for line in script]


def test_yarn_lines_keep_ids_speakers_and_tags(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, "a.yarn", YARN))
    assert facts(script)[:4] == [
        ("0a1", "Mira", "You came back!"),
        ("0a2", "Guard", "Halt! Who goes there?"),
        ("0a3", "Mira", "We have met."),
        ("0a4", "Mira", "Let me pass."),
    ]
    assert script.lines[0].emotion == "joy"
    assert script.lines[1].seed == 5
    assert len(script) == 5


def test_yarn_of_the_third_edition(tmp_path: Path) -> None:
    # The forms are those of Yarn Spinner 3's documentation; links in brackets are Yarn 1's.
    body = """title: Shop
---
=> Baker: Want one? <<if $pies > 0>>
=> Baker: How about it? #line:b2 // any of them
Baker: Once more. #shadow:b2
Baker\\: the word of the day is \\#bread, see http:\\/\\/example.org
Baker: <shake=.1>No!</shake> \\[sighs\\]
Baker: I came [ordinal value={$place} one="%st" other="%th"/].
[[Never mind.|Shop]] #line:b3
[[Baker: Stay!|Shop]] #line:b4
[[Shop]]
<<jump Shop>>
===
"""
    assert [(line.speaker, line.text) for line in read_script(write(tmp_path, "s.yarn", body))] == [
        ("Baker", "Want one?"),
        ("Baker", "How about it?"),
        ("", "Baker: the word of the day is #bread, see http://example.org"),
        ("Baker", r"No! \[sighs\]"),
        ("Baker", "I came {ordinal}."),
        ("Baker", "Stay!"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (YARN.replace("===\n", ""), "does not end"),
        (YARN.replace("---\n", ""), "before its body|neither a header"),
    ],
)
def test_broken_yarn_is_refused_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_script(write(tmp_path, "a.yarn", text))


def test_yarn_string_tables(tmp_path: Path) -> None:
    table = 'language,id,text,file,node,lineNumber,lock,comment\nen,line:0a1,"Mira: Hello, you.",a.yarn,Start,6,x,\n'
    assert facts(read_script(write(tmp_path, "s.csv", table))) == [("0a1", "Mira", "Hello, you.")]


def test_renpy_dialogue_tab(tmp_path: Path) -> None:
    # The columns are those that Ren'Py's launcher writes ("Extract Dialogue", tab-delimited).
    tab = (
        "Identifier\tCharacter\tDialogue\tFilename\tLine Number\tRen'Py Script\n"
        'start_ae1d4c9c\tEileen\tHi there! {w}How {b}are{/b} you [[today]?\tgame/script.rpy\t12\te "…"\n'
    )
    assert facts(read_script(write(tmp_path, "dialogue.tab", tab))) == [
        (
            "start_ae1d4c9c",
            "Eileen",
            r"Hi there! How are you \[today\]?",
        )  # an escaped bracket, as the reader of marks takes it
    ]


def test_what_renpy_extends_is_said_by_whoever_spoke_before(tmp_path: Path) -> None:
    # Rows as Ren'Py 8.0.3 writes them for "extend", its special character: the text begins with a space.
    tab = "Identifier\tCharacter\tDialogue\na_1\te\tText goes on,{nw}\na_2\textend\t to here.\na_3\t\tIt rains.\n"
    assert facts(read_script(write(tmp_path, "dialogue.tab", tab))) == [
        ("a_1", "e", "Text goes on,"),
        ("a_2", "e", "to here."),
        ("a_3", "", "It rains."),
    ]


def test_ink_source_and_compiled_story_give_the_same_lines(tmp_path: Path) -> None:
    source = "=== knot ===\nMira: Hello there. # id: hi # emotion: joy\n* [A choice]\n-> END\nGuard: Go. # id: go\n"
    # As inklecate compiles it: text behind "^", tags between "#" and "/#".
    story = {
        "inkVersion": 21,
        "root": [
            ["^Mira: Hello there. ", "#", "^id: hi ", "/#", "#", "^emotion: joy", "/#", "\n", {"c-0": ["\n", "end"]}],
            {"k": [["^Guard: Go. ", "#", "^id: go", "/#", "\n", None]]},
        ],
    }
    compiled = read_script(write(tmp_path, "a.json", json.dumps(story)))
    assert facts(read_script(write(tmp_path, "a.ink", source))) == facts(compiled)
    assert [line.emotion for line in compiled] == ["joy", ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.filterwarnings("ignore:.*read as CP1252")
def test_sheets_in_any_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = ["Line ID;Speaker;Text;Emotion;Intensity", "a1;Zoë;Déjà vu!;joy;0.5", ";Guard;Halt.;;"]
    path = write(tmp_path, "s.csv", "\r\n".join(rows).replace(";", delimiter), encoding)
    script = read_script(path)
    assert facts(script)[0] == ("a1", "Zoë", "Déjà vu!")
    assert (script.lines[0].emotion, script.lines[0].intensity) == ("joy", 0.5)


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl", reason="mien[xlsx] is not installed")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_gives_the_lines_of_the_same_sheet_as_csv(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Line ID", "Speaker", "Text", "Emotion", "Intensity", "Seed"],
        [1001, "Zoë", "Déjà vu, you see!\nAgain.", "joy", 0.5, 7.0],
        [None, None, None, None, None, None],
        ["a2", "Guard", "Halt.", None, None, None],
    ]
    book = workbook(tmp_path / "s.xlsx", Notes=[["for the director"], ["nothing to say"]], One=rows[:3], Two=rows[::3])
    quoted = "\n".join(",".join(f'"{cell}"' if cell is not None else "" for cell in row) for row in rows)
    table = write(tmp_path, "s.csv", quoted.replace('"7.0"', '"7"'))
    assert [replace(line, place="") for line in read_script(book)] == [
        replace(line, place="") for line in read_script(table)
    ]
    assert [line.place for line in read_script(book)] == ["s.xlsx:One:2", "s.xlsx:Two:2"]


def test_workbooks_that_hold_no_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sheet with a column 'text'"):
        read_script(workbook(tmp_path / "a.xlsx", One=[["speaker", "words"], ["Mira", "Hi."]]))
    with pytest.raises(InputError, match="not an Excel workbook"):
        read_script(write(tmp_path, "b.xlsx", "speaker,text\n"))
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as archive:
        archive.writestr("x.txt", "x")
    with pytest.raises(InputError, match="not an Excel workbook"):
        read_script(tmp_path / "c.xlsx")


def test_without_openpyxl_the_next_step_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingDependency, match=r"pip install 'mien\[xlsx\]', or save the sheet as \.csv"):
        read_script(write(tmp_path, "s.xlsx", ""))


def test_rows_with_an_id_but_no_text_are_named_in_one_warning(tmp_path: Path) -> None:
    """Empty rows and headings, which have no id, are not missed."""
    path = write(tmp_path, "s.csv", "line_id,speaker,text\na,Mira,Yes.\nb,Mira,\n,,\n,Second scene,\nc,Guard,  \n")
    says = "2 of 4 rows have an id but no text, and nobody speaks them: 'b' at s.csv:3, 'c' at s.csv:6"
    with pytest.warns(UserWarning, match=f"{says}$") as caught:
        script = read_script(path)
    assert len(caught) == 1
    assert [line.line_id for line in script] == ["a"]
    assert [line.line_id for line in script.textless] == ["b", "c"]
    many = "".join(f'{{"id": "l{n}", "speaker": "Mira"}}\n' for n in range(11))
    path = write(tmp_path, "s.jsonl", many + '{"id": "z", "speaker": "Mira", "text": "Yes."}')
    with pytest.warns(UserWarning, match=r"s\.jsonl: 11 of 12 rows .*: 'l0' at .*, 'l7' at s\.jsonl:8 and 3 more$"):
        read_script(path)


def test_made_ids_depend_on_the_text_and_not_on_the_place(tmp_path: Path) -> None:
    first = read_script(write(tmp_path, "a.csv", "speaker,text\nMira,Yes.\nMira,No.\nMira,Yes.\n"))
    second = read_script(write(tmp_path, "b.csv", "speaker,text\nGuard,Hm.\nMira,No.\nMira,Yes.\nMira,Yes.\n"))
    ids = {line.text: line.line_id for line in first.lines[:2]}
    assert second.lines[1].line_id == ids["No."]
    assert [line.line_id for line in second.lines[2:]] == [ids["Yes."], ids["Yes."] + "-2"]


def test_an_id_that_stands_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.csv:2 and again at s\.csv:3"):
        read_script(write(tmp_path, "s.csv", "id,speaker,text\na,Mira,One.\na,Mira,Two.\n"))


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("s.docx", "x", "known are"),
        ("s.csv", "speaker,words\nMira,Hi\n", "no column 'text'"),
        ("s.csv", 'speaker,text\nMira,"open\n', "check the quotes"),
        ("s.csv", "speaker,text,intensity\nMira,Hi,loud\n", "intensity='loud'"),
        ("s.jsonl", "[1]\n", "one flat object"),
        ("s.jsonl", "{\n", "not JSON"),
        ("s.json", "{}", "not a compiled Ink story"),
        ("s.yarn", "title: A\n---\n===\n", "no line of dialogue"),
        ("s.csv", "a\0b", "not a text file"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_script(write(tmp_path, name, text))


@given(st.text(max_size=120), st.text(max_size=120))
def test_file_names_are_safe_and_tell_ids_apart(one: str, other: str) -> None:
    name = safe_name(one)
    assert name
    assert Path(name).name == name
    assert name.strip(". ") == name
    assert not set('<>:"/\\|?*\0\n') & set(name)
    assert name.split(".")[0].lower() not in {"con", "nul", "aux", "com1", "lpt9"}
    if one != other:
        assert safe_name(one) != safe_name(other)


CAST = """
[mira]
voice = "formant"
pitch_st = 2
personality = { extraversion = 0.5 }
[guard]
"""


def test_a_cast_finds_its_characters_without_case(tmp_path: Path) -> None:
    cast = read_cast(write(tmp_path, "cast.toml", CAST))
    assert cast["Mira"].pitch_st == 2
    assert cast["MIRA"].personality == (("extraversion", 0.5),)
    with pytest.raises(InputError, match=r"did you mean guard\?"):
        cast["Guards"]


def test_lines_without_a_speaker_are_the_narrators(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"names no speaker; name one, or add a table \[narrator\]"):
        read_cast(write(tmp_path, "cast.toml", CAST))[""]
    assert read_cast(write(tmp_path, "told.toml", CAST + "[Narrator]\n"))[""].name == "Narrator"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[mira\n", "not TOML"),
        ("", "names nobody"),
        ("[mira]\nvoize = 'x'\n", "did you mean voice"),
        ("[mira]\nrate = 'fast'\n", "not a number"),
        ("[mira]\nvoice = 3\n", "not a text"),
        ("[mira]\nportrait = 'none.png'\n", "does not exist"),
        ("[mira]\npersonality = { courage = 1 }\n", "traits"),
        ("mira = 1\n", "outside a table"),
        ("[mira]\n[Mira]\n", "differ only in case"),
    ],
)
def test_a_wrong_cast_is_refused_by_name(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_cast(write(tmp_path, "cast.toml", text))


def test_a_direction_counts_only_where_it_is_an_emotion() -> None:
    assert ScriptLine("a", "Mira", "Hi.", direction="joy:0.4").direction_emotion == "joy:0.4"
    assert ScriptLine("a", "Mira", "Hi.", direction="to the door").direction_emotion == ""

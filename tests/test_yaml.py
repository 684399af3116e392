"""YAML to trees with places: what the platforms read, and what hostile or broken text does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmlint.model.finding import ProblemKind
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Value, at, items
from vmlint.syntax.yaml import Parsed, parse

SHARED = Path(__file__).parents[2] / "shared"


def read(text: str) -> Parsed:
    return parse(SourceText("a.yaml", text))


def root(text: str) -> Value:
    parsed = read(text)
    assert not parsed.problems, parsed.problems
    assert len(parsed.documents) == 1
    return parsed.documents[0].root


def plain(value: Value) -> object:
    match value:
        case Mapping():
            return {key: plain(child) for key, child in value.entries.items()}
        case Sequence():
            return [plain(child) for child in value.items]
        case Scalar():
            return value.value
        case _:
            return None


def test_the_c_parser_is_the_one_in_use() -> None:
    import _ruamel_yaml

    assert _ruamel_yaml.CParser("a: b").get_event() is not None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("True", True),
        ("~", None),
        ("", None),
        ("017", 15),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("08", 8.0),
        ("1_000", 1000),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("12:30:45", "12:30:45"),
        ("2001-12-14", "2001-12-14"),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ('!!int "12"', 12),
        ("- ", [None]),
    ],
)
def test_scalars_are_what_the_platforms_read(text: str, value: object) -> None:
    parsed = read(f"k: {text}" if not text.startswith("-") else text)
    found = plain(parsed.documents[0].root)
    assert (found["k"] if isinstance(found, dict) else found) == value


def test_a_number_too_long_to_convert_stays_text() -> None:
    assert plain(root(f"k: {'9' * 5000}")) == {"k": "9" * 5000}


def test_places_are_those_of_key_and_value() -> None:
    text = "# é\nservices:\n  web:\n    image: nginx:1.25   # tag\n    ports: [8080:80]\nlast: x\n"
    tree = root(text)
    image = at(tree, "services", "web", "image")
    assert image.span.text == "nginx:1.25"
    assert image.entry_span.text == "image: nginx:1.25"
    assert (image.entry_span.line, image.entry_span.column) == (4, 5)
    web = at(tree, "services", "web")
    assert web.key_span.text == "web:"
    assert web.span.text.endswith("[8080:80]")
    assert [item.span.text for item in items(at(tree, "services", "web", "ports"))] == ["8080:80"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_count_as_editors_count_them(newline: str) -> None:
    # libyaml takes U+0085 and U+2028 for line breaks.
    tree = root(newline.join(["a: x\u2028y", "b: 'p\u0085q'", "c: \U0001f600 z", "d: 1"]))
    assert [at(tree, key).span.line for key in "abcd"] == [1, 2, 3, 4]
    assert at(tree, "d").span.column == 4


def test_a_block_ends_with_its_last_child() -> None:
    tree = root("a:\n  b: |\n    one\n    two\n\n\n# comment\nc:\n  <<: {x: 1}\n\nd: 1\n")
    assert at(tree, "a").span.text == "b: |\n    one\n    two"
    assert at(tree, "c").span.text == "<<: {x: 1}"
    assert plain(at(tree, "a")) == {"b": "one\ntwo\n"}


def test_merge_keys_give_way_and_the_first_of_several_wins() -> None:
    tree = root(
        "one: &one {image: a, user: x}\ntwo: &two {image: b, init: true}\nweb:\n  <<: [*one, *two]\n  user: y\n"
    )
    assert plain(at(tree, "web")) == {"user": "y", "image": "a", "init": True}
    image = at(tree, "web", "image")
    assert image.span.line == 1
    assert [origin.label for origin in image.via] == ["anchor &one", "merge key"]
    assert plain(root('a: {"<<": {b: 1}}')) == {"a": {"<<": {"b": 1}}}


def test_an_alias_stands_where_it_is_used_and_knows_its_anchor() -> None:
    tree = root("x: &name [1, 2]\ny: *name\n")
    alias = at(tree, "y")
    assert plain(alias) == [1, 2]
    assert alias.entry_span.text == "y: *name"
    assert [(origin.label, origin.span.line) for origin in alias.via] == [("anchor &name", 1)]


def test_an_anchor_may_be_defined_again() -> None:
    assert plain(root("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")) == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_anchors_do_not_cross_documents() -> None:
    parsed = read("a: &x 1\n---\nb: *x\n---\nc: 3\n")
    assert [plain(document.root) for document in parsed.documents] == [{"a": 1}, {"c": 3}]
    assert "*x" in parsed.problems[0].message
    assert parsed.problems[0].span.line == 3


def test_duplicate_keys_are_told_and_the_last_one_wins() -> None:
    parsed = read("a: 1\nb: 2\na: 3\n")
    assert plain(parsed.documents[0].root) == {"a": 3, "b": 2}
    assert [(span.line, span.text) for span in parsed.duplicates] == [(3, "a")]


def test_custom_tags_are_kept() -> None:
    tree = root("a: !reset null\nb: !override [1]\nc: !Ref Name\nd: !Sub {x: 1}\n")
    assert [at(tree, key).tag for key in "bcd"] == ["!override", "!Ref", "!Sub"]
    assert isinstance(tree, Mapping)
    assert tree.entries["a"].tag == "!reset"


def test_documents_are_numbered_and_empty_ones_are_missing() -> None:
    parsed = read("---\n---\na: 1\n---\n# nothing\n...\n---\nb\n")
    assert [document.number for document in parsed.documents] == [1, 2, 3, 4]
    assert isinstance(parsed.documents[2].root, Scalar | Missing)
    assert plain(parsed.documents[3].root) == "b"
    assert read("").documents == ()
    assert read("# only a comment\n").problems == ()


def test_a_broken_document_loses_no_other() -> None:
    parsed = read("a: 1\n---\nb: [1\n---\nc: 3\n---\n\t- x\n---\nd: 4\n")
    assert [plain(document.root) for document in parsed.documents] == [{"a": 1}, {"c": 3}, {"d": 4}]
    assert [problem.kind for problem in parsed.problems] == [ProblemKind.UNREADABLE] * 2
    assert [document.root.span.line for document in parsed.documents] == [1, 5, 9]


@pytest.mark.parametrize("text", ["[8080:80]", "{image: nginx:1.25}", "[http://x]", '{"a":1}'])
def test_flow_scalars_that_libyaml_refuses_are_read(text: str) -> None:
    root(f"a: {text}")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: b\n  c: d\n", 2),
        ("a:\n\tb: 1\n", 2),
        ("a: 'open\n", 1),
        ("a: }\n", 1),
        ("a: \x07\n", 1),
        ("%YAML 9\n", 1),
    ],
)
def test_what_is_broken_is_told_at_its_place(text: str, line: int) -> None:
    parsed = read(text)
    assert [problem.kind for problem in parsed.problems] == [ProblemKind.UNREADABLE]
    assert abs(parsed.problems[0].span.line - line) <= 1
    assert not parsed.problems[0].message.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "{{- if .Values.on }}\na: 1\n{{- end }}\n",
        "a: {{ .Values.a }}\n",
        "a: {{ .Values.a | quote }}\n---\nb: 1\n",
        "{% for x in y %}\n- {{ x }}\n{% endfor %}\n",
        'metadata:\n  labels:\n    {{- include "x" . | nindent 4 }}\n',
    ],
)
def test_a_template_is_unrendered_and_never_broken(text: str) -> None:
    parsed = read(text)
    assert {problem.kind for problem in parsed.problems} == {ProblemKind.UNRENDERED}


def test_braces_inside_strings_are_no_template() -> None:
    tree = root('a: "{{ .Release }}"\nb: |\n  {{ range . }}\nports: [8080:80]\n# {{ comment }}\nc: x {{ y }}\n')
    assert plain(tree) == {"a": "{{ .Release }}", "b": "{{ range . }}\n", "ports": ["8080:80"], "c": "x {{ y }}"}


def test_json_is_read() -> None:
    tree = root('{\n\t"kind": "Pod",\n\t"n": 1.5e3, "t": true, "z": null, "s": "a\\u003cb\\/c", "l": []\n}')
    assert plain(tree) == {"kind": "Pod", "n": 1500.0, "t": True, "z": None, "s": "a<b/c", "l": []}
    assert at(tree, "kind").span.line == 2


def test_escaped_surrogates_are_characters() -> None:
    tree = root('{"a": "\\ud83d\\ude00 é", "b": "x\\ud83d"}')
    assert plain(tree) == {"a": "\U0001f600 é", "b": "x\ufffd"}


@pytest.mark.parametrize("text", ["[" * 10_000, "- " * 10_000, "{a: " * 10_000, "[" * 199 + "]" * 199])
def test_nesting_is_bounded(text: str) -> None:
    parsed = read(text)
    assert bool(parsed.problems) == (len(text) > 1000)
    if parsed.problems:
        assert "nested deeper than 200 levels" in parsed.problems[0].message


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    begin = time.process_time()
    parsed = read("\n".join(lines))
    assert time.process_time() - begin < 1
    assert "once its aliases are followed" in parsed.problems[0].message
    assert read("a: &a [*a]").problems


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:{}[]-&*!|>'\"#%@`,? \n\t\\0<~.\u2028é", max_size=60))
def test_no_text_raises_and_every_place_is_inside(text: str) -> None:
    parsed = read(text)

    def walk(value: Value) -> None:
        assert 0 <= value.start <= value.end <= len(text)
        children = value.entries.values() if isinstance(value, Mapping) else ()
        for child in (*children, *(value.items if isinstance(value, Sequence) else ())):
            walk(child)

    for document in parsed.documents:
        walk(document.root)
    for problem in parsed.problems:
        assert problem.message


@pytest.mark.skipif(not (SHARED / "corpus/kubernetes-huge").is_dir(), reason="the corpus is not beside the project")
def test_a_large_manifest_is_read_fast_enough() -> None:
    """8 MB/s on a quiet core is what benchmarks/ measures; here only a fall by a factor is caught."""
    path = min((SHARED / "corpus/kubernetes-huge").glob("*.yaml"), key=lambda p: p.stat().st_size)
    source = SourceText("huge.yaml", path.read_text(encoding="utf-8"))
    begin = time.process_time()
    parsed = parse(source)
    assert parsed.documents
    assert len(source.text) / 1e6 / (time.process_time() - begin) > 1.5


@pytest.mark.parametrize(
    "text",
    [
        "a: '" + "{{ x }}" * 20_000 + "'\nb: [\n",
        "a: [" + "{{ " * 50_000,
        "".join(f"k{n}: '{{{{ x }}}}'\n" for n in range(5_000)) + "b: [\n",
        "# " + "{{ " * 100_000 + "\nb: [\n",
        "a: '" + "{{ " * 50_000 + "\n",
    ],
)
def test_braces_without_end_take_no_hostile_time(text: str) -> None:
    begin = time.process_time()
    assert read(text).problems
    assert time.process_time() - begin < 5

"""HCL: cutting files into blocks, parsing bodies and expressions, errors at their places, budgets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmlint.model.span import SourceText
from vmlint.syntax import hcl, hcl_json, hcl_opinion
from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl_ast import SyntaxProblem
from vmlint.syntax.hcl_parser import MAX_DEPTH

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "terraform"


def text(source: str) -> SourceText:
    return SourceText("main.tf", source)


def body(source: str) -> ast.Body:
    return hcl.parse_file(text(source))


def expression(source: str) -> ast.Node:
    return hcl.parse_expression(text(source))


# Blocks


def test_blocks_have_labels_and_places() -> None:
    source = '# a comment {\nresource "aws_instance" "web" {\n  a = "}"\n}\n\nlocals {}\nmodule m { x = 1 }\n'
    found = hcl.blocks(text(source))
    assert [(b.type, b.labels) for b in found.blocks] == [
        ("resource", ("aws_instance", "web")), ("locals", ()), ("module", ("m",)),
    ]  # fmt: skip
    assert found.problems == []
    assert found.blocks[0].span.text == 'resource "aws_instance" "web"'
    assert found.blocks[0].block_span.text.endswith('a = "}"\n}')


@pytest.mark.parametrize(
    "inner",
    [
        'a = "${b("}")} {"',
        'a = "$${ {"',
        'a = "$$${b} {${"}"}"'.replace(" {$", " $"),
        'a = "%{ if true }{%{ endif }"'.replace("}{%", "}x%"),
        'a = <<EOT\n}}} " ${ignored\nEOT',
        "a = <<-EOT\n  } {\n  EOT",
        "# }\na = 1",
        "// }\na = 1",
        "/* } \n } */ a = 1",
        'a = "\\"}"',
        "a = 1 / 2",
        "a = 1 < 2",
        'a = "# no comment"',
    ],
)
def test_braces_in_texts_do_not_close_a_block(inner: str) -> None:
    found = hcl.blocks(text(f"one {{\n{inner}\n}}\ntwo {{\n}}\n"))
    assert [block.type for block in found.blocks] == ["one", "two"]
    assert found.problems == []


def test_an_unclosed_block_is_told_and_the_next_is_read() -> None:
    source = 'resource "a" "b" {\n  x = {\n}\n\nresource "c" "d" {\n  y = 1\n}\n'
    found = hcl.blocks(text(source))
    assert [block.labels for block in found.blocks] == [("c", "d")]
    assert [(p.message, p.start) for p in found.problems] == [("the block is not closed", 0)]


def test_text_between_blocks_is_told() -> None:
    found = hcl.blocks(text("x = 1\nlocals {\n}\n"))
    assert [block.type for block in found.blocks] == ["locals"]
    assert [problem.message for problem in found.problems] == ["a block is expected here"]


@pytest.mark.parametrize("text", ["x = <<E\n", 'resource "a" "b" {\n', 'resource "a" "b" {\n x = <<E\n'])
def test_a_file_of_errors_is_given_up(text: str) -> None:
    document = hcl.blocks(SourceText("main.tf", text * 10_000))
    assert len(document.problems) == hcl.MAX_PROBLEMS + 1
    assert "too many errors" in document.problems[-1].message


def test_windows_line_ends() -> None:
    source = 'locals {\r\n  a = 1\r\n  b = <<EOT\r\n}\r\nEOT\r\n  c = "x"\r\n}\r\n'
    found = hcl.blocks(text(source))
    assert found.problems == []
    parsed = found.blocks[0].body
    assert parsed.problems == []
    assert list(parsed.attributes) == ["a", "b", "c"]


# Bodies


def test_attributes_and_nested_blocks() -> None:
    parsed = body('a = 1 # one\nb {\n  c "l" m {\n    d = true\n  }\n}\ne = [\n  1,\n]\n')
    assert parsed.problems == []
    assert list(parsed.attributes) == ["a", "e"]
    inner = parsed.blocks[0].body.blocks[0]
    assert (inner.type, inner.labels, list(inner.body.attributes)) == ("c", ("l", "m"), ["d"])


def test_an_error_is_confined_to_its_attribute() -> None:
    parsed = body('a = "x"\nb = [1, 2\nc = }\nd = 3\n')
    assert "a" in parsed.attributes
    parsed = body("a = 1\nb = = 2\nc = 3\nblock {\n  d = )\n  e = 5\n}\n")
    assert isinstance(parsed.attributes["b"].expression, ast.Invalid)
    assert set(parsed.attributes) == {"a", "b", "c"}
    assert len(parsed.problems) == 1
    inner = parsed.blocks[0].body
    assert "e" in inner.attributes
    assert len(inner.problems) == 1


def test_an_error_has_its_place() -> None:
    source = text("locals {\n  a = 1\n  b = 2 +\n  c = 3\n}\n")
    problem = hcl.blocks(source).blocks[0].body.problems[0]
    assert source.position(problem.start).line == 3
    assert problem.message == "a value is expected here"


def test_an_attribute_set_twice_is_told_and_the_last_counts() -> None:
    parsed = body("a = 1\na = 2\n")
    assert [problem.message for problem in parsed.problems] == ["the attribute `a` is set twice in one block"]
    value = parsed.attributes["a"].expression
    assert isinstance(value, ast.Literal)
    assert value.value == 2


# Expressions


@pytest.mark.parametrize(
    "source",
    [
        "a.b", "a[0].b", "a.0.b", "a.*.b", "a[*].b[0]", "f(a, b...)", "f(\n  a,\n  b,\n)", "[for x in y : x]",
        "{for k, v in y : k => v... if v}",
        "a ? b : c", "-a + !b", "(\n a\n .b\n)",
        '{ a = 1, "b" : 2, (c) = 3 }',
        "{\n  a = 1\n  b = 2 # c\n}", "{ for = 1 }", "{ if = 1, in = 2 }", "provider::x::f(1)",
        "[[], {}]", '"${a}"',
        "größe.ß", "a-b", "1e3", "1.5e-3", "<<X\na\nX\n", "[<<-X\n  a\n  X\n  , 2]", "a /* c */ + b",
    ],
)  # fmt: skip
def test_accepted(source: str) -> None:
    node = expression(source)
    assert 0 <= node.start <= node.end <= len(source)


@pytest.mark.parametrize(
    "source",
    [
        "", "a b", "[1, 2", "{a = 1", "f(1 2)", "a.", "a[", "a ? b", "1 +", '"a', '"${a"', "${a}", "{a}",
        "{a = 1 b = 2}",
        "[for x y : x]", "<<X\na\n", '"%{ if a }"',
        '"%{ endif }"', '"\\q"', "a ? : b", "'a'", "é = 1", "f(a... , b)",
    ],
)  # fmt: skip
def test_refused(source: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        expression(source)
    assert 0 <= caught.value.start <= len(source)


def test_precedence() -> None:
    node = expression("a || b && c == d + e * f")
    assert isinstance(node, ast.Binary)
    operators = []
    while isinstance(node, ast.Binary):
        operators.append(node.operator)
        node = node.right
    assert operators == ["||", "&&", "==", "+", "*"]


def test_an_index_behind_an_attribute_splat_applies_to_its_result() -> None:
    node = expression("a.*.b[0]")
    assert isinstance(node, ast.Traversal)
    assert isinstance(node.base, ast.Traversal)
    full = expression("a[*].b[0]")
    assert isinstance(full, ast.Traversal)
    assert isinstance(full.base, ast.Name)


# Budgets


@pytest.mark.parametrize(
    "source",
    [
        "[" * 100_000, "{a=" * 10_000, "(" * 50_000, "!" * 50_000, "-" * 50_000, '"${' * 20_000, "f(" * 50_000,
        "a?" * 30_000, "a ? b : " * 30_000, "[for x in " * 20_000, "9" * 100_000, "1e" + "9" * 50,
    ],
)  # fmt: skip
def test_deep_nesting_is_refused(source: str) -> None:
    with pytest.raises(SyntaxProblem):
        expression(source)
    assert body(f"a = {source}\nb = 1\n").problems


def test_deep_blocks_are_refused() -> None:
    deep = "a {\n" * 5_000 + "}\n" * 5_000
    found = hcl.blocks(text(deep))
    assert len(found.blocks) == 1
    inner = found.blocks[0].body
    while inner.blocks:
        inner = inner.blocks[0].body
    assert f"more than {MAX_DEPTH} levels" in inner.problems[0].message


def test_long_operator_chains_are_parsed() -> None:
    node = expression(" + ".join(["1"] * 2_000))
    assert isinstance(node, ast.Binary)


@given(st.text(alphabet='ab01 ={}[]()"$%~<>-\n\\#/*.,:?!|&EOT', max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_blocks_and_problems(source: str) -> None:
    """Whatever the text is, nothing is raised and every place lies in it."""
    document = hcl.blocks(text(source))
    for block in document.blocks:
        assert 0 <= block.start < block.end <= len(source)
        for problem in block.body.problems:
            assert 0 <= problem.start <= len(source)
    for problem in hcl.parse_file(text(source)).problems:
        assert 0 <= problem.start <= len(source)


@given(st.text(alphabet='ab ={}[]()"$%~\n\\', max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_template_or_refused(source: str) -> None:
    try:
        place = hcl.parse_template(text(source)).start
    except SyntaxProblem as problem:
        place = problem.start
    assert 0 <= place <= len(source)


# JSON


def test_json_blocks() -> None:
    source = SourceText(
        "main.tf.json",
        '{"//": "note", "resource": {"aws_instance": {"web": {"ami": "a-${var.x}", "n": 2}}},'
        ' "variable": [{"x": {"type": "string", "default": "\\u0031${1}"}}], "locals": {"a": [true, null]}}',
    )
    document = hcl_json.blocks(source)
    assert document.problems == []
    assert [(b.type, b.labels) for b in document.blocks] == [
        ("resource", ("aws_instance", "web")), ("variable", ("x",)), ("locals", ()),
    ]  # fmt: skip
    resource = document.blocks[0]
    assert resource.span.text == '"web"'
    assert isinstance(resource.body.attributes["ami"].expression, ast.Template)
    default = document.blocks[1].body.attributes["default"].expression
    assert isinstance(default, ast.Embedded)
    assert source.text[default.start : default.end] == '"\\u0031${1}"'


@pytest.mark.parametrize(
    "source", ["", "[1]", '{"a": }', '{"a": 1,}', '{"resource": 1}', "{" * 1000, '{"a": "\\x"}']
)
def test_broken_json_is_told(source: str) -> None:
    assert hcl_json.blocks(SourceText("main.tf.json", source)).problems


# The second opinion


def test_the_compiled_grammar_is_current() -> None:
    """Else: python -m vmlint.syntax.hcl_opinion"""
    assert hcl_opinion.COMPILED.read_bytes().startswith(hcl_opinion.fingerprint())


def test_the_second_opinion() -> None:
    assert hcl_opinion.accepts('a = "b"') is True
    assert hcl_opinion.accepts("a = = b") is False
    assert hcl_opinion.accepts("#" * 200_000) is None


def names_of(parsed: ast.Body) -> dict[str, Any]:
    """Names of attributes and blocks as python-hcl2 lists them."""
    found: dict[str, Any] = dict.fromkeys(parsed.attributes)
    for block in parsed.blocks:
        inner: Any = names_of(block.body)
        for label in reversed(block.labels):
            inner = {label: inner}
        found.setdefault(block.type, [])
        found[block.type].append(inner)
    return found


def theirs(data: Any) -> Any:
    """python-hcl2's dictionaries without the values of attributes."""
    if isinstance(data, list) and all(isinstance(item, dict) for item in data) and data:
        return [theirs(item) for item in data] if any(is_block(item) for item in data) else None
    if isinstance(data, dict) and is_block(data):
        return {key.strip('"'): theirs(value) for key, value in data.items() if not key.startswith("__")}
    return None


def is_block(data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    return "__is_block__" in data or any(is_block(value) for value in data.values())


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is not here")
def test_python_hcl2_reads_the_same_structure() -> None:
    """On a sample of real files, our parser and python-hcl2 find the same blocks and attributes."""
    import hcl2

    compared = 0
    for path in sorted(CORPUS.rglob("*.tf"))[::61]:
        source = path.read_text(encoding="utf-8-sig")
        if len(source) > 20_000 or re.search(r"^\.\./", source):
            continue
        parsed = body(source)
        try:
            data = hcl2.loads(source)
        except Exception:
            continue
        assert parsed.problems == [], path
        expected = {
            key: [theirs(item) for item in value] for key, value in data.items() if not key.startswith("__")
        }
        assert names_of(parsed) == expected, path
        compared += 1
    assert compared > 15

"""What is unknown and what stays known, the places of values and the definitions through which they came."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmlint.evaluation.terraform.functions.encoding import json_text
from vmlint.evaluation.terraform.functions.table import table
from vmlint.evaluation.terraform.modules import RootModule, evaluate, load_root, to_json
from vmlint.evaluation.terraform.values import Failed, first_unknown, is_large
from vmlint.files import Files
from vmlint.model.fact import Known, Unknown
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value, at, boolean, text

CONFIGURATION = """
variable "unset" {}
variable "secret" {
  default   = "hunter2"
  sensitive = true
}
variable "images" {
  default = { web = "nginx:1.27", db = "postgres:16" }
}
locals {
  agree    = { a = "same", b = "same" }
  differ   = { a = "web-1", b = "web-2" }
  image    = var.images["web"]
  by_space = { dev = "t3.small", prod = "m5.large" }
  loop     = local.loop_2
  loop_2   = "x${local.loop}"
  self     = [local.self]
}
resource "aws_launch_template" "x" {
  image_id      = "ami-1"
  instance_type = var.unset
}
data "aws_ami" "y" {
  owners = ["amazon"]
}
"""


@pytest.fixture
def root(tmp_path: Path) -> RootModule:
    (tmp_path / "main.tf").write_text(CONFIGURATION)
    return load_root(str(tmp_path), Files(tmp_path))


def value(root: RootModule, expression: str) -> Value:
    return evaluate(expression, root)


def known(root: RootModule, expression: str) -> object:
    return to_json(value(root, expression))


def unknown(root: RootModule, expression: str) -> Unknown:
    found = value(root, expression)
    assert isinstance(found, Unresolved), found
    return found.unknown


# Unknowns and what they keep


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("var.unset", "var.unset"),
        ("var.unset.a[0].b", "var.unset.a[0].b"),
        ('"x-${var.unset}"', "var.unset"),
        ("upper(var.unset)", "var.unset"),
        ("var.unset + 1", "var.unset"),
        ("[for x in var.unset : x]", "var.unset"),
        ("aws_launch_template.x.id", "aws_launch_template.x.id"),
        ("aws_launch_template.x.instance_type", "var.unset"),
        ("data.aws_ami.y.id", "data.aws_ami.y.id"),
        ("aws_instance.nowhere.id", "aws_instance.nowhere.id"),
        ("terraform.workspace", "terraform.workspace"),
        ("timestamp()", "timestamp()"),
        ("provider::x::f(1)", "provider::x::f()"),
        ("no_such_function(1)", "no_such_function()"),
        ("length(var.unset)", "var.unset"),
        ("merge({}, var.unset).a", "var.unset.a"),
        ("var.unset ? 1 : 2", "var.unset"),
        ("local.loop", "local.loop"),
    ],
)
def test_the_name_that_would_settle_it(root: RootModule, expression: str, name: str) -> None:
    found = value(root, expression)
    assert isinstance(found, Unresolved)
    assert not isinstance(found, Failed)
    assert found.unknown.expression == name
    assert found.unknown.reason
    assert not found.unknown.reason.endswith(".")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('var.unset ? "a" : "a"', "a"),
        ("var.unset == 1 ? [1, 2] : [1, 2]", [1, 2]),
        ("local.agree[var.unset]", "same"),
        ('lookup(local.agree, var.unset, "same")', "same"),
        ("false && var.unset", False),
        ("var.unset || true", True),
        ("length([var.unset, 1])", 2),
        ("[1, var.unset][0]", 1),
        ("{ a = var.unset, b = 2 }.b", 2),
        ("merge(var.unset, { b = 2 }).b", 2),
        ("concat([1], var.unset)[0]", 1),
        ("element([1, var.unset], 0)", 1),
        ("keys({ a = var.unset })", ["a"]),
        ("try(var.images.nothing, 5)", 5),
        ("can(var.images.nothing)", False),
        ('contains(["a", var.unset], "a")', True),
        ("anytrue([var.unset, true])", True),
        ('startswith("a${var.unset}", "a")', True),
        ('"a${var.unset}" == "b"', False),
        ('"a${var.unset}" == null', False),
        ('coalesce(null, "a")', "a"),
        ("aws_launch_template.x.image_id", "ami-1"),
        ("data.aws_ami.y.owners[0]", "amazon"),
        ("jsondecode(jsonencode({ a = 1, b = var.unset })).a", 1),
    ],
)
def test_known_in_spite_of_an_unknown(root: RootModule, expression: str, expected: object) -> None:
    assert known(root, expression) == expected


def test_templates_keep_their_prefix_and_parts(root: RootModule) -> None:
    found = value(root, '"postgres:${var.unset}-alpine"')
    assert isinstance(found, Unresolved)
    assert found.unknown.prefix == "postgres:"
    assert [part if isinstance(part, str) else part.expression for part in found.parts] == [
        "postgres:", "var.unset", "-alpine",
    ]  # fmt: skip
    assert unknown(root, 'lower("Postgres:${var.unset}")').prefix == "postgres:"
    assert unknown(root, 'format("%s:%s", "redis", var.unset)').prefix == "redis:"
    assert unknown(root, 'join(":", ["redis", var.unset])').prefix == "redis:"
    assert unknown(root, 'var.unset ? "nginx:1" : "nginx:2"').prefix == "nginx:"
    assert unknown(root, "local.differ[var.unset]").prefix == "web-"
    text_of = value(root, "<<-EOT\n  docker run ${var.unset}\n  %{ if var.unset }x%{ else }y%{ endif }\n  EOT\n")
    assert isinstance(text_of, Unresolved)
    assert text_of.unknown.prefix == "docker run "


def test_a_merge_with_something_unknown_may_override(root: RootModule) -> None:
    merged = value(root, "merge({ a = 1, b = 1 }, var.unset, { b = 2 })")
    assert isinstance(merged, Mapping)
    assert merged.rest is not None
    assert isinstance(merged.entries["a"], Unresolved)
    assert to_json(merged.entries["b"]) == 2
    assert isinstance(at(merged, "c"), Unresolved)


def test_arms_that_agree_in_part(root: RootModule) -> None:
    found = value(root, 'var.unset ? { a = 1, b = 2, c = 3 } : { a = 1, b = "x" }')
    assert isinstance(found, Mapping)
    assert to_json(found.entries["a"]) == 1
    assert isinstance(found.entries["b"], Unresolved)
    assert isinstance(found.entries["c"], Unresolved)
    listed = value(root, 'var.unset ? ["a", "b"] : ["a"]')
    assert isinstance(listed, Sequence)
    assert listed.rest is not None
    assert to_json(listed.items[0]) == "a"


def test_a_filter_that_is_unknown_leaves_the_rest_open(root: RootModule) -> None:
    found = value(root, "{ for k, v in { a = true, b = var.unset } : k => v if v }")
    assert isinstance(found, Mapping)
    assert list(found.entries) == ["a"]
    assert found.rest is not None


def test_encoded_texts_keep_their_tree(root: RootModule) -> None:
    for expression in ("jsonencode([{ image = var.unset, privileged = true }])",
                       "base64encode(jsonencode([{ privileged = true }]))"):  # fmt: skip
        encoded = value(root, expression)
        assert isinstance(encoded, Scalar | Unresolved)
        content = encoded.content
        while isinstance(content, Scalar):
            content = content.content
        assert isinstance(content, Sequence)
        fact = boolean(at(content.items[0], "privileged"))
        assert isinstance(fact, Known)
        assert fact.span.text == "privileged = true"


# Places and definitions


def test_a_reference_has_its_own_place_and_the_chain_of_definitions(root: RootModule) -> None:
    found = value(root, "local.image")
    assert found.span.text == "local.image"
    assert [(origin.label, origin.span.text) for origin in found.via] == [
        ("local.image", 'var.images["web"]'),
        ('variable "images" default', '"nginx:1.27"'),
    ]


def test_a_template_names_what_it_was_made_from(root: RootModule) -> None:
    found = value(root, '"docker run ${local.image}"')
    assert [origin.label for origin in found.via] == ["local.image", 'variable "images" default']


def test_a_member_that_a_function_picks_keeps_its_definition(root: RootModule) -> None:
    found = value(root, 'lookup(var.images, "db", "none")')
    assert found.span.text == 'lookup(var.images, "db", "none")'
    assert [(origin.label, origin.span.text) for origin in found.via] == [
        ('variable "images" default', '"postgres:16"')
    ]


def test_secrets_stay_marked(root: RootModule) -> None:
    for expression in ("var.secret", '"x${var.secret}"', "upper(var.secret)", 'sensitive("x")', "[var.secret][0]"):
        assert value(root, expression).sensitive, expression
    assert not value(root, "nonsensitive(var.secret)").sensitive


def test_facts_of_values(root: RootModule) -> None:
    fact = text(value(root, '"postgres:${var.unset}"'))
    assert isinstance(fact, Unknown)
    assert fact.prefix == "postgres:"


# Hostile input


@pytest.mark.parametrize(
    "expression",
    [
        "range(1e9)",
        "range(0, 1, 1e-12)",
        'regex("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")',
        'regexall("(x*)*y", join("", [for i in range(1000) : "x"]))',
        'replace(join("", [for i in range(1000) : "ab"]), "/(a|b|ab)*c/", "")',
        'regex(".*.*.*.*.*x", join("", [for i in range(1000) : "aaaaaaaaaaaaaaaaaaaa"]))',
        "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : [for d in range(1000) : d]]]]",
        "setproduct(range(1000), range(1000), range(1000))",
        'format("%999999999d", 1)',
        'indent(999999999, "a\\nb")',
        "pow(10, 1e9)",
        "1e999999999 * 10",
        'file("../../../../../../../../etc/passwd")',
        'file("/etc/passwd")',
        'templatefile("/etc/passwd", {})',
        'filebase64("~/.ssh/id_rsa")',
        'filesha256("/etc/passwd")',
        "local.self[0][0][0]",
        'parseint("9", 99)',
        'cidrsubnets("10.0.0.0/8", 4, 4, 99)',
        'yamldecode("a: &a [x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\n").a[9]',
        'jsondecode(join("", [for i in range(1000) : "["]))',
    ],
)
def test_hostile_expressions_are_bounded(root: RootModule, expression: str) -> None:
    assert isinstance(value(root, expression), Unresolved)


def test_a_long_sum_in_a_body(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(f'resource "t" "a" {{\n  x = {" + ".join(["1"] * 30_000)}\n  y = 1\n}}\n')
    body = next(iter(load_root(str(tmp_path), Files(tmp_path)).resources())).body
    assert isinstance(body.entries["x"], Unresolved)
    assert to_json(body.entries["y"]) == 1


ATOMS = [
    "1", "-2.5", '"a"', '""', '"x${var.unset}"', "true", "null", "[]", "{}", "var.unset", "var.images",
    "local.agree", "aws_launch_template.x", "aws_launch_template.x.id", "[1, null, var.unset]",
    "{ a = [1], b = var.unset }", "toset([1, 2])", "local.loop", '"2020-01-01T00:00:00Z"', '"10.0.0.0/8"',
    "99999999999999999999999", "1e300",
]  # fmt: skip
FORMS = [
    "({0})", "[{0}, {1}]", "{{ a = {0}, (tostring({1})) = 1 }}", "{0} + {1}", "{0} == {1}", "{0} && {1}", "!{0}",
    "{0} ? {1} : {2}", "{0}[{1}]", "({0}).a", "({0})[*].a", "[for k, v in {0} : [k, v, {1}] if {2}]",
    "{{ for k, v in {0} : k => v... if {1} }}", "{{ for v in {0} : v => {1} }}", '"a${{{0}}}b${{{1}}}"',
    '"%{{ for x in {0} }}${{x}}%{{ endfor }}%{{ if {1} }}y%{{ endif }}"', "{0} % {1}", "{0} < {1}",
]  # fmt: skip


def expressions() -> st.SearchStrategy[str]:
    functions = st.sampled_from(sorted(table()))

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        calls = st.builds(
            lambda name, given, dots: f"{name}({', '.join(given)}{dots if given else ''})",
            functions, st.lists(inner, max_size=4), st.sampled_from(["", "", "..."]),
        )  # fmt: skip
        forms = st.builds(lambda form, a, b, c: form.format(a, b, c), st.sampled_from(FORMS), inner, inner, inner)
        return calls | forms

    return st.recursive(st.sampled_from(ATOMS), larger, max_leaves=8)


@given(expressions())
@settings(max_examples=400, deadline=None)
def test_every_expression_has_a_value(expression: str) -> None:
    """Evaluation is total: any well-formed expression gives a value, known or not, and never raises."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf").write_text(CONFIGURATION)
        found = evaluate(expression, load_root(folder, Files(Path(folder))))
    assert found.span.source is not None
    if first_unknown(found) is None:
        json_text(found)


def test_files_outside_the_root_are_unknown(root: RootModule) -> None:
    for path in ("/etc/passwd", "~/.profile"):
        assert isinstance(value(root, f'fileexists("{path}")'), Unresolved)
    for folder in ("/etc", "../..", "~"):
        assert isinstance(value(root, f'fileset("{folder}", "**")'), Unresolved)
    assert isinstance(value(root, 'fileset(".", "../../*")'), Unresolved)
    assert known(root, 'length(fileset("not-there", "**"))') == 0


def test_a_template_that_calls_itself(tmp_path: Path) -> None:
    (tmp_path / "a.tpl").write_text('${templatefile("a.tpl", {})}x')
    root = load_root(str(tmp_path), Files(tmp_path))
    assert isinstance(value(root, 'templatefile("a.tpl", {})'), Unresolved)


def test_a_long_chain_of_locals(tmp_path: Path) -> None:
    lines = [f"l{number} = local.l{number + 1}" for number in range(3_000)]
    (tmp_path / "main.tf").write_text("locals {\n" + "\n".join(lines) + "\nl3000 = 1\n}\n")
    root = load_root(str(tmp_path), Files(tmp_path))
    assert isinstance(value(root, "local.l0"), Unresolved)
    assert known(root, "local.l2990") == 1


def test_doubling_locals_are_evaluated_once(tmp_path: Path) -> None:
    lines = [f"l{number} = [local.l{number + 1}, local.l{number + 1}]" for number in range(100)]
    (tmp_path / "main.tf").write_text("locals {\n" + "\n".join(lines) + "\nl100 = 1\n}\n")
    root = load_root(str(tmp_path), Files(tmp_path))
    assert isinstance(value(root, "local.l90"), Sequence)
    for expression in (
        "local.l60",
        "local.l0",
        "local.l0 == local.l1",
        "flatten(local.l40)",
        "jsonencode(local.l50)",
    ):
        assert not is_large(value(root, expression))


def test_doubling_texts_are_bounded(tmp_path: Path) -> None:
    lines = [f'l{number} = "${{local.l{number + 1}}}${{local.l{number + 1}}}"' for number in range(60)]
    (tmp_path / "main.tf").write_text("locals {\n" + "\n".join(lines) + '\nl60 = "x"\n}\n')
    root = load_root(str(tmp_path), Files(tmp_path))
    assert isinstance(value(root, "local.l0"), Unresolved)

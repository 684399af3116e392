"""Laws: what a module comes to does not depend on how its blocks are spread over files, and on real files only what
Terraform itself refuses is unreadable."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED
from vmlint.evaluation.terraform.configuration import read_document, text_of
from vmlint.evaluation.terraform.modules import load_root
from vmlint.files import Files, Refusal
from vmlint.syntax.hcl_ast import Body

BLOCKS = (
    'variable "size" { default = "large" }\n',
    'locals { name = "${local.prefix}-${var.size}" }\n',
    'locals { prefix = upper("a") }\n',
    'resource "t" "one" {\n  name = local.name\n  peer = t.two["x"].id\n}\n',
    'resource "t" "two" {\n  for_each = toset(["y", "x"])\n  id       = "${each.key}-${local.name}"\n}\n',
    'module "m" {\n  source = "./m"\n  given  = t.one.name\n}\n',
    'output "o" { value = module.m.made }\n',
)
CALLED = 'variable "given" {}\noutput "made" { value = "<${var.given}>" }\nresource "t" "in" { x = var.given }\n'


def values(files: dict[str, str]) -> dict[str, str]:
    """The attributes of all resource instances."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        (Path(folder) / "m").mkdir()
        (Path(folder) / "m" / "main.tf").write_text(CALLED)
        root = load_root(folder, Files(folder))
        found = {one.address: repr(one.body.entries) for one in root.resources()}
        assert root.problems == []
        return found


@settings(max_examples=25, deadline=None)
@given(st.permutations(BLOCKS), st.lists(st.integers(0, 3), min_size=len(BLOCKS), max_size=len(BLOCKS)))
def test_the_order_of_blocks_and_files_means_nothing(blocks: list[str], places: list[int]) -> None:
    files: dict[str, str] = {}
    for block, place in zip(blocks, places, strict=True):
        files[f"{'dcba'[place]}.tf"] = files.get(f"{'dcba'[place]}.tf", "") + block
    assert values(files) == values({"main.tf": "".join(BLOCKS)})


# What is told of a file -> why Terraform 1.11 refuses it too.
REFUSED = {
    "a block is expected here": "an attribute, or text that is none of HCL, at the top of a file",
    "is set twice in one block": "Attribute redefined",
    "`=` is missing behind the key": "Missing key/value separator: a block within an object",
    "there is no such escape sequence": "Invalid escape sequence",
    "a value is expected here": "Invalid expression",
    "the block is not closed": "Unclosed configuration block",
    "it is a link to": "a link as git writes it, whose target is not in the folder",
}


def problems(body: Body) -> list[str]:
    return [p.message for p in body.problems] + [text for block in body.blocks for text in problems(block.body)]


@pytest.mark.skipif(not (SHARED / "corpus" / "terraform").is_dir(), reason="the shared corpus is not here")
def test_real_files_are_read_but_for_what_terraform_refuses() -> None:
    root = SHARED / "corpus" / "terraform"
    reader = Files(root)
    told: list[str] = []
    number = 0
    for path in sorted([*root.rglob("*.tf"), *root.rglob("*.tofu")]):
        source = text_of(reader, str(path))
        number += 1
        if isinstance(source, Refusal):
            told.append(source.message)
            continue
        document = read_document(source)
        told += [problem.message for problem in document.problems]
        told += [text for block in document.blocks for text in problems(block.body)]
    assert number > 1_000
    assert [text for text in told if not any(reason in text for reason in REFUSED)] == []
    assert len(told) < number / 50

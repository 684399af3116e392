"""The examples of every rule are its tests: read by the real sources, judged by the real engine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from vmlint.engine import plugins
from vmlint.engine.choices import Choices
from vmlint.engine.config import Config
from vmlint.engine.report import Result
from vmlint.engine.run import scan
from vmlint.files import Files
from vmlint.rule import Bad, Good
from vmlint.sources.reading import Surroundings

RULES = [loaded for loaded in plugins.load() if loaded.check is not None]
CASES = [
    pytest.param(loaded, example, id=f"{loaded.rule.id}-{type(example).__name__}-{at}-{example.file}")
    for loaded in RULES
    for at, example in enumerate(loaded.rule.examples)
]


def format_of(example: Bad | Good) -> str:
    if example.file.endswith((".tf", ".tf.json", ".tofu")):
        return "terraform"
    return "compose" if "compose" in example.file else "kubernetes"


def results(
    loaded: plugins.LoadedRule, example: Bad | Good, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Result]:
    spec = importlib.util.find_spec(f"vmlint.sources.{format_of(example)}")
    if spec is None or spec.origin is None:
        pytest.skip("no source for that format")
    (folder / example.file).write_text(example.text.lstrip("\n"), encoding="utf-8")
    monkeypatch.chdir(folder)
    rule = loaded.rule
    options = {} if example.options is None else {rule.id: example.options}
    choices = Choices(pedantic=rule.pedantic, config=Config(options=options))
    report = scan(["."], Surroundings(Files(folder)), (loaded,), choices)
    assert report.summary.workloads, "the example holds no workload"
    assert not report.unreadable, [problem.message for problem in report.unreadable]
    return list(report.results)


@pytest.mark.parametrize(("loaded", "example"), CASES)
def test_example(
    loaded: plugins.LoadedRule, example: Bad | Good, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = results(loaded, example, tmp_path, monkeypatch)
    if isinstance(example, Good):
        assert [result.finding.message for result in found] == []
        return
    assert len(found) == 1, [(result.finding.message, result.finding.span.text) for result in found]
    span = found[0].finding.span
    assert span.text == example.at
    assert span.source.text[: span.start].count(example.at) == example.nth - 1


@pytest.mark.parametrize("loaded", RULES, ids=lambda loaded: loaded.rule.id)
def test_every_format_has_examples(loaded: plugins.LoadedRule) -> None:
    for kind in (Bad, Good):
        formats = {format_of(example) for example in loaded.rule.examples if isinstance(example, kind)}
        assert formats == set(loaded.rule.formats), f"{kind.__name__} examples"

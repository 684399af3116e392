"""The reference loader's own cases: what placement reads of a project is what that loader reads."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import SHARED
from vmlint.evaluation.environment import of_the_run, read_environment
from vmlint.evaluation.interpolation import Environment, interpolate
from vmlint.files import Files
from vmlint.model.fact import Unknown
from vmlint.model.finding import ProblemKind
from vmlint.model.span import SourceText
from vmlint.model.value import Scalar, Unresolved, at, entries
from vmlint.sources import compose
from vmlint.sources.compose.merge import as_mapping
from vmlint.sources.compose.project import Project, load
from vmlint.sources.reading import Settings, Surroundings, Unit
from vmlint.syntax.yaml import parse

DATA = SHARED / "conformance/compose-go-testdata"
TESTS = DATA / "_go-tests"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the reference loader's data is not beside the project")

# A string of Go, quoted either way.
STRING = r'("(?:[^"\\]|\\.)*"|`[^`]*`)'


def text_of(literal: str) -> str:
    return literal[1:-1] if literal.startswith("`") else str(ast.literal_eval(literal))


def source_of(path: str) -> str:
    return (TESTS / path).read_text(encoding="utf-8")


def expanded(template: str) -> str | None:
    """None where it is refused or its variable is required."""
    environment = of_the_run({"FOO": "first", "BAR": "", "JSON": '{"json":2}'})
    value = interpolate(Scalar(template, SourceText("c.yaml", template), 0, len(template)), environment)
    return None if isinstance(value, Unresolved) else value.text if isinstance(value, Scalar) else ""


def test_templates() -> None:
    text = source_of("template/template_test.go").partition("func TestSubstituteWithCustomFunc")[0]
    pairs = re.findall(rf"Substitute\({STRING}, defaultMapping\)\s+\S.*\s+.*Equal\({STRING}, result", text)
    pairs += re.findall(rf"template:\s+{STRING},\s+expected:\s+{STRING}", text)
    assert len(pairs) > 30
    wrong = {t: expanded(text_of(t)) for t, result in pairs if expanded(text_of(t)) != text_of(result)}
    assert wrong == {}


def test_templates_that_are_refused() -> None:
    text = source_of("template/template_test.go")
    listed = text.partition("invalidTemplates := []string{")[2].partition("}\n\n")[0]
    refused = re.findall(STRING, listed)
    refused += re.findall(rf"template:\s+{STRING},\s+expectedError:", text)
    assert len(refused) > 12
    assert [t for t in refused if expanded(text_of(t)) is not None] == []


def variables_of(text: str, outer: dict[str, str] | None = None) -> dict[str, str]:
    read = read_environment(SourceText(".env", text), of_the_run(outer or {"UNUSED": ""}))
    assert read.problems == ()
    return {name: variable.value for name, variable in read.variables.items()}


def test_lines_of_environment_files() -> None:
    pairs = re.findall(rf"parseAndCompare\(t, {STRING}, {STRING}, {STRING}\)", source_of("dotenv/godotenv_test.go"))
    assert len(pairs) > 45
    wrong = [
        (line, variables_of(text_of(line)))
        for line, name, value in pairs
        # A variable without a name is nobody's.
        if text_of(name) and variables_of(text_of(line)).get(text_of(name)) != text_of(value)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "plain",
            {
                "OPTION_A": "1",
                "OPTION_C": "3",
                "OPTION_D": "4",
                "456": "ABC",
                "OPTION_G": "",
                "OPTION_H": "my string",
            },
        ),
        ("exported", {"OPTION_A": "2", "OPTION_B": "\\n"}),
        ("equals", {"OPTION_A": "postgres://localhost:5432/database?sslmode=disable"}),
        (
            "quoted",
            {
                "OPTION_D": "\\n",
                "OPTION_H": "\n",
                "OPTION_I": "echo 'asd'",
                "OPTION_J": "first line\nsecond line\nthird line\nand so on",
                "OPTION_K": "Let's go!",
                "OPTION_Z": "last value",
            },
        ),
        ("unquoted", {"OPTION_D": "then another one with an unquoted phrase special è char"}),
        ("substitutions", {"OPTION_B": "1", "OPTION_D": "1_1", "OPTION_E": ""}),
        ("substitutions-default", {"OPTION_A": "1", "OPTION_D": "1_1"}),
        ("special", {"VAR.WITH.DOTS": "dots", "VAR-WITH-DASHES": "dashes"}),
        ("inherited-multi-var", {"foo": "bar", "VAR_TO_BE_LOADED_FROM_OS_ENV": "given", "bar": "baz"}),
    ],
)
def test_environment_files(name: str, expected: dict[str, str]) -> None:
    text = (DATA / "dotenv/fixtures" / f"{name}.env").read_text(encoding="utf-8")
    found = variables_of(text, {"VAR_TO_BE_LOADED_FROM_OS_ENV": "given"})
    assert {key: found.get(key) for key in expected} == expected


def test_environment_files_that_are_refused() -> None:
    broken = (DATA / "dotenv/fixtures/invalid1.env").read_text(encoding="utf-8")
    (problem,) = read_environment(SourceText(".env", broken)).problems
    assert problem.span.line == 7
    cases = source_of("dotenv/godotenv_test.go").partition("func TestUnterminatedQuotes")[2].partition("}\n")[0]
    literals = re.findall(r"`[^`]*`", cases)
    assert len(literals) == 8
    for literal in literals:
        assert read_environment(SourceText(".env", text_of(literal))).problems, literal


def project(folder: Path, *names: str, environment: dict[str, str] | None = None) -> Project:
    settings = Settings(environment=environment or {})
    return load(names, Surroundings(Files(folder), settings))


def bodies(loaded: Project) -> dict[str, object]:
    return {service.name: service.body for service in loaded.services}


CASES = [
    (path.name, text)
    for path in sorted((TESTS / "loader/tests").glob("*_test.go"))
    for text in re.findall(r"\bload\(t, `([^`]*)`\)", path.read_text(encoding="utf-8"))
]


def test_every_valid_file_of_the_loader_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(CASES) > 60
    for name, text in CASES:
        Path("compose.yaml").write_text(text, encoding="utf-8")
        reading = compose.read(Unit("compose", ("compose.yaml",)), Surroundings(Files("."), Settings(strict=True)))
        problems = [problem for problem in reading.problems if problem.kind is not ProblemKind.SKIPPED]
        assert problems == [], (name, text)
        services = at(parse(SourceText("compose.yaml", text)).documents[0].root, "services")
        runs = {
            service
            for service, body in entries(services)
            if not isinstance(at(body, "image"), type(at(body, "no such key"))) and "provider" not in body.entries  # type: ignore[attr-defined]
        }
        assert {workload.name for workload in reading.workloads} >= runs, (name, text)


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the loader's own tests, with their data in it."""
    shutil.copytree(DATA / "loader/testdata", tmp_path / "testdata")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(name: str, test: str, path: str) -> None:
    """The first file that a test of the reference writes, as `name`."""
    body = source_of(path).partition(f"func {test}(")[2]
    match = re.search(r"`([^`]*)`", body)
    assert match is not None
    Path(name).write_text(match[1], encoding="utf-8")


def test_extends(loader: Path) -> None:
    written("compose.yaml", "TestExtends", "loader/extends_test.go")
    found = project(loader, "compose.yaml")
    assert {name: at(body, "image").text for name, body in bodies(found).items()} == {  # type: ignore[arg-type,attr-defined]
        "test1": "base",
        "test2": "base",
        "test3": "base",
    }


@pytest.mark.parametrize(
    ("test", "service", "path", "expected"),
    [
        ("TestExtendsPort", "test", ("ports",), "8000:8000"),
        ("TestExtendsNil", "test", ("image",), "test"),
        ("TestExtendsReset", "test", ("command",), None),
        ("TestExtendsWithInterpolation", "test", ("volumes",), "/dev/null:/tmp/foo:ro"),
        ("TestLoadExtendsListener", "foo", ("image",), "busybox"),
        ("TestLoadExtendsListener", "foo", ("command",), "echo"),
    ],
)
def test_what_is_extended(
    loader: Path, test: str, service: str, path: tuple[str, ...], expected: str | None
) -> None:
    written("compose.yaml", test, "loader/extends_test.go")
    found = project(loader, "compose.yaml")
    assert found.problems == []
    value = at(bodies(found)[service], *path)  # type: ignore[arg-type]
    first = value.items[0] if hasattr(value, "items") and value.items else value
    assert getattr(first, "text", None) == expected


def test_extended_references_of_services_are_kept(loader: Path) -> None:
    text = "services: {bar: {extends: {file: testdata/extends/depends_on.yaml, service: with_volumes_from}}}"
    Path("compose.yaml").write_text(text, encoding="utf-8")
    (bar,) = project(loader, "compose.yaml").services
    assert [item.text for item in at(bar.body, "volumes_from").items] == ["zot"]  # type: ignore[attr-defined]


def test_relative_paths_of_an_extended_service(loader: Path) -> None:
    written("compose.yaml", "TestExtendsRelativePath", "loader/extends_test.go")
    (service,) = project(loader, "compose.yaml").services
    build = at(service.body, "build")
    assert service.path(getattr(at(build, "context") if hasattr(build, "entries") else build, "text", ""), build)


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("testdata/compose-include.yaml", {"bar": "bar", "imported": "nginx"}),
        ("testdata/include/compose.yaml", {"included": None}),
        ("testdata/combined/compose.yaml", {"service": None}),
        ("testdata/compose-test-extends.yaml", {"importer": "nginx"}),
        ("testdata/compose-test-extends-with-context-url.yaml", {"importer-with-https-url": None}),
    ],
)
def test_files_of_the_loader(loader: Path, name: str, images: dict[str, str | None]) -> None:
    found = project(loader, name)
    assert {
        key: getattr(at(body, "image"), "text", None)  # type: ignore[arg-type]
        for key, body in bodies(found).items()
    } == images


def test_a_cycle_of_includes_is_told(loader: Path) -> None:
    found = project(loader, "testdata/compose-include-cycle.yaml")
    assert [problem.message for problem in found.problems] == [
        "testdata/compose-include-cycle.yaml includes itself"
    ]


def test_the_environment_goes_before_the_file_of_an_include(loader: Path) -> None:
    text = (
        "include: [{path: testdata/subdir/compose-test-extends-imported.yaml, env_file: testdata/subdir/extra.env}]"
    )
    Path("compose.yaml").write_text(text, encoding="utf-8")
    for environment, expected in (({}, "extends"), ({"SOURCE": "override"}, "override")):
        (service,) = project(loader, "compose.yaml", environment=environment).services
        assert at(service.body, "container_name").text == expected  # type: ignore[attr-defined]


def test_paths_of_a_project_directory(loader: Path) -> None:
    found = project(loader, "testdata/include/project-directory.yaml")
    (service,) = found.services
    assert service.path("x", at(service.body, "image")) == "testdata/subdir/x"


def files_of(test: str, path: str) -> list[str]:
    body = source_of(path).partition(f"func {test}(")[2].partition("\nfunc ")[0]
    return [text for text in re.findall(r"`([^`]*)`", body) if "services:" in text or "=" in text]


@pytest.mark.parametrize(
    ("test", "path", "expected"),
    [
        ("Test_LoadWithReset", "loader/merge_reset_test.go", {"foo": {"image": "foo", "environment": None}}),
        ("TestResetTagWithSharedAlias", "loader/reset_test.go", {"svc1": {"ports": None}, "svc2": {"ports": None}}),
        ("TestNestedAliasReset", "loader/reset_test.go", {"svc": {"ports": None, "image": "alpine"}}),
        ("TestDirectAliasWithReset", "loader/reset_test.go", {"svc1": {"ports": None}, "svc2": {"ports": None}}),
        ("TestOverrideVolume", "loader/override_test.go", {"test": {"volumes": "./src:/src"}}),
        ("TestOverrideBuildContext", "loader/override_test.go", {"test": {"build.context": "src"}}),
    ],
)
def test_overrides(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    test: str,
    path: str,
    expected: dict[str, dict[str, str | None]],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in zip(("compose.yaml", "over.yaml"), files_of(test, path), strict=True):
        Path(name).write_text(text, encoding="utf-8")
    found = project(tmp_path, "compose.yaml", "over.yaml")
    assert found.problems == []
    for service, values in expected.items():
        for key, value in values.items():
            read = at(bodies(found)[service], *key.split("."))  # type: ignore[arg-type]
            members = getattr(read, "items", None)
            assert getattr(members[0] if members else read, "text", None) == value


def test_an_override_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("base.yaml", "override.yaml", "compose.yaml")
    for name, text in zip(names, files_of("TestOverrideMiddle", "loader/override_test.go"), strict=True):
        Path(name).write_text(text, encoding="utf-8")
    (test,) = project(tmp_path, "compose.yaml").services
    assert [item.text for item in at(test.body, "volumes").items] == ["/bar:/bar", "/zot:/zot"]  # type: ignore[attr-defined]
    assert [name for name, _ in entries(as_mapping(at(test.body, "networks")))] == ["zot"]


def test_an_include_with_its_own_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    main, environment, module = files_of("TestLoadWithIncludeEnv", "loader/include_test.go")
    Path("module").mkdir()
    for name, text in (("compose.yml", main), ("custom.env", environment), ("module/compose.yml", module)):
        Path(name).write_text(text, encoding="utf-8")
    found = project(tmp_path, "compose.yml")
    values = {service.name: found.environment(service)["VAR_NAME"] for service in found.services}
    assert isinstance(values.pop("a"), Unknown)
    assert {name: getattr(value, "value", None) for name, value in values.items()} == {"b": "value", "c": "value"}


def test_a_variable_of_a_known_environment_is_empty_where_nothing_sets_it() -> None:
    assert expanded("a${NOTHING}b") == "ab"
    assert Environment().complete is False

"""Kustomize: what is read without running it is what kustomize builds, and it is reported where it is set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED, Outcome
from vmlint.files import Files
from vmlint.model.fact import Absent, Known, Unknown
from vmlint.model.finding import ProblemKind
from vmlint.model.record import Record
from vmlint.model.span import SourceText, Span
from vmlint.model.workload import Workload
from vmlint.sources import kubernetes, kustomize
from vmlint.sources.kustomize.kustomization import is_named_so, load
from vmlint.sources.reading import Reading, Surroundings, Unit

Run = Callable[..., Outcome]
Write = Callable[[dict[str, str]], None]

FIXTURES = Path(__file__).parent / "fixtures" / "kustomize"
CASES = {"layers": "prod", "strategic": ".", "operations": ".", "generated": "prod", "replaced": "."}
KUSTOMIZE = shutil.which("kustomize")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by path into the working directory."""
    monkeypatch.chdir(tmp_path)

    def files(texts: dict[str, str]) -> None:
        for path, text in texts.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)

    return files


# The places and the unit differ between a kustomization and what it comes to; everything else is compared.
_PLACES = {"span", "via", "unit", "call_chain", "parts"}


def plain(value: Any) -> Any:
    """A workload's facts without their places."""
    match value:
        case Known():
            return plain(value.value)
        case Absent():
            return "absent"
        case Unknown():
            return f"unknown {value.expression}"
        case Span():
            return None
        case Record():
            names = (name for name in type(value).__match_args__ if name not in _PLACES)
            found = {name: plain(getattr(value, name)) for name in names}
            # kustomize sorts the keys of a ConfigMap, and so the files that it makes.
            return {**found, **({"files": sorted(found["files"])} if "files" in found else {})}
        case dict():
            return {key: plain(item) for key, item in sorted(value.items())}
        case tuple() | list():
            return [plain(item) for item in value]
    return value


def facts(workloads: tuple[Workload, ...]) -> dict[str, Any]:
    return {workload.address: plain(workload) for workload in workloads}


def read(path: str, files: Files | None = None) -> Reading:
    return kustomize.read(Unit("kustomize", (path,)), Surroundings(files or Files(".")))


def built(text: str) -> Reading:
    """What kustomize's own output holds."""
    files = Files(".")
    files.put("stdin.yaml", SourceText("stdin.yaml", text))
    return kubernetes.read(Unit("kubernetes", ("stdin.yaml",)), Surroundings(files))


def kustomization_in(folder: Path) -> str:
    return next(str(path) for path in sorted(folder.iterdir()) if is_named_so(path.name))


def run_kustomize(folder: Path | str, home: Path) -> subprocess.CompletedProcess[str]:
    """Offline: without git, and what it would fetch fails at once."""
    assert KUSTOMIZE is not None
    command = [KUSTOMIZE, "build", "--load-restrictor", "LoadRestrictionsNone", str(folder)]
    environment = {"PATH": "/nonexistent", "HOME": str(home), "HTTPS_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


@pytest.mark.parametrize("case", CASES)
def test_facts_are_those_of_the_build(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`expected.yaml` is what `kustomize build` of version 5.7 prints."""
    monkeypatch.chdir(FIXTURES / case / "input")
    reading = read(kustomization_in(Path(CASES[case])))
    assert [p.message for p in reading.problems if p.kind is not ProblemKind.SKIPPED] == []
    expected = facts(built((FIXTURES / case / "expected.yaml").read_text()).workloads)
    assert expected
    assert facts(reading.workloads) == expected


@pytest.mark.skipif(not KUSTOMIZE, reason="kustomize is not installed")
@pytest.mark.parametrize("case", CASES)
def test_the_expected_build_is_true(case: str, tmp_path: Path) -> None:
    done = run_kustomize(FIXTURES / case / "input" / CASES[case], tmp_path)
    assert done.stdout == (FIXTURES / case / "expected.yaml").read_text(), done.stderr


TOLD = (ProblemKind.UNREADABLE, ProblemKind.UNRENDERED, ProblemKind.ELSEWHERE)

# Reasons why a workload may differ from kustomize's output, by a field that does.
REASONS = {
    "containers.environment": "kustomize looks for a generated ConfigMap in the pod's own namespace only, and "
    "leaves the name without its hash where it stands in another; vmlint takes the one of that name",
    "containers.files": "the same; and a line of an env file without a value has that of the environment that runs "
    "kustomize, which vmlint does not know",
}


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        for key in ours:
            yield from differences(ours[key], theirs[key], f"{path}.{key}".lstrip("."))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from differences(one, other, path)
    elif ours != theirs:
        yield path


@pytest.mark.slow
@pytest.mark.skipif(not KUSTOMIZE, reason="kustomize is not installed")
@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus is not there")
def test_the_corpus_is_read_as_kustomize_builds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kustomization that kustomize can build comes to the same workloads and facts. Of those that it cannot
    build (something is not there, or would be fetched) we tell why too; a component alone is none of its fare."""
    monkeypatch.chdir(SHARED / "corpus")
    files = Files(".")
    count: Counter[str] = Counter()
    for top in ("kubernetes", "kustomize-examples"):
        for path in sorted(str(found) for found in Path(top).rglob("*ustomization*") if is_named_so(found.name)):
            kustomization = load(path, files)
            if kustomization is None:
                continue
            done = run_kustomize(kustomization.folder, tmp_path)
            reading = read(path, files)
            told = [problem for problem in reading.problems if problem.kind in TOLD]
            if done.returncode:
                count["refused by both"] += 1
                assert told or kustomization.is_component, f"{path}: {done.stderr[-300:]}"
                continue
            assert all(problem.kind is ProblemKind.ELSEWHERE for problem in told), path
            ours, theirs = facts(reading.workloads), facts(built(done.stdout).workloads)
            assert ours.keys() == theirs.keys(), path
            for address in theirs:
                count["workloads"] += 1
                for field in differences(ours[address], theirs[address]):
                    assert any(field.startswith(reason) for reason in REASONS), f"{path} {address} {field}"
                    count["differences"] += 1
    assert count["workloads"] > 300
    assert count["differences"] <= 10


# Reports

BASE = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
        "      containers:\n      - name: web\n        image: nginx:1.27\n"
        "        securityContext: {privileged: true}\n"
    ),
}
OVERLAY = "resources: [../base]\nnamePrefix: {0}-\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: nginx}]}\n"
KATA = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
    "spec: {template: {spec: {runtimeClassName: kata}}}\n"
)
PRIVILEGED = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
    "      containers:\n      - name: web\n        securityContext:\n          privileged: true\n"
)


def report(done: Outcome) -> dict[str, Any]:
    return dict(json.loads(done.out))


def places(done: Outcome, rule: str = "VML404") -> list[tuple[str, int, str]]:
    found = report(done)["findings"]
    return [(f["file"], f["line"], f["workload"]) for f in found if f["rule"] == rule]


def test_a_base_is_reported_through_its_overlays_once(vmlint: Run, write: Write) -> None:
    write({**BASE, **{f"{name}/kustomization.yaml": OVERLAY.format(name) for name in ("dev", "prod")}})
    done = vmlint("scan", "--format", "json", ".")
    assert places(done) == [
        ("base/web.yaml", 10, "Deployment/dev-web"),
        ("base/web.yaml", 10, "Deployment/prod-web"),
    ]
    assert report(done)["summary"]["error"] == 1
    assert report(done)["summary"]["files"] == 4
    (dev, _) = report(done)["findings"]
    assert {"message": "included here", "file": "dev/kustomization.yaml", "line": 1, "column": 13} in dev["related"]
    text = vmlint("scan", ".").out
    assert text.count("error[VML404]") == 1
    assert "also: Deployment/prod-web" in text


def test_a_base_without_an_overlay_is_reported_itself(vmlint: Run, write: Write) -> None:
    write(BASE)
    assert places(vmlint("scan", "--format", "json", ".")) == [("base/web.yaml", 10, "Deployment/web")]


def test_an_overlay_may_put_the_base_on_another_substrate(vmlint: Run, write: Write) -> None:
    write({**BASE, "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: kata.yaml}]\n"})
    write({"prod/kata.yaml": KATA})
    found = report(vmlint("scan", "--format", "json", "."))
    assert [w["substrate"]["class"] for w in found["workloads"]] == ["vm-container"]
    assert not [f for f in found["findings"] if f["severity"] == "error"]


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("prod/privileged.yaml", [("prod/privileged.yaml", 10, "Deployment/web")]),
        ("prod/kustomization.yaml", [("prod/privileged.yaml", 10, "Deployment/web")]),
        ("base/web.yaml", [("prod/privileged.yaml", 10, "Deployment/web")]),
        ("prod", [("prod/privileged.yaml", 10, "Deployment/web")]),
    ],
)
def test_a_named_file_is_read_with_its_kustomization(
    vmlint: Run, write: Write, named: str, found: list[tuple[str, int, str]]
) -> None:
    write({**BASE, "base/web.yaml": BASE["base/web.yaml"].replace("true", "false")})
    write({"prod/kustomization.yaml": "resources: [../base]\npatchesStrategicMerge: [privileged.yaml]\n"})
    write({"prod/privileged.yaml": PRIVILEGED, "other/kustomization.yaml": "resources: [pod.yaml]\n"})
    done = vmlint("scan", "--format", "json", named)
    assert places(done) == found
    assert len(report(done)["workloads"]) == 1
    for finding in report(done)["findings"]:
        assert {"base/web.yaml"} <= {note["file"] for note in finding["related"]}


def test_a_named_base_is_told_as_the_overlays_beside_it_use_it(vmlint: Run, write: Write) -> None:
    write({f"app/{path}": text for path, text in BASE.items()})
    write({"app/overlays/prod/kustomization.yaml": "resources: [../../base]\npatches: [{path: kata.yaml}]\n"})
    write({"app/overlays/prod/kata.yaml": KATA, "app/overlays/dev/kustomization.yaml": OVERLAY.format("dev")})
    write({"app/overlays/test/kustomization.yaml": "resources: [../../base, nowhere.yaml]\n"})
    found = report(vmlint("scan", "--format", "json", "app/base/web.yaml"))
    classes = sorted(w["substrate"]["class"] for w in found["workloads"])
    assert classes == ["container", "vm-container"]
    assert not found["unreadable"]


def test_an_inline_patch_has_the_places_of_the_kustomization(vmlint: Run, write: Write) -> None:
    indented = PRIVILEGED.replace("\n", "\n    ").rstrip()
    write({**BASE, "base/web.yaml": BASE["base/web.yaml"].replace("true", "false")})
    write({"prod/kustomization.yaml": f"resources: [../base]\npatches:\n- patch: |-\n    {indented}\n"})
    (found,) = report(vmlint("scan", "--format", "json", "."))["findings"]
    assert (found["file"], found["line"], found["column"]) == ("prod/kustomization.yaml", 13, 15)


def test_a_tag_that_an_overlay_sets_is_its_place(vmlint: Run, write: Write) -> None:
    write({**BASE, "prod/kustomization.yaml": 'resources: [../base]\nimages:\n- name: nginx\n  newTag: "latest"\n'})
    done = vmlint("scan", "--format", "json", "--profile", "pedantic", ".")
    assert places(done, "VML702") == [("prod/kustomization.yaml", 4, "Deployment/web")]


@pytest.mark.parametrize(
    ("entry", "code", "told"),
    [
        ("https://github.com/example/repo//base?ref=v1", 0, "is not rendered: it is fetched from elsewhere"),
        ("git@github.com:example/repo.git", 0, "is not rendered: it is fetched from elsewhere"),
        ("../nowhere", 3, "../nowhere: it does not exist"),
        ("../empty", 3, "../empty: the folder holds no kustomization"),
        ("../../outside", 3, "../../outside: it lies outside the scanned folder"),
        ("../leads-out.yaml", 3, "../leads-out.yaml: it lies outside the scanned folder"),
        ("../prod", 3, "the kustomization prod/kustomization.yaml uses itself"),
    ],
)
def test_what_a_kustomization_cannot_have_is_told(
    vmlint: Run,
    write: Write,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    entry: str,
    code: int,
    told: str,
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "web.yaml").write_text(BASE["base/web.yaml"])
    (tmp_path / "leads-out.yaml").symlink_to(outside / "web.yaml")
    (tmp_path / "empty").mkdir()
    write({"prod/kustomization.yaml": f"resources:\n- pod.yaml\n- {entry}\n"})
    write(
        {"prod/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: nginx}]}\n"}
    )
    done = vmlint("scan", "--format", "json", "prod")
    found = report(done)
    assert done.code == code
    messages = {m["message"].rstrip("."): m["line"] for m in (*found["unreadable"], *found["findings"])}
    (line,) = {line for message, line in messages.items() if told in message}
    assert line == 3
    assert [w["address"] for w in found["workloads"]] == ["Pod/a"]


def test_a_circle_is_told_and_does_not_end_the_scan(vmlint: Run, write: Write) -> None:
    write({"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n", **BASE})
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 1
    assert [m["message"] for m in report(done)["unreadable"]] == [
        "the kustomization a/kustomization.yaml uses itself"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "resources: [https://example.com/base]\npatches: [{path: privileged.yaml}]\n",
        "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\npatches: [{path: privileged.yaml}]\n",
    ],
)
def test_a_patch_without_its_base_is_decided_as_far_as_it_goes(vmlint: Run, write: Write, text: str) -> None:
    write({"kustomization.yaml": text, "privileged.yaml": PRIVILEGED})
    done = vmlint("scan", "--format", "json", ".")
    assert places(done) == [("privileged.yaml", 10, "Deployment/web")]
    (workload,) = report(done)["workloads"]
    assert workload["instances"] is None
    assert workload["images"] == []


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("{op: remove, path: /spec/nothing}", 'there is no "nothing"'),
        ("{op: add, path: /spec/nothing/deeper, value: 1}", 'there is no "nothing"'),
        ("{op: replace, path: /spec/containers/7/image, value: x}", "the list has no element 7"),
        ("{op: add, path: /spec/containers/x, value: 1}", '"x" is no place in a list'),
        ("{op: add, path: spec, value: 1}", '"spec" is no path'),
        ("{op: turn, path: /spec}", 'there is no operation "turn"'),
    ],
)
def test_an_operation_that_does_not_fit_is_told(vmlint: Run, write: Write, operation: str, told: str) -> None:
    patch = f"patches:\n- target: {{kind: Pod}}\n  patch: |-\n    - {operation}\n"
    write({"kustomization.yaml": f"resources: [pod.yaml]\n{patch}", "pod.yaml": POD})
    done = vmlint("scan", "--format", "json", ".")
    (problem,) = report(done)["unreadable"]
    assert (problem["file"], problem["line"]) == ("kustomization.yaml", 5)
    assert problem["message"] == f"the patch does not fit Pod/a: {told}"
    assert len(report(done)["workloads"]) == 1


def test_a_patch_for_nobody_is_no_workload(vmlint: Run, write: Write) -> None:
    write({**BASE, "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: other.yaml}]\n"})
    write({"prod/other.yaml": PRIVILEGED.replace("name: web}", "name: other}")})
    done = vmlint("scan", "--format", "json", "-v", ".")
    assert [w["address"] for w in report(done)["workloads"]] == ["Deployment/web"]
    assert "Deployment/other is patched, and nothing of that name is there" in done.err


def test_files_that_no_kustomization_names_are_read_by_themselves(vmlint: Run, write: Write) -> None:
    write(
        {
            **BASE,
            "base/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: b}]}\n",
        }
    )
    addresses = [w["address"] for w in report(vmlint("scan", "--format", "json", "."))["workloads"]]
    assert addresses == ["Pod/a", "Deployment/web"]


def test_another_tools_object_in_a_file_of_that_name(vmlint: Run, write: Write) -> None:
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {path: ./b}\n"
    )
    write({"kustomization.yaml": flux, "web.yaml": BASE["base/web.yaml"]})
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 1
    assert [w["address"] for w in report(done)["workloads"]] == ["Deployment/web"]


@pytest.mark.parametrize(
    "text", ["resources: [", "resources: {}\npatches: x\nimages: {a: b}\nlabels: 1\n", "- a\n", ""]
)
def test_a_broken_kustomization_does_not_hide_the_files_beside_it(vmlint: Run, write: Write, text: str) -> None:
    write({**BASE, "base/kustomization.yaml": text})
    done = vmlint("scan", "--format", "json", ".")
    assert [w["address"] for w in report(done)["workloads"]] == ["Deployment/web"]
    assert bool(report(done)["unreadable"]) == text.endswith("[")


def test_objects_do_not_grow_without_a_bound(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each layer uses the one below it twice."""
    monkeypatch.setattr(sys.modules["vmlint.sources.kustomize.build"], "MAX_OBJECTS", 200)
    twice = "resources: [../l{0}, ../l{0}/../l{0}]\n"
    layers = {f"l{n}/kustomization.yaml": twice.format(n - 1) for n in range(1, 25)}
    write({"l0/kustomization.yaml": "resources: [a.yaml]\n", "l0/a.yaml": BASE["base/web.yaml"], **layers})
    reading = read("l24/kustomization.yaml")
    assert any("more than 200 objects" in problem.message for problem in reading.problems)
    deep = {f"d{n}/kustomization.yaml": f"resources: [../d{n - 1}]\n" for n in range(1, 50)}
    write({**deep, "d0/kustomization.yaml": "resources: [../l0]\n"})
    assert any("stands upon more than" in problem.message for problem in read("d49/kustomization.yaml").problems)


def test_charts_of_a_kustomization_are_told_as_not_rendered(vmlint: Run, write: Write) -> None:
    write({"kustomization.yaml": "helmCharts:\n- name: redis\n  repo: https://example.com\n"})
    (notice,) = report(vmlint("scan", "--format", "json", "."))["findings"]
    assert (notice["rule"], notice["line"]) == ("VML902", 2)
    assert notice["message"].startswith(
        "a Helm chart (redis) of the kustomization kustomization.yaml is not rendered"
    )


def test_many_patches_on_many_objects_have_a_bound(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmlint.sources.kustomize.patches.MAX_WORK", 300)
    monkeypatch.setattr(sys.modules["vmlint.sources.kustomize.build"], "MAX_WORK", 600)
    many = "---\n".join(POD.replace("{name: a}", f"{{name: a{n}}}") for n in range(30))
    patch = "apiVersion: v1\nkind: Pod\nmetadata: {name: a1}\nspec: {hostPID: true}\n"
    write({"many.yaml": many, "patch.yaml": "---\n".join([patch] * 30)})
    write({"a/kustomization.yaml": "resources: [../many.yaml]\npatchesStrategicMerge: [../patch.yaml]\n"})
    (told,) = read("a/kustomization.yaml").problems
    assert told.message.startswith("the patches times the objects are more than is worked out")
    pairs = ", ".join(f"k{n}: v" for n in range(30))
    write({"b/kustomization.yaml": f"resources: [../many.yaml]\ncommonLabels: {{{pairs}}}\n"})
    (told,) = read("b/kustomization.yaml").problems
    assert told.message.startswith("its changes times its objects are more than is worked out")


# Any shape of any field

_TEXTS = """web web.yaml ../base name Deployment apps/v1 delete add replace remove a=b * [ /spec/replicas
spec.replicas /spec/template/spec/containers/0 spec.template.spec.containers.[name=web].image"""
_PATCHES = (
    "- {op: add, path: /spec/x, value: 1}",
    "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec: {replicas: 2}",
)
_KEYS = """name kind apiVersion metadata spec target path patch op value from options count newName newTag digest
pairs source targets select reject fieldPaths fieldPath literals files envs behavior $patch containers template
labelSelector includeSelectors objref index"""
_FIELDS = """resources bases components namespace namePrefix nameSuffix commonLabels commonAnnotations labels images
replicas patches patchesStrategicMerge patchesJson6902 configMapGenerator secretGenerator replacements vars
helmCharts generators transformers configurations crds kind apiVersion"""
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(_TEXTS.split()), st.sampled_from(_PATCHES)
)
_MAPPINGS = st.sampled_from(_KEYS.split())
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_MAPPINGS, inner, max_size=4)),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(_FIELDS.split()), _VALUES, max_size=4), _VALUES)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_shape_is_read_or_told(tmp_path: Path, fields: dict[str, Any], spec: Any) -> None:
    os.chdir(tmp_path)
    Path("base").mkdir(exist_ok=True)
    Path("base/kustomization.yaml").write_text("resources: [web.yaml]\n")
    Path("base/web.yaml").write_text(BASE["base/web.yaml"])
    body = {"resources": ["../base"], **fields}
    Path("over").mkdir(exist_ok=True)
    Path("over/kustomization.yaml").write_text(json.dumps(body))
    Path("over/web.yaml").write_text(json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}))
    reading = read("over/kustomization.yaml")
    assert reading.workloads or reading.problems or fields

"""Nothing of the corpus is in the catalogue: facts about the world, not answers about the files we measure with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vmlint.catalog.tables import FOLDER

# Public images that are called as the repository that they are built from.
IMAGES_OF_THAT_NAME = {"nvidia/k8s-device-plugin"}
SHARED = ROOT.parent / "shared"
LABELS = SHARED / "bench" / "dev.jsonl"

pytestmark = pytest.mark.skipif(not LABELS.exists(), reason="the labelled corpus is not beside the checkout")


@pytest.fixture(scope="module")
def data() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8").lower() for path in sorted((Path(FOLDER) / "data").glob("*.yaml"))
    )


@pytest.fixture(scope="module")
def labels() -> list[dict[str, str]]:
    return [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]


def test_no_repository_of_the_corpus_is_named(data: str, labels: list[dict[str, str]]) -> None:
    """As `owner/name` in a rule. Where a fact's source is a project's own repository it is named as the source."""
    rules = re.sub(r"source: .*", "", data)
    named = {label["repo"].lower() for label in labels if "/" in label["repo"]}
    named |= {path.name.lower().replace("__", "/") for path in (SHARED / "corpus").glob("*/*__*")}
    named -= IMAGES_OF_THAT_NAME
    assert len(named) > 10
    found = [name for name in sorted(named) if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])", rules)]
    assert found == []


def test_no_path_of_the_corpus_is_named(data: str, labels: list[dict[str, str]]) -> None:
    paths = {
        label[key].lower() for label in labels for key in ("file", "root") if label.get(key, "").count("/") > 1
    }
    assert [path for path in sorted(paths) if path in data] == []


def test_no_address_of_a_labelled_workload_is_named(data: str, labels: list[dict[str, str]]) -> None:
    addresses = {label["address"].lower() for label in labels}
    assert [address for address in sorted(addresses) if len(address) > 12 and address in data] == []

"""The share of image occurrences in the corpus that get a role above low confidence, and the commonest misses.

    python benchmarks/coverage_images.py [--corpus DIR] [--misses N] [--min SHARE]

Occurrences are `image:` and `image =` lines of YAML, JSON and Terraform files. Placeholders do not count: a
reference of which no name is written, a Terraform expression, a disk image of a machine.
"""

import argparse
import collections
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from vmlint.catalog.images import image
from vmlint.catalog.references import is_placeholder, parse, without_placeholders
from vmlint.model.finding import Confidence

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
LINE = re.compile(
    r"""^[ \t]*(?:-[ \t]+)?["']?image["']?[ \t]*[:=][ \t]*(?P<text>"[^"\n]+"|'[^'\n]+'|[^\s"',#]+)""", re.M
)
ENDINGS = (".yaml", ".yml", ".json", ".tf", ".tofu")
# What an unquoted Terraform value looks like that is no literal, and disk images by their form.
NO_IMAGE = re.compile(
    r"^(?:var|local|data|each|module|docker_image|path|self|\w+\.value)\.|^(?:ami-|projects/|https?:|sha256:)|[\[(=]|^[{<]|^null$"
)


def occurrences(corpus: Path) -> Iterator[str]:
    for path in sorted(corpus.rglob("*")):
        if path.suffix not in ENDINGS or not path.is_file():
            continue
        for match in LINE.finditer(path.read_text(encoding="utf-8", errors="replace")):
            text = match["text"].strip("\"'").strip()
            if text and not NO_IMAGE.search(text) and not is_placeholder(text):
                yield text


def named(text: str) -> bool:
    """Whether a name is written at all."""
    return bool(re.search(r"[a-z]{2}", without_placeholders(parse(text).name)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--misses", type=int, default=50)
    parser.add_argument("--min", type=float, default=0.0)
    options = parser.parse_args()
    counts = collections.Counter(text for text in occurrences(options.corpus) if named(text))
    missed = collections.Counter()
    for text, count in counts.items():
        fact = image(text)
        if fact is None or fact.confidence is Confidence.LOW:
            missed[text.split("@")[0]] += count
    total = sum(counts.values())
    share = 1 - sum(missed.values()) / total if total else 0.0
    print(f"{total} occurrences of {len(counts)} images, {share:.1%} with a role above low confidence")
    for text, count in missed.most_common(options.misses):
        print(f"{count:6} {text}")
    return 1 if share < options.min else 0


if __name__ == "__main__":
    sys.exit(main())

"""The second opinion on HCL: python-hcl2's grammar, asked about what our parser refuses.

Its compiled grammar ships with the package (`python -m vmlint.syntax.hcl_opinion` writes it), because compiling
takes two seconds. It is used only with the very grammar and Lark that it was made from; with others it is compiled
anew, which only a scan that meets refused text pays for.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from functools import cache
from pathlib import Path
from typing import Any

COMPILED = Path(__file__).with_name("hcl2.grammar")
MAX_TEXT = 100_000
"""Characters that are put to the second parser at most."""


def accepts(text: str) -> bool | None:
    """Whether python-hcl2 parses a text; None where it is not asked, because the text is too long for it."""
    if len(text) > MAX_TEXT:
        return None
    from lark.exceptions import LarkError

    try:
        _parser().parse(text + "\n")
    except (LarkError, RecursionError):
        return False
    return True


def fingerprint() -> bytes:
    """What the compiled grammar depends on: the grammar and the versions of Lark and of the format."""
    import lark

    return hashlib.sha256(_grammar().read_bytes() + lark.__version__.encode()).hexdigest().encode() + b"\n"


def _grammar() -> Path:
    import hcl2

    return Path(str(hcl2.__file__)).with_name("hcl2.lark")


@cache
def _parser() -> Any:
    from hcl2.postlexer import PostLexer
    from lark import Lark

    mark = fingerprint()
    data = COMPILED.read_bytes() if COMPILED.is_file() else b""
    if data.startswith(mark):
        loaded = Lark.__new__(Lark)
        # Our own package data, as trusted as this module.
        return loaded._load(io.BytesIO(zlib.decompress(data[len(mark) :])), postlex=PostLexer())
    return compiled()


def compiled() -> Any:
    """python-hcl2's grammar with its post-lexer, without positions: nobody asks for them."""
    from hcl2.postlexer import PostLexer
    from lark import Lark

    return Lark(
        _grammar().read_text(encoding="utf-8"), parser="lalr", propagate_positions=False, postlex=PostLexer()
    )


def main() -> None:
    """Writes the compiled grammar."""
    buffer = io.BytesIO()
    compiled().save(buffer)
    COMPILED.write_bytes(fingerprint() + zlib.compress(buffer.getvalue(), 9))


if __name__ == "__main__":
    main()

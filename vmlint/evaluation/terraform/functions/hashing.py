"""Hashes of texts and files."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused
from vmlint.evaluation.terraform.functions.filesystem import file_bytes


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _text(name: str, base: bool = False) -> Callable[[Call], Any]:
    def run(call: Call) -> str:
        digest = _digest(name, call.text(0).encode("utf-8", "surrogatepass"))
        return base64.b64encode(digest).decode() if base else digest.hex()

    return run


def _file(name: str, base: bool = False) -> Callable[[Call], Any]:
    def run(call: Call) -> Any:
        data = file_bytes(call)
        if not isinstance(data, bytes):
            return data
        digest = _digest(name, data)
        return base64.b64encode(digest).decode() if base else digest.hex()

    return run


_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS, "url": uuid.NAMESPACE_URL, "oid": uuid.NAMESPACE_OID, "x500": uuid.NAMESPACE_X500,
}  # fmt: skip


def _uuidv5(call: Call) -> str:
    name = call.text(0)
    try:
        space = _NAMESPACES.get(name) or uuid.UUID(name)
    except ValueError:
        raise Refused("the namespace is no UUID") from None
    return str(uuid.uuid5(space, call.text(1)))


FUNCTIONS = {
    "base64sha256": Function(_text("sha256", True)),
    "base64sha512": Function(_text("sha512", True)),
    "filebase64sha256": Function(_file("sha256", True)),
    "filebase64sha512": Function(_file("sha512", True)),
    "filemd5": Function(_file("md5")),
    "filesha1": Function(_file("sha1")),
    "filesha256": Function(_file("sha256")),
    "filesha512": Function(_file("sha512")),
    "md5": Function(_text("md5")),
    "sha1": Function(_text("sha1")),
    "sha256": Function(_text("sha256")),
    "sha512": Function(_text("sha512")),
    "uuidv5": Function(_uuidv5, 2, 2),
}

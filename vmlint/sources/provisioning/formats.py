"""Which format a script has, by how it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmlint.catalog import provisioning
from vmlint.sources.provisioning.script import Log, Script, decoded

_PARTS = re.compile(r"^(?=#cloud-config\b|#!/|Content-Type: multipart|MIME-Version:)", re.MULTILINE)


def read(script: Script, log: Log) -> None:
    """Any format that cloud-init, the clouds and ignition take."""
    text = script.text.lstrip("\ufeff \t\r\n")
    joined = provisioning.join(without_comments(text))
    if joined is not None:
        log.add("cluster-join", joined[0], script, word=joined[1])
    for part in _documents(text):
        _one(script.part(part), log)


def without_comments(text: str) -> str:
    return re.sub(r"^[ \t]*#(?!!).*$", "", text, flags=re.MULTILINE)


def _documents(text: str) -> Iterator[str]:
    """A cloud-init document and scripts that stand one behind the other are told apart; a script may hold others
    in its here-documents and is one."""
    if text.startswith("#cloud-config"):
        yield from (part for part in _PARTS.split(text) if part.strip())
    elif text.startswith("#!"):
        script, mark, rest = text.partition("\n#cloud-config")
        yield script
        if mark:
            yield from _documents("#cloud-config" + rest)
    else:
        yield text


def _one(script: Script, log: Log) -> None:
    head = script.text[:2000].removeprefix("---").lstrip()
    if head.startswith(("MIME-Version:", "Content-Type: multipart")):
        _multipart(script, log)
    elif head.startswith("{"):
        from vmlint.sources.provisioning.documents import json_text

        json_text(script, log)
    elif head.startswith("#cloud-config") or re.match(
        r"(?:#.*\n)*\s*(?:variant:|packages:|runcmd:|write_files:)", head
    ):
        from vmlint.sources.provisioning.documents import yaml_text

        yaml_text(script, log)
    elif re.match(r"\[(?:Unit|Service|Container|Install)\]", head):
        from vmlint.sources.provisioning.shell import unit

        unit(script.text, script, log)
    elif _is_powershell(head):
        from vmlint.sources.provisioning.powershell import commands

        commands(script, log)
    elif _is_of_another_kind(head):
        log.understood = False
    else:
        from vmlint.sources.provisioning.shell import run

        run(script, log)


def _is_powershell(head: str) -> bool:
    if re.match(r"\s*<(?:powershell|script)>", head, re.IGNORECASE):
        return True
    cmdlets = r"Install-WindowsFeature|Add-WindowsFeature|Set-ExecutionPolicy|\$ErrorActionPreference|param\s*\("
    return re.search(rf"^[ \t]*(?:{cmdlets})", head, re.MULTILINE | re.IGNORECASE) is not None


def _is_of_another_kind(head: str) -> bool:
    """A script in another language, an include, a configuration of an operating system of its own."""
    if head.startswith("#!"):
        return not re.match(r"#!\s*/\S*(?:env\s+)?\S*?(?:ba|da|a|z|k)?sh\b", head)
    starts = ("#include", "## template: jinja", "[settings", "#part-handler", "apiVersion:")
    return head.startswith(starts) or re.match(r"(?:machine|cluster|version):\s", head) is not None


def _multipart(script: Script, log: Log) -> None:
    import email

    message = email.message_from_string(script.text)
    for part in message.walk():
        if part.is_multipart():
            continue
        payload = part.get_payload()
        if isinstance(payload, str):
            text = payload.strip()
            coded = str(part.get("Content-Transfer-Encoding", "")).lower() == "base64"
            read(script.part(decoded(text) if coded else text), log)

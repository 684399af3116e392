"""PowerShell and batch scripts of Windows machines: what they install, start and enable."""

from __future__ import annotations

import re

from vmlint.catalog import provisioning
from vmlint.sources.provisioning.script import Log, Script


def commands(script: Script, log: Log) -> None:
    """What a PowerShell script starts."""
    text = "".join(part.rpartition("#>")[2] if at else part for at, part in enumerate(script.text.split("<#")))
    text = re.sub(r"</?(?:powershell|script|persist)[^>]*>", "\n", text, flags=re.IGNORECASE)
    text = re.sub(r"`\r?\n", " ", text)
    for line in re.split(r"[\r\n;|]+|&&", text):
        words = [word.strip("\"',") for word in line.split("#")[0].split()]
        words = [word for word in words if word and word not in ("&", "{", "}", "(", ")")]
        if words:
            _command(words, script, log)


def _command(words: list[str], script: Script, log: Log) -> None:
    program = words[0].rsplit("\\", 1)[-1].lower()
    if program in ("powershell", "powershell.exe", "cmd", "cmd.exe"):
        rest = words[1:]
        while rest and rest[0].startswith(("-", "/")):
            valued = rest[0].lower() in ("-executionpolicy", "-ep", "-windowstyle")
            rest = rest[2:] if valued else rest[1:]
        if rest:
            _command([word.strip("\"'&{}") for word in rest if word.strip("\"'&{}")], script, log)
        return
    simple = (program, *words[1:])
    found = provisioning.installed_features(simple)
    if found is None:
        found = provisioning.installed_packages(simple)
    image = provisioning.container_image(simple)
    services = provisioning.started_services(simple)
    if found is not None:
        for name in found:
            log.add("package", name, script)
    elif image is not None:
        log.add("container", image, script, " ".join(words))
    elif services is not None:
        for name in services:
            log.add("service", name, script)
    elif not (provisioning.is_plain_cmdlet(program) or "=" in words[:2] or provisioning.is_plain(simple)):
        log.understood = False

"""User data that is a document: cloud-init and butane YAML, ignition JSON, container declarations, settings of
extensions."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from vmlint.catalog import provisioning
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value
from vmlint.sources.provisioning.script import UNKNOWN, Log, Script, decoded, script_text
from vmlint.sources.provisioning.shell import command, run, unit, write, written_file


def yaml_text(script: Script, log: Log) -> None:
    """A cloud-init or butane document. Where unknown parts break it, it is read as lines of shell."""
    from vmlint.syntax.yaml import parse

    parsed = parse(SourceText("<user data>", script.text))
    root = parsed.documents[0].root if parsed.documents and not parsed.problems else None
    if not isinstance(root, Mapping):
        log.understood = False
        lines = re.sub(r"^[ \t]*-[ \t]+(?=[a-z])", "", script.text, flags=re.MULTILINE)
        run(script.part(lines), log)
        log.understood = False
        return
    document(root, script, log)


def json_text(script: Script, log: Log) -> None:
    """Ignition, or cloud-init as JSON."""
    from vmlint.syntax.yaml import parse

    parsed = parse(SourceText("<user data>", script.text))
    root = parsed.documents[0].root if parsed.documents and not parsed.problems else None
    if isinstance(root, Mapping):
        document(root, script, log)
    else:
        log.understood = False


def document(root: Mapping, script: Script, log: Log) -> None:
    """A cloud-init, ignition or butane document as a tree."""
    data = _data(root)
    if "ignition" in data or "variant" in data or "systemd" in data:
        _ignition(data, script, log)
    else:
        _cloud_init(data, script, log)
    if root.rest is not None:
        log.understood = False


def _data(value: Value) -> Any:
    """Plain data, `UNKNOWN` for what is not known."""
    match value:
        case Mapping():
            return {key: _data(item) for key, item in value.entries.items()}
        case Sequence():
            return [_data(item) for item in value.items] + ([UNKNOWN] if value.rest is not None else [])
        case Unresolved():
            return script_text(value) or UNKNOWN
        case Scalar():
            return value.value
    return None


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [] if found is None else [found]


def _cloud_init(data: dict[str, Any], script: Script, log: Log) -> None:
    for package in _list(data.get("packages")):
        name = package[0] if isinstance(package, list) and package else package
        if isinstance(name, str):
            log.add("package", name, script)
    files = [_file(entry) for entry in _list(data.get("write_files")) if isinstance(entry, dict)]
    for path, content in files:
        write(path, content, log)
    for path, content in files:
        written_file(path, content, script, log)
        _joined(f"{path}\n{content}", script, log)
    for section in ("bootcmd", "runcmd"):
        for entry in _list(data.get(section)):
            _command(entry, script, log)
    _coreos(data, script, log)
    known = provisioning.words("cloud_init_plain") | {"packages", "write_files", "bootcmd", "runcmd", "coreos"}
    if not known.issuperset(data):
        log.understood = False


def _file(entry: dict[str, Any]) -> tuple[str, str]:
    """Path and content of a member of `write_files`."""
    encoding, content = str(entry.get("encoding", "")), str(entry.get("content") or "")
    coded = "b64" in encoding or "base64" in encoding
    return str(entry.get("path") or ""), decoded(content) if coded else content


def compose_images(text: str) -> list[str]:
    """The images of the services of a Compose file, empty for one that is built; none where the text is none."""
    if not re.search(r"^services:", text, re.MULTILINE):
        return []
    from vmlint.syntax.yaml import parse

    parsed = parse(SourceText("<compose>", text))
    data = _data(parsed.documents[0].root) if parsed.documents and not parsed.problems else None
    services = data.get("services") if isinstance(data, dict) else None
    found = services.values() if isinstance(services, dict) else ()
    return [str(service.get("image") or "") for service in found if isinstance(service, dict)]


def _command(entry: Any, script: Script, log: Log) -> None:
    if isinstance(entry, list):
        words = [str(word) for word in entry if word is not None]
        if words:
            from vmlint.catalog.commands import simple_commands

            for simple in simple_commands(words):
                command(simple, script, log)
    elif entry == UNKNOWN:
        log.understood = False
    elif isinstance(entry, str):
        run(script.part(entry), log)


def _joined(text: str, script: Script, log: Log) -> None:
    found = provisioning.join(text)
    if found is not None:
        log.add("cluster-join", found[0], script, word=found[1])


def _coreos(data: dict[str, Any], script: Script, log: Log) -> None:
    """`coreos.units` of Container Linux before ignition."""
    section = data.get("coreos")
    if isinstance(section, dict):
        _units(section.get("units"), script, log)


def _ignition(data: dict[str, Any], script: Script, log: Log) -> None:
    systemd, storage = data.get("systemd"), data.get("storage")
    if isinstance(storage, dict):
        entries = [entry for entry in _list(storage.get("files")) if isinstance(entry, dict)]
        files = [(str(entry.get("path") or ""), _contents(entry.get("contents"))) for entry in entries]
        for path, content in files:
            write(path, content, log)
        for path, content in files:
            written_file(path, content, script, log)
            _joined(f"{path}\n{content}", script, log)
    if isinstance(systemd, dict):
        _units(systemd.get("units"), script, log)
    ignition = data.get("ignition")
    if isinstance(ignition, dict) and ignition.get("config"):
        log.understood = False


def _contents(found: Any) -> str:
    if not isinstance(found, dict):
        return str(found or "")
    inline, source = found.get("inline"), str(found.get("source") or "")
    if inline is not None:
        return str(inline)
    head, _, body = source.partition(",")
    return decoded(body) if head.endswith(";base64") else unquote(body)


def _units(found: Any, script: Script, log: Log) -> None:
    for entry in _list(found):
        if not isinstance(entry, dict):
            log.understood = False
            continue
        content = str(entry.get("contents") or entry.get("content") or "")
        name = str(entry.get("name") or "").removesuffix(".service")
        if content:
            unit(content, script, log)
            _joined(content, script, log)
        elif entry.get("enabled") or entry.get("enable") or entry.get("command") == "start":
            log.add("service", name, script)


def container_declaration(value: Value, log: Log) -> None:
    """The containers of a declaration; one without a name where it is not known: its being there is evidence."""
    from vmlint.syntax.yaml import parse

    before = len(log.runs)
    tree: Value | None = value.content if isinstance(value, Scalar | Unresolved) else value
    script = Script("", value)
    if tree is None and (text := script_text(value)) is not None:
        parsed = parse(SourceText("<container declaration>", text))
        tree = parsed.documents[0].root if parsed.documents else None
        script = Script(text, value)
    data = _data(tree) if tree is not None else None
    spec = data.get("spec") if isinstance(data, dict) else None
    for container in _list(spec.get("containers") if isinstance(spec, dict) else None):
        image = container.get("image") if isinstance(container, dict) else None
        log.add("container", str(image or ""), script)
    if len(log.runs) == before:
        log.add("container", "", script)


def extension_settings(value: Value, log: Log) -> None:
    """`settings` of a virtual-machine extension: `commandToExecute`, or a `script` in base64."""
    from vmlint.sources.provisioning.powershell import commands

    tree: Any = None
    if isinstance(value, Scalar | Unresolved) and isinstance(value.content, Mapping):
        tree = _data(value.content)
    elif (text := script_text(value)) is not None:
        try:
            tree = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            log.understood = False
            return
    if not isinstance(tree, dict):
        log.understood = False
        return
    for key in ("commandToExecute", "script"):
        found = tree.get(key)
        if not isinstance(found, str):
            continue
        script = Script(decoded(found) if key == "script" else found, value)
        if re.search(r"powershell|Windows|\bchoco\b|\.ps1", script.text, re.IGNORECASE):
            commands(script, log)
        else:
            run(script, log)
    if tree.get("fileUris"):
        log.understood = False

"""What a machine's user data starts: shell and PowerShell scripts, cloud-init, ignition, container declarations.

    found = analyse([value])
    found.runs, found.understood

Works on partly known text: a word that holds something unknown is kept as far as it is known. What is not known at
all, or does things that the catalogue cannot name, makes `understood` false, so that silence proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.model.record import record
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value
from vmlint.model.workload import Started
from vmlint.sources.provisioning.script import Log, Script, script_text


@record
class Provisioned:
    """What all scripts together start, each thing once, and whether that is all they do."""

    runs: tuple[Started, ...] = ()
    understood: bool = True


def analyse(
    scripts: Iterable[Value], declarations: Iterable[Value] = (), extensions: Iterable[Value] = ()
) -> Provisioned:
    """Of user data in any format, container declarations (`gce-container-declaration`), and settings of extensions
    that run a command (JSON text or a mapping)."""
    log = Log()
    for value in scripts:
        _value(value, log)
    for value in declarations:
        from vmlint.sources.provisioning.documents import container_declaration

        container_declaration(value, log)
    for value in extensions:
        from vmlint.sources.provisioning.documents import extension_settings

        extension_settings(value, log)
    return Provisioned(log.runs, log.understood)


def _value(value: Value, log: Log) -> None:
    if isinstance(value, Sequence):
        for item in value.items:
            _value(item, log)
        if value.rest is not None:
            log.understood = False
        return
    if isinstance(value, Missing | Mapping):
        return
    if isinstance(value, Scalar) and value.value in (None, ""):
        return
    if isinstance(value, Scalar | Unresolved) and isinstance(value.content, Scalar | Unresolved):
        _value(value.content, log)
        return
    if isinstance(value, Scalar | Unresolved) and isinstance(value.content, Mapping):
        from vmlint.sources.provisioning.documents import document

        document(value.content, Script("", value), log)
        return
    text = script_text(value)
    if text is None:
        log.understood = False
        return
    from vmlint.sources.provisioning.formats import read

    read(Script(text, value), log)

"""The list of modules that `terraform init` fetched: `.terraform/modules/modules.json`."""

from __future__ import annotations

import json

from vmlint.files import Files, Refusal, join


def installed_modules(root: str, files: Files) -> dict[str, str]:
    """Folders of fetched modules by the dotted path of their call; empty where nothing was fetched."""
    source = files.text(join(root, ".terraform/modules/modules.json"))
    if isinstance(source, Refusal):
        return {}
    try:
        data = json.loads(source.text)
    except (ValueError, RecursionError):
        return {}
    modules = data.get("Modules") if isinstance(data, dict) else None
    found: dict[str, str] = {}
    for module in modules if isinstance(modules, list) else []:
        if isinstance(module, dict):
            key, folder = module.get("Key"), module.get("Dir")
            if isinstance(key, str) and isinstance(folder, str) and key:
                found[key] = join(root, folder)
    return found

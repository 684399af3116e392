"""Which line of a template made a line of its output.

Most lines of a template come out as they are, or with another value behind the same key: these are aligned in
order. What a loop repeats is found by its key near the last line that is known; what an action writes by itself
(`{{- toYaml .Values.resources | nindent 12 }}`) belongs to the line of that action.
"""

from __future__ import annotations

import re
from bisect import bisect_left

MAX_WORK = 6_000_000
"""Pairs of lines that are compared for the best alignment; beyond them lines are matched in order alone."""

_KEY = re.compile(r"(?P<indent> *)(?P<dash>(?:- +)*)(?P<key>[\w./$-]+|\"[^\"]+\"|'[^']+') *:(?: |$)")
_ACTION = re.compile(r"\{\{.*?\}\}")


def aligned(template: list[str], output: list[str]) -> list[int]:
    """For each line of the output the number of the line of the template (both from 0) that made it."""
    keys, wanted = [_key(line) for line in template], [_key(line) for line in output]
    found = _in_order(keys, wanted)
    places: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        if key:
            places.setdefault(key, []).append(number)
    actions = [number for number, line in enumerate(template) if "{{" in line and not keys[number]]
    last = 0
    result = []
    for number, key in enumerate(wanted):
        line = found.get(number)
        if line is None and key in places:
            line = min(places[key], key=lambda place: (abs(place - last), place))
        if line is None:
            line = _action_behind(actions, last, template)
        else:
            last = line
        result.append(line)
    return result


def _key(line: str) -> str:
    """What tells a line: its indentation and key, or all of it where it has no key. Empty for lines that say
    nothing: blank ones, comments, actions."""
    match = _KEY.match(line)
    if match is not None:
        return f"{len(match['indent'])}{match['dash'].strip()}{match['key']}"
    plain = _ACTION.sub("", line).strip()
    return "" if not plain or plain.startswith("#") or plain in ("-", "---") else line.rstrip()


def _in_order(keys: list[str], wanted: list[str]) -> dict[int, int]:
    """The longest run of lines that both have in this order."""
    ours = [n for n, key in enumerate(keys) if key]
    theirs = [n for n, key in enumerate(wanted) if key]
    if len(ours) * len(theirs) > MAX_WORK:
        return _greedy(keys, wanted)
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, [keys[n] for n in ours], [wanted[n] for n in theirs], autojunk=False)
    return {theirs[b + n]: ours[a + n] for a, b, size in matcher.get_matching_blocks() for n in range(size)}


def _greedy(keys: list[str], wanted: list[str]) -> dict[int, int]:
    places: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        places.setdefault(key, []).append(number)
    found: dict[int, int] = {}
    last = -1
    for number, key in enumerate(wanted):
        candidates = places.get(key, []) if key else []
        at = bisect_left(candidates, last + 1)
        if at < len(candidates):
            last = found[number] = candidates[at]
    return found


def _action_behind(actions: list[int], last: int, template: list[str]) -> int:
    """The action that wrote a line which the template does not have: the nearest behind the last line that is
    known, with nothing of its own between."""
    if "{{" in template[last]:
        return last
    at = bisect_left(actions, last + 1)
    return actions[at] if at < len(actions) and actions[at] - last <= 3 else last

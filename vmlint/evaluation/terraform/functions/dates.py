"""Functions on time stamps (RFC 3339)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused

_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|([+-])(\d\d):(\d\d))")
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {
    "ns": "1e-9", "us": "1e-6", "µs": "1e-6", "μs": "1e-6", "ms": "1e-3", "s": "1", "m": "60", "h": "3600",
}  # fmt: skip
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _stamp(text: str) -> datetime:
    match = _STAMP.fullmatch(text)
    if match is None:
        raise Refused("the text is no RFC 3339 time stamp")
    zone = UTC
    if match[8]:
        offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
        if offset >= timedelta(hours=24):
            raise Refused("the text is no RFC 3339 time stamp")
        zone = timezone(offset if match[8] == "+" else -offset)
    try:
        return datetime(*(int(part) for part in match.groups()[:6]), tzinfo=zone)  # type: ignore[arg-type, misc]
    except ValueError:
        raise Refused("the text is no RFC 3339 time stamp") from None


def _zone(stamp: datetime, colon: str, utc: str) -> str:
    offset = stamp.utcoffset() or timedelta()
    if utc and not offset:
        return utc
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{colon}{abs(minutes) % 60:02}"


def _part(token: str, stamp: datetime) -> str:
    hour = stamp.hour % 12 or 12
    parts = {
        "YYYY": f"{stamp.year:04}", "YY": f"{stamp.year % 100:02}",
        "MMMM": _MONTHS[stamp.month - 1], "MMM": _MONTHS[stamp.month - 1][:3],
        "MM": f"{stamp.month:02}", "M": str(stamp.month), "DD": f"{stamp.day:02}", "D": str(stamp.day),
        "EEEE": _DAYS[stamp.weekday()], "EEE": _DAYS[stamp.weekday()][:3],
        "hh": f"{stamp.hour:02}", "h": str(stamp.hour), "HH": f"{hour:02}", "H": str(hour),
        "mm": f"{stamp.minute:02}", "m": str(stamp.minute), "ss": f"{stamp.second:02}", "s": str(stamp.second),
        "AA": "AM" if stamp.hour < 12 else "PM", "aa": "am" if stamp.hour < 12 else "pm",
        "ZZZZZ": _zone(stamp, ":", ""), "ZZZZ": _zone(stamp, "", ""), "ZZZ": _zone(stamp, "", "UTC"),
        "Z": _zone(stamp, ":", "Z"),
    }  # fmt: skip
    if token not in parts:
        raise Refused(f"{token!r} is no part of a date")
    return parts[token]


_TOKEN = re.compile(r"''|'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")


def _formatdate(call: Call) -> str:
    stamp = _stamp(call.text(1))
    found: list[str] = []
    for match in _TOKEN.finditer(call.text(0)):
        if match[0] == "''":
            found.append("'")
        elif match[1] is not None:
            found.append(match[1].replace("''", "'"))
        elif match[2]:
            found.append(_part(match[0], stamp))
        elif match[0] == "'":
            raise Refused("a quote is not closed")
        else:
            found.append(match[0])
    return "".join(found)


def _duration(text: str) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    body = text.lstrip("+-") if text[:1] in ("+", "-") else text
    if body == "0":
        return timedelta()
    found = list(_DURATION.finditer(body))
    if not found or "".join(match[0] for match in found) != body or len(body) > 60:
        raise Refused("the text is no duration")
    total = sum((Decimal(match[1]) * Decimal(_SECONDS[match[2]]) for match in found), Decimal(0))
    try:
        return timedelta(seconds=float(total) * sign)
    except OverflowError:
        raise Refused("the duration is too long") from None


def _timeadd(call: Call) -> str:
    try:
        stamp = _stamp(call.text(0)) + _duration(call.text(1))
    except OverflowError:
        raise Refused("the time is out of range") from None
    return stamp.strftime("%Y-%m-%dT%H:%M:%S") + _zone(stamp, ":", "Z")


def _timecmp(call: Call) -> int:
    one, two = _stamp(call.text(0)), _stamp(call.text(1))
    return (one > two) - (one < two)


FUNCTIONS = {
    "formatdate": Function(_formatdate, 2, 2),
    "timeadd": Function(_timeadd, 2, 2),
    "timecmp": Function(_timecmp, 2, 2),
}

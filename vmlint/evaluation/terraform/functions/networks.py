"""Functions on CIDR blocks."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused
from vmlint.evaluation.terraform.values import scalar

_LEADING_ZEROS = re.compile(r"(?<![0-9A-Fa-f:])0+(?=\d+[./])")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(call: Call) -> Network:
    try:
        # Leading zeros of an octet mean nothing here.
        return ipaddress.ip_network(_LEADING_ZEROS.sub("", call.text(0)), strict=False)
    except ValueError:
        raise Refused("the text is no CIDR block") from None


def _host(call: Call) -> str:
    network, number = _network(call), call.integer(1)
    size = network.num_addresses
    if not -size <= number < size:
        raise Refused("the block has no such host")
    return str(network.network_address + (number if number >= 0 else size + number))


def _subnet_of(network: Network, bits: int, number: int) -> str:
    length = network.prefixlen + bits
    if bits < 0 or length > network.max_prefixlen or not 0 <= number < 1 << bits:
        raise Refused("the block has no such subnet")
    address = int(network.network_address) + (number << (network.max_prefixlen - length))
    return f"{type(network.network_address)(address)}/{length}"


def _subnet(call: Call) -> str:
    return _subnet_of(_network(call), call.integer(1), call.integer(2))


def _subnets(call: Call) -> Any:
    """Consecutive subnets of the given additional lengths."""
    network = _network(call)
    at = int(network.network_address)
    end = at + network.num_addresses
    found: list[Any] = []
    for index in range(1, len(call.arguments)):
        length = network.prefixlen + call.integer(index)
        if not network.prefixlen < length <= network.max_prefixlen:
            raise Refused("the block has no such subnet")
        size = 1 << (network.max_prefixlen - length)
        at = -(-at // size) * size
        if at + size > end:
            raise Refused("the block is too small for the subnets")
        found.append(scalar(f"{type(network.network_address)(at)}/{length}", call.span))
        at += size
    return call.list(found)


def _netmask(call: Call) -> str:
    network = _network(call)
    if network.version != 4:
        raise Refused("only IPv4 has netmasks")
    return str(network.netmask)


FUNCTIONS = {
    "cidrhost": Function(_host, 2, 2),
    "cidrnetmask": Function(_netmask),
    "cidrsubnet": Function(_subnet, 3, 3),
    "cidrsubnets": Function(_subnets, 1, -1),
}

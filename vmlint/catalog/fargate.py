"""The pairs of task CPU and memory that Fargate offers. Data: `data/fargate_sizes.yaml`."""

from __future__ import annotations

from vmlint.catalog.tables import table


def offers_size(vcpu: float, memory_mib: float) -> bool:
    """Whether a task of this size exists on ECS Fargate."""
    memory = memory_mib / 1024
    for row in table("fargate_sizes")["pairs"]:
        if row["vcpu"] != vcpu:
            continue
        if "memory_gib" in row:
            return memory in list(row["memory_gib"])
        return bool(row["least"] <= memory <= row["most"]) and (memory - row["least"]) % row["step"] == 0
    return False

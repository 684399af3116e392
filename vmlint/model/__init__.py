"""The ground floor: places, facts, workloads, needs and findings. Standard library only."""

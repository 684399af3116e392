"""Terraform: evaluated resources to workloads and hosts."""

"""Text to trees with spans. Nothing here knows what a workload is."""

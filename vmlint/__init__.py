"""vmlint flags workloads that are placed on the wrong substrate."""

__version__ = "0.1.0"

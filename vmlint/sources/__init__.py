"""One platform a module or package: files to workloads and hosts."""

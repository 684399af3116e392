"""One output format a module, and the registry of them."""

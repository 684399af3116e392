"""Finding and loading rules, configuration, suppression and the run itself."""

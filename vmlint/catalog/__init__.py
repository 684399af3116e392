"""Facts about the world as data files with sources, and their typed look-up."""

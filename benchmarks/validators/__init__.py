"""SHACL engines side by side: the data, the shapes, each engine in a process of its own, and the report."""

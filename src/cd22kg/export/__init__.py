"""Exports: one module and one line of the registry each."""

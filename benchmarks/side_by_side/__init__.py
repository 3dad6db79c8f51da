"""Stores side by side: the data, the engines, one trial of one engine in a process of its own, and the report."""

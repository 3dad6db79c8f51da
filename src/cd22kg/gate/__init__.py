"""The gate: everything from outside passes it before a parser sees it."""

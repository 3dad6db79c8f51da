"""From claims to conclusions: pooled figures, conflicts, and the audit of what others say of them."""

"""Claims that disagree: which they are, how sure that is, and what differs between them."""

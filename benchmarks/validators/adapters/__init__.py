"""Programs that run as a process of their own, each with the packages of one engine only."""

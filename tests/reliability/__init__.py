"""Proof that the service survives: the real process under faults and load, judged by figures with goals."""

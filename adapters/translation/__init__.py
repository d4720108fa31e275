"""The translation: pure functions over declared rules, from a call history to old records.

Nothing here reaches a socket, clock, log, environment or randomness; whatever is needed of the world is passed in.
"""

"""Breaks the translation on purpose, one declared row at a time: every change must fail a case."""

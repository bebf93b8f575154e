"""Decisions, and nothing else: no I/O, no clock, no logging. Whatever comes in is a value; so is whatever goes out."""

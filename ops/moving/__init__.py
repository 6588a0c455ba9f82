"""Moves users and their homes to other names."""

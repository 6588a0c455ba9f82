"""A preview of a stack as a section of a comment: what would happen, in plain words, and nothing secret."""

"""Which stacks a change touches: what changed since a revision, and by which rules that reaches a stack."""

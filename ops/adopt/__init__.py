"""Takes into a stack's state what is in its cluster already: `python -m ops.adopt --stack S`.

Nothing in the cluster is changed by it: kubectl only looks, and the engine imports. docs/adopting.md.
"""

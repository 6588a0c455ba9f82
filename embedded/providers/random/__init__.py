"""The resources of pulumi-random, made here."""

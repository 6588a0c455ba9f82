"""A whole environment for the `local` stack, made on the machine from package registries alone.

Serves development, tests and a first try; it is never a way to production, and the program
(`deployment/`, `components/`, `settings/`, `chart/`) neither imports it nor is imported by it.
"""

"""The real Pulumi engine, run for the stack `local`: its environment, its shell, its repair after a crash."""

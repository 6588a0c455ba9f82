"""The real Pulumi engine, run for one stack: its environment, its shell, its repair after a crash."""

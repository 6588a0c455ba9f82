"""`ops new-stack`: the settings file of a new environment, made from the file of one that is like it."""

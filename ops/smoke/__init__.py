"""`ops smoke`: a running hub, tried as a person would try it; nothing is left behind."""

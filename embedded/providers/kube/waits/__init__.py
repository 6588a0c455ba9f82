"""When an object counts as ready, and what to tell a person while it is not."""

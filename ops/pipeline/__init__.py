"""The child pipeline of GitLab for the stacks that a change touches: jobs with credentials."""

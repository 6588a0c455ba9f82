"""What this server is and what it reaches: for a terminal, for a page of the lab, and for programs."""

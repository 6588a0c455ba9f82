"""One comment of a merge request, found again and updated in place."""

"""Options: the declaration and its readers."""

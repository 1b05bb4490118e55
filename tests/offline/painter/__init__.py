"""The pictures of the offline painter."""

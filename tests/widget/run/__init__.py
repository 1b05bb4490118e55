"""The runs of a panel."""

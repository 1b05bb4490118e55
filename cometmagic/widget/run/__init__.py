"""The runs of a panel: their start and end, one run from settings to result, and the thread for them."""

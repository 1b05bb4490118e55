"""A panel as the text of a cell, and a cell as what a panel is set to."""

"""The panel without a browser: its controls, its text, its runs."""

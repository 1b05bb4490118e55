"""Turns a panel into the text of a cell, and a cell or a result into the settings of a panel."""

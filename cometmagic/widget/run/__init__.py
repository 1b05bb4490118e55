"""One run of a panel, from the button to the result, and the thread that carries it."""

"""The panel: what a cell of `%%gemini_image` does, by hand.

`controls` reads the declaration, `cell_text` turns a panel into its cell and back, `panel_run` carries a run,
`result_view` says what came of it, `widgets` and the modules in `view` draw it all, and `panel` holds them together.
"""

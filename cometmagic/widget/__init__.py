"""The panel: does with controls what a `%%gemini_image` cell does.

`controls` turns the declared options into controls, `cell` turns a panel into its cell and back, `run` runs it,
`result_view` describes a result for the page, `widgets` and the modules in `view` draw everything, and `panel` puts
the parts together.
"""

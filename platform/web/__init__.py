"""The look of the pages: templates, styles, and the examples of the component page."""

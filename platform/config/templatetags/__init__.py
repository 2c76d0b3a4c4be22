"""Tags for the templates of all pages."""

"""The settings, a module for each environment; `config.environment` chooses."""

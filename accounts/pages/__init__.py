"""The pages of accounts: each parses a form, calls one function, answers."""

"""Who our customers are and where their data lives: the control plane."""

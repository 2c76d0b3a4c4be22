"""Out of one installation and into another: archives, copies, the end."""

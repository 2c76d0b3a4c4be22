"""Races between steps, by the thousand, and steps that are killed at any statement."""

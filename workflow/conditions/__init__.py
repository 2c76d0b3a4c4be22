"""Conditions of transitions: read once at save, evaluated without the database."""

from workflow.conditions.types import FieldType

__all__ = ["FieldType"]

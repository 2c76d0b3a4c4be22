"""How the entered tenant looks: its brand, and the one place that changes it."""

from accounts.branding.brand import PRODUCT, PRODUCT_COLOUR, Brand, current, of
from accounts.branding.sheet import stylesheet

__all__ = ["PRODUCT", "PRODUCT_COLOUR", "Brand", "current", "of", "stylesheet"]

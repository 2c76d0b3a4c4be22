"""QR codes as SVG that stands in a page, without a style of its own."""

from io import BytesIO

import segno


def svg(text: str) -> str:
    """Return the picture of a text: dark modules on white, four modules of margin."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        svgclass="qr",
        lineclass=None,
        omitsize=True,
        border=4,
        dark="#000",
        light="#fff",
    )
    return out.getvalue().decode()

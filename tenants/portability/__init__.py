"""One tenant to one file and back: export, import, clone, swap, archive, purge.

| Question | Where |
|---|---|
| What is in a file? | `manifest.py`, `rows.py`; `writing.py` and `reading.py` |
| What of a table goes along? | `policies.py`, and what each app declares |
| Which tables are due for its release? | `expected.py` |
| How does a tenant get out? | `export.py`: one instant, as its own role |
| How does it get in? | `orders.py` decides, `importing.py` begins, `import_steps.py` |
| In which state is it then? | `standing.py` |
| And beside the live one? | a shadow; `swapping.py` |
| How does it go? | `archiving.py`, `purging.py`, `purge_steps.py` |
"""

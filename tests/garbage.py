"""The garbage collector looks at what tests leave, not at the tests themselves.

Thousands of collected tests are looked through again and again otherwise, which takes
a third of the time in which they are collected and a tenth of the rest.
"""

import gc

#: So many new objects are waited for; Python's own number suits a smaller program.
NEW_OBJECTS = 10_000

gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    gc.enable()

"""Listed mutations of the code, each of which must turn a named test red: see `table.py`.

`python -m tests.mutations` runs them in copies of the tree; the checkout is never edited.
"""

"""Formulas as trees: read from formula text, put together, evaluated, and typeset, each writer in one place.

`tree` holds the nodes and the ways to put them together, `reading` makes a tree of formula text, `setting` says how one
is set in any format, and `plain`, `latex` and `mathml` write it. All writers say the same: a formula that is written in
any of them reads back to the same tree.
"""

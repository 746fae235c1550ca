"""Symbols: the same scenario, by the same rules, on SymPy expressions in the place of numbers.

Importing this package loads SymPy: import it where symbols are asked for, not before.
"""

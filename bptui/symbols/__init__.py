"""Symbols: the same scenario, by the same rules, on SymPy expressions in the place of numbers.

All modules but `extent` load SymPy: import them where symbols are asked for, not before.
"""

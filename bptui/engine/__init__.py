"""Runs a program and records everything.

run         forward and backward, by the plan where a program has one; recording: by and by, while it is read
passes      the two passes step by step, on numbers or on symbols
plan        a run as straight-line code, for programs that are run again
pending     arrays that are not computed yet, which a plan is written down by
"""

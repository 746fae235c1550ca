"""The record of one run, and what can be asked of it.

recorded     values, contributions, gradients before and after, by id; arrays: handed out, and not to be written to
finite       where a number first became nan or inf
backward     the rule for one operand that the engine, derivatives and local Jacobians share
record       the trace, by name: what recorded holds, and the views of it
steps        step after step, with the fields of the JSON trace; formulas: what each does, in names
elements     which element feeds which, and by which derivative; routes: every way from one to the target
derivative   between any two named values
places       moves from step to step; breakpoints: what to run to; stops: where that is
"""

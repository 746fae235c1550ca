"""What is right: gradients against finite differences, and worked solutions against the trace.

gradients     finite differences, by the forward rules alone
probes        the target while single elements have other numbers, many at once
marking       a worked solution line by line (a package of its own)
batch         many scenarios, over the cores
report        what came out, as plain data and as text; wording: the words that the app has too
sheet_table   a marked solution as a table
"""

"""Marking a worked solution: which line is wrong, and which slip it was.

claims       what a line names, and the numbers that it claims
expressions  what a claim in symbols comes to
amounts      what a claim comes to on one sheet, and how far a true number may lie from it
numbers      the numbers that a sheet is marked at
statements   what is stated about entries, as a map that is never changed
world        the writer's own numbers: the trace's, with what earlier lines state in the place of what they name
influence    which statements an entry depends on, so that those that share none are moved at once
sheet        the lines so far, and how far each of them reaches
case         one line as the rules see it, and what a slip changes of it
reworks      small changes of a step or a Jacobian, from which slips are put together
slips        one rule a kind of slip: what the number would be, had this slip been made
namer        which slips explain a number
marker       the lines in their order: verdict and diagnosis
in_symbols   what is true, for lines that are claimed in symbols
hints        the same rules for one number that a reader typed in
place        the step and the element that a line is about
"""

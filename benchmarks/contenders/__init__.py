"""Who is compared: one file a contender, with a function for each workload that returns what is to be timed.

Each function takes the workload and prepares what can be prepared once; what it returns runs forward and backward and
gives the gradients asked for by name (for gradient descent, the parameters after it).
"""

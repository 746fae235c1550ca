"""From the text of a scenario file to a program, with every fault on the way told at its place.

text      source, syntax, places, document: bounded, parsed, and where everything in it stands
shape     schema, schema_reading, fitting, json_schema: which keys there are, and what each holds
numbers   leaves, weights, stored, safetensors, onnx, claimed_number: arrays, in every form in which a file gives them
names     names, notation, resolve: what may be a name, and what a name with an index means
lines     network, expression, resolving, resolved, literals, functions, lowering: expressions down to primitive steps
program   records, code, classes, program, scenario: what comes out; reading: from a document to a scenario, all the way
back      rewriting: the text with other numbers in it
"""

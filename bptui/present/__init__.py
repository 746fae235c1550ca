"""What people read of a trace: the only place that formats.

text       numbers, cells, grid, layout, drawing: numbers, one element's formula, arrays, lines, pictures made of text
frames     presentation: (trace, step, element) → frame; made, ledger, sentences, values, why: the parts of it
whole      what is given and asked for, and what comes out
cells      writer: what stands in a cell; number_writer, symbol_writer (with derivation): the two ways to write it
tables     pages, search, changes, stops, quiz, copying, reference: pages of them, and what is done with them
pictures   wiring, wires, pictures, plot: permutations, heat maps, curves
paper      expanding, notation, chain_rule, solution, document: the derivation as formulas, and as a document
hints      patterns, advice: a Jacobian's structure in words, and what to write where float64 breaks
"""

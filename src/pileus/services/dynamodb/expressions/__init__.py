"""DynamoDB's expressions: one grammar for conditions, filters, key conditions, updates and projections.

`request.py` is the face: it takes the texts, names and values of one request and gives compiled expressions. Text goes
through `tokens`, `grammar` (a tree, `syntax`), `checks` (AWS's rules in AWS's order) and then `conditions`, `updates`,
`projections` or `key_conditions`, which turn the tree into functions. All of it is pure, and kept by text and names.
"""

"""PartiQL for DynamoDB: statements in the manner of SQL, which do what the other operations do.

Text goes through `lexer` and `grammar` (a tree, `terms`), and `checked` makes a statement of it whose conditions and
updates are those of `expressions/`, so that both languages mean the same. `keys` says which keys a condition asks for,
and `operations` performs the statements.

Sources: Developer Guide, "PartiQL - a SQL-compatible query language for Amazon DynamoDB"; the grammar is that of AWS's
open source PartiQL parser (partiql-lang-kotlin, SqlParser), which DynamoDB uses; texts of errors, and what is refused,
are as real AWS answered public test suites (paritysuite/dynamodb-conformance, hectorvent/floci).
"""

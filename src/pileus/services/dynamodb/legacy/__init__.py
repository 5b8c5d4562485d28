"""The parameters that came before expressions, as the plans that expressions become.

`conditions` reads Expected, QueryFilter and ScanFilter, `updates` AttributeUpdates, `keys` KeyConditions, `projections`
AttributesToGet; `operators` is what the comparisons share. They name attributes at the top level only, as they are:
a dot is a dot. Who runs a plan does not know where it came from.

Source: Developer Guide, "Legacy DynamoDB conditional parameters"; texts and order of checks as DynamoDB answered the
test suites of architect/dynalite (test/query.js, test/updateItem.js) and ExtendDB (test_conditional_operator.py).
"""

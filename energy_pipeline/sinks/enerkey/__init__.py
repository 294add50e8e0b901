"""EnerKey: its wire, its client, and the push that never adds an hour twice.

`wire` holds everything the vendor left open. `client` and `answers` speak HTTP; `reconcile` and
`registers` decide, purely, what is to be done with every hour; `ledger` remembers what was sent;
`push` carries out the decisions.
"""

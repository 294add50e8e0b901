"""Local stand-ins of the vendors' services, served over real HTTP on loopback.

Nothing here imports the rest of the package: a simulator that shares the client's code proves
nothing about the client.
"""

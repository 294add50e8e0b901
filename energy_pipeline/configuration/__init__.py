"""What the user wrote: the environment and the site registry, validated as a whole.

Nothing runs on a half understood configuration: every mistake of a file is found at once and named
with its line. Nothing here calls a service or opens the store.
"""

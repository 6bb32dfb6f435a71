"""Build what is deployed: the libraries of a layer, and bytecode for all code, since Lambda's folders are read-only.

`sam build` runs it through building/rules.mk, and the local stack for the libraries alone. It is the standard library
only. Links (shared/.build, functions/.build) make it part of the folders that SAM builds: SAM copies them with the
source, and builds the layer again when a line of it changes.
"""

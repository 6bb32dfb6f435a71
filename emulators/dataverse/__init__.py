"""The Dataverse Web API on one machine; docs/dataverse-emulator.md."""

"""Every function with every event of events/, in a container of the SAM CLI and by the local host, side by side."""

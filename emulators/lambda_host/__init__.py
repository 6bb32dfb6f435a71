"""AWS Lambda on one machine: a SAM template, the processes of its functions, and their triggers."""

"""A local CodeDeploy: what a deployment's hook reports."""

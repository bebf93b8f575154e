"""The running operator: feeds the core with what the cluster says and carries out what the core decides."""

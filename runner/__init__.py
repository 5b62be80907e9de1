"""The connector between MedWorkS and the EESZT."""

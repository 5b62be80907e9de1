"""Pure rules: no input or output, no clock, standard library only."""

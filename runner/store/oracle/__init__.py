"""The runner's database on Oracle; the only home of ``oracledb``."""

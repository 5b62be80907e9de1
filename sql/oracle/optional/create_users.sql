-- optional/create_users.sql: the users, before anything else.
-- Made from sql/oracle/source; do not change it, copy it. In SQL*Plus or SQLcl, as SYS, in the pluggable database.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE ON
SET VERIFY OFF

ACCEPT owner_password CHAR PROMPT 'Password of EESZT: ' HIDE
ACCEPT runtime_password CHAR PROMPT 'Password of EESZT_RUNTIME: ' HIDE
ACCEPT tablespace CHAR PROMPT 'Tablespace of EESZT: '

-- The owner only owns; after an installation or upgrade lock the account: ALTER USER EESZT ACCOUNT LOCK.
CREATE USER EESZT IDENTIFIED BY "&owner_password" DEFAULT TABLESPACE &tablespace QUOTA UNLIMITED ON &tablespace;
GRANT CREATE SESSION, CREATE TABLE, CREATE VIEW, CREATE SEQUENCE, CREATE PROCEDURE, CREATE TRIGGER TO EESZT;
-- EESZT_CTX, which says to whom a session is bound; only EESZT_API can set it
GRANT CREATE ANY CONTEXT TO EESZT;
-- one-time nonces and handles
GRANT EXECUTE ON SYS.DBMS_CRYPTO TO EESZT;
-- so that a copied or restored database is noticed
GRANT SELECT ON SYS.V_$DATABASE TO EESZT;
GRANT SELECT ON SYS.V_$PDB_INCARNATION TO EESZT;

-- The daemon's user gets everything else by 110_grants.sql.
CREATE USER EESZT_RUNTIME IDENTIFIED BY "&runtime_password";
GRANT CREATE SESSION TO EESZT_RUNTIME;
GRANT SELECT ON SYS.V_$DATABASE TO EESZT_RUNTIME;
GRANT SELECT ON SYS.V_$PDB_INCARNATION TO EESZT_RUNTIME;
-- Copies go back into MedWorkS's own tables by its name, for example:
--   GRANT SELECT, UPDATE (EESZT_VONALKOD) ON MEDWORKS.MW_VENY TO EESZT_RUNTIME
-- and sources that read those tables need SELECT on them.

-- What pg_candle itself needs, and nobody calls: a schema of its own.

CREATE SCHEMA candle_internal;
COMMENT ON SCHEMA candle_internal IS 'functions of pg_candle that nobody calls by hand';
REVOKE ALL ON SCHEMA candle_internal FROM PUBLIC;

-- DDL changes rows without a trigger. What the catalogs show afterwards is found there
-- (change_capture.cpp); these note the rest in candle_change, give new partitions their triggers,
-- and refuse what would break functions. They run whoever does the DDL, also while a replica
-- applies it.
CREATE FUNCTION candle_internal.note_ddl() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'pg_candle_note_ddl' LANGUAGE C;
REVOKE EXECUTE ON FUNCTION candle_internal.note_ddl() FROM PUBLIC;
COMMENT ON FUNCTION candle_internal.note_ddl() IS
    'event trigger: notes in candle_change what DDL changed in the candle tables, and gives new '
    'partitions and children their triggers';

CREATE EVENT TRIGGER pg_candle_ddl ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER SCHEMA',
                 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE RULE', 'ALTER FUNCTION',
                 'ALTER ROUTINE')
    EXECUTE FUNCTION candle_internal.note_ddl();
ALTER EVENT TRIGGER pg_candle_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER pg_candle_ddl IS 'notes what DDL changes in the candle tables';

CREATE EVENT TRIGGER pg_candle_drop ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP TRIGGER', 'DROP RULE', 'DROP FUNCTION', 'DROP ROUTINE',
                 'DROP OWNED', 'DROP SCHEMA', 'ALTER TABLE')
    EXECUTE FUNCTION candle_internal.note_ddl();
ALTER EVENT TRIGGER pg_candle_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER pg_candle_drop IS 'notes what DDL removes from the candle tables';

CREATE EVENT TRIGGER pg_candle_gone ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION')
    EXECUTE FUNCTION candle_internal.note_ddl();
COMMENT ON EVENT TRIGGER pg_candle_gone IS
    'notes that the extension goes: what DDL changes meanwhile will not be noted';

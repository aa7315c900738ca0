-- Finding instruments by name.
BEGIN;
SELECT no_plan();
SELECT throws_ok($$SELECT instrument_id('RELIANCE')$$, '42P01', NULL, 'without tables: a clear error');
SELECT create_candle_tables();
INSERT INTO instrument_master (
    instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol, expiry_date, is_active)
VALUES
    (1, 'NSE_EQ|INE002A01018', 'NSE', 'NSE_EQ', 'EQ', 'RELIANCE', NULL, true),
    (2, 'BSE_EQ|INE002A01018', 'BSE', 'BSE_EQ', 'A', 'RELIANCE', NULL, true),
    (3, 'BSE_EQ|INE1', 'BSE', 'BSE_EQ', 'A', 'ONLYBSE', NULL, true),
    (4, 'NSE_EQ|INE2', 'NSE', 'NSE_EQ', 'EQ', 'MOVED', NULL, false),
    (5, 'BSE_EQ|INE2', 'BSE', 'BSE_EQ', 'A', 'MOVED', NULL, true),
    (6, 'NSE_INDEX|Nifty 50', 'NSE', 'NSE_INDEX', 'INDEX', 'NIFTY', NULL, true),
    (7, 'NSE_FO|100', 'NSE', 'NSE_FO', 'FUT', 'TWICE', '2026-01-29', true),
    (8, 'MCX_FO|100', 'MCX', 'MCX_FO', 'FUT', 'TWICE', '2026-01-29', true),
    (9, 'NSE_FO|200', 'NSE', 'NSE_FO', 'CE', 'OLD CE', '2026-01-29', false),
    (10, 'NSE_FO|200', 'NSE', 'NSE_FO', 'CE', 'NEW CE', '2026-02-26', true),
    (11, 'NSE_EQ|INE3', 'NSE', 'NSE_EQ', 'EQ', 'M&M', NULL, true),
    (12, 'BSE_INDEX|SENSEX', 'BSE', 'BSE_INDEX', 'INDEX', 'BOTH', NULL, true),
    (13, 'NSE_INDEX|X', 'NSE', 'NSE_INDEX', 'INDEX', 'BOTH', NULL, true),
    (14, 'BSE_EQ|INE4', 'BSE', 'BSE_EQ', 'A', 'BOTH', NULL, true);
SELECT is(instrument_id('RELIANCE'), 1, 'a symbol: NSE_EQ before BSE_EQ');
SELECT is(instrument_id('BSE:RELIANCE'), 2, 'with its exchange');
SELECT is(instrument_id('BSE_EQ:RELIANCE'), 2, 'with its segment');
SELECT is(instrument_id('NSE:RELIANCE'), 1, 'NSE:RELIANCE');
SELECT is(instrument_id('BSE_EQ|INE002A01018'), 2, 'an instrument_key');
SELECT is(instrument_id('NSE_INDEX|Nifty 50'), 6, 'a key with a space');
SELECT is(instrument_id('ONLYBSE'), 3, 'only one');
SELECT is(instrument_id('MOVED'), 5, 'active before inactive, whatever the segment');
SELECT is(instrument_id('NSE_EQ:MOVED'), 4, 'an inactive one by its segment');
SELECT is(instrument_id('NSE_FO|200'), 10, 'a reused key: the active contract');
SELECT is(instrument_id('M&M'), 11, 'a symbol with a sign');
SELECT is(instrument_id('BOTH'), 13, 'NSE_INDEX before BSE_INDEX before BSE_EQ');
SELECT is(instrument_id(NULL), NULL, 'NULL is NULL');
SELECT throws_ok(
    $$SELECT instrument_id('TWICE')$$, '42P08', 'instrument "TWICE" is ambiguous', 'a tie within one rank');
SELECT is(instrument_id('MCX:TWICE'), 8, 'resolved by its exchange');
SELECT throws_ok($$SELECT instrument_id('NOWHERE')$$, '42704', 'instrument "NOWHERE" does not exist', 'none');
SELECT throws_ok($$SELECT instrument_id('')$$, '42704', NULL, 'an empty name');
SELECT throws_ok($$SELECT instrument_id('BSE:M&M')$$, '42704', NULL, 'not on that exchange');

-- The detail names candidates.
DO $$
DECLARE d text;
BEGIN
    PERFORM instrument_id('TWICE');
EXCEPTION WHEN ambiguous_parameter THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
    PERFORM set_config('test.detail', d, true);
END $$;
SELECT matches(current_setting('test.detail'), 'NSE_FO:TWICE.*MCX_FO:TWICE', 'the candidates are listed');
DO $$
DECLARE d text;
BEGIN
    PERFORM instrument_id('relia');
EXCEPTION WHEN undefined_object THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
    PERFORM set_config('test.detail', d, true);
END $$;
SELECT matches(current_setting('test.detail'), 'NSE_EQ:RELIANCE', 'and near ones where there is none');
SELECT * FROM finish();
ROLLBACK;

-- The rows of the app that this system cannot handle (docs/operations/verify-integration.md). Each call is one
-- statement that only reads, so it holds no lock that a normal SELECT does not hold.

CREATE OR REPLACE FUNCTION certification.unusable_rows(p_kind text) RETURNS TABLE (n bigint, ids text[])
-- row_security is off so that a row hidden from us by a policy raises an error instead of passing for good.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '2s' SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    v_query text := CASE p_kind
        WHEN 'status_unknown' THEN
            'SELECT m.id FROM public.peer_mentors AS m'
            ' WHERE coalesce(certification.status_of(m.status::text), '''')'
            '       NOT IN (''active'', ''paused'', ''certification_expired'', ''inactive'')'
        WHEN 'mentor_without_id' THEN
            'SELECT NULL::uuid AS id FROM public.peer_mentors AS m WHERE m.id IS NULL'
        WHEN 'organisation_missing' THEN
            'SELECT m.id FROM public.peer_mentors AS m'
            ' WHERE NOT EXISTS (SELECT 1 FROM public.organisations AS o WHERE o.id = m.organisation_id)'
        WHEN 'timezone_unknown' THEN
            'SELECT o.id FROM public.organisations AS o'
            ' WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_timezone_names AS z'
            '                    WHERE lower(z.name) = lower(certification.clean_text(o.timezone::text)))'
        WHEN 'certification_twice' THEN
            'SELECT c.mentor_id AS id FROM public.certifications AS c GROUP BY c.mentor_id HAVING count(*) > 1'
        WHEN 'certification_of_nobody' THEN
            'SELECT c.mentor_id AS id FROM public.certifications AS c'
            ' WHERE NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.id = c.mentor_id)'
        -- The day itself is all that matters here, so one time zone serves for all.
        WHEN 'expiry_implausible' THEN
            'SELECT c.mentor_id AS id FROM public.certifications AS c'
            ' CROSS JOIN LATERAL (SELECT certification.day_of(c.expires_on, ''Europe/Oslo'') AS day) AS x'
            ' WHERE x.day IS NULL OR NOT isfinite(x.day) OR x.day < date ''1950-01-01'''
            '    OR x.day > (SELECT certification.today_in(''Europe/Oslo'') + 20 * 366)'
        WHEN 'active_uncertified' THEN
            'SELECT m.id FROM public.peer_mentors AS m'
            ' WHERE certification.is_status(m.status::text, ''active'')'
            '   AND NOT EXISTS (SELECT 1 FROM public.certifications AS c WHERE c.mentor_id = m.id)'
        WHEN 'coordinator_unknown' THEN
            'SELECT m.id FROM public.peer_mentors AS m'
            ' WHERE m.coordinator_id IS NOT NULL'
            '   AND NOT EXISTS (SELECT 1 FROM public.coordinators AS k WHERE k.id = m.coordinator_id)'
        WHEN 'coordinator_of_another_organisation' THEN
            'SELECT m.id FROM public.peer_mentors AS m JOIN public.coordinators AS k ON k.id = m.coordinator_id'
            ' WHERE k.organisation_id IS DISTINCT FROM m.organisation_id'
        WHEN 'mentor_address' THEN
            'SELECT m.id FROM public.peer_mentors AS m'
            ' WHERE certification.is_status(m.status::text, ''active'')'
            '   AND certification.mail_problem(m.email::text) IN (''malformed_email'', ''reserved_domain'')'
        WHEN 'coordinator_address' THEN
            'SELECT k.id FROM public.coordinators AS k'
            ' WHERE certification.mail_problem(k.email::text) IS NOT NULL'
            '   AND EXISTS (SELECT 1 FROM public.peer_mentors AS m WHERE m.coordinator_id = k.id)'
    END;
BEGIN
    IF v_query IS NULL THEN
        RAISE EXCEPTION 'unknown kind of rows' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- The query is one of the constants above.
    RETURN QUERY EXECUTE format(
        'WITH unusable AS MATERIALIZED (%s)'
        ' SELECT (SELECT count(*) FROM unusable),'
        '        ARRAY(SELECT u.id::text FROM unusable AS u WHERE u.id IS NOT NULL ORDER BY u.id LIMIT 20)', v_query);
END
$$;
COMMENT ON FUNCTION certification.unusable_rows IS
    'Return how many rows of the app this system cannot handle for one reason, and the first ids (I13). Ids only, no '
    'value of a row (I11).';

CREATE OR REPLACE FUNCTION certification.values_too_long(p_table text, p_columns text[], p_lengths integer[])
RETURNS TABLE (name text, n bigint, ids text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
    SET lock_timeout = '2s' SET jit = off AS $$
    WITH limits AS (
        SELECT o.id AS organisation_id, array_agg(c.field) AS fields, array_agg(l.name) AS names,
               array_agg(l.longest) AS longest, certification.clean_text(o.name::text) AS organisation
          FROM public.organisations AS o
         CROSS JOIN LATERAL certification.effective_mapping(o.id) AS e (mapping)
         CROSS JOIN LATERAL jsonb_each_text(e.mapping -> 'columns') AS c (name, field)
          JOIN unnest(p_columns, p_lengths) AS l (name, longest) ON l.name = c.name
         WHERE e.mapping ->> 'table' = p_table
         GROUP BY o.id, o.name
    ), long AS (
        SELECT l.names[i] AS name, m.id
          FROM limits AS l
          JOIN public.peer_mentors AS m ON m.organisation_id = l.organisation_id
         CROSS JOIN generate_subscripts(l.fields, 1) AS i
         WHERE m.listing_consent
           AND length(CASE l.fields[i]
                   WHEN 'first_name' THEN certification.clean_text(m.first_name::text)
                   WHEN 'last_name' THEN certification.clean_text(m.last_name::text)
                   WHEN 'full_name' THEN certification.full_name(m.first_name::text, m.last_name::text)
                   WHEN 'phone' THEN certification.clean_text(m.phone::text)
                   WHEN 'email' THEN certification.clean_text(m.email::text)
                   WHEN 'area' THEN certification.clean_text(m.area::text)
                   ELSE l.organisation END) > l.longest[i]
    )
    SELECT g.name, count(*), (array_agg(g.id::text ORDER BY g.id))[1:20] FROM long AS g GROUP BY g.name
$$;
COMMENT ON FUNCTION certification.values_too_long IS
    'Return, for columns of a table of the website, how many consenting mentors have a value of today that is longer '
    'than the column, and the first ids. A column without one returns no row.';

REVOKE ALL ON FUNCTION
    certification.unusable_rows, certification.values_too_long
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.unusable_rows
TO certification_verify_integration, certification_operations;
GRANT EXECUTE ON FUNCTION
    certification.values_too_long
TO certification_verify_integration;
-- Once granted: a database keeps what nothing takes away.
REVOKE EXECUTE ON FUNCTION certification.values_too_long FROM certification_operations;

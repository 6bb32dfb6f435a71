-- Two reports for operators: why a mentor was (not) reminded, and what is coming.

CREATE OR REPLACE FUNCTION certification.coming(p_from date, p_days integer, p_settings jsonb)
RETURNS TABLE (due_on date, organisation_id uuid, mentor_id uuid, event text, threshold_day smallint,
               expires_on date, problem text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH organisation AS MATERIALIZED (
        SELECT o.id, o.timezone::text AS zone,
               coalesce(p_from, certification.today_in(o.timezone::text) + 1) AS first,
               CASE WHEN g.id IS NULL THEN certification.effective_thresholds(o.id)
                    ELSE ARRAY(SELECT t.day::smallint
                                 FROM jsonb_array_elements_text(g.settings -> 'thresholds') AS t (day)) END
                   AS thresholds,
               coalesce((g.settings -> 'reactivate_renewed')::boolean, s.reactivate_renewed, true) AS reactivates
          FROM public.organisations AS o
          LEFT JOIN certification.organisation_settings AS s ON s.organisation_id = o.id
          LEFT JOIN jsonb_each(p_settings) AS g (id, settings) ON g.id = o.id::text
         WHERE p_settings IS NULL OR g.id IS NOT NULL
    ), standing AS (
        -- The state after the first nightly check has reactivated the renewed mentors.
        SELECT m.id, o.id AS organisation_id, o.thresholds, o.first, x.expires_on,
               coalesce(x.problem, u.reason) AS problem,
               x.status = 'certification_expired' AS renewed
          FROM organisation AS o
          JOIN public.peer_mentors AS m ON m.organisation_id = o.id
          JOIN public.certifications AS c ON c.mentor_id = m.id
          LEFT JOIN certification.unusable_addresses AS u
            ON u.address_digest = certification.address_digest(m.email::text)
         CROSS JOIN LATERAL (
               SELECT certification.status_of(m.status::text) AS status,
                      certification.day_of(c.expires_on, o.zone) AS expires_on,
                      certification.mail_problem(m.email::text) AS problem) AS x
         WHERE x.expires_on BETWEEN '1900-01-01' AND '9999-12-30' -- an impossible date is a step failure instead
           AND (x.status = 'active' AND x.expires_on < o.first + p_days + 366
                OR x.status = 'certification_expired' AND x.expires_on >= o.first AND o.reactivates
                   AND NOT EXISTS (SELECT 1 FROM certification.transitions AS t
                                    WHERE t.mentor_id = m.id AND t.certification_expiry_date = x.expires_on))
    ), reached AS (
        SELECT s.*, t.day, greatest(s.first, s.expires_on - t.day) AS due_on
          FROM standing AS s
         CROSS JOIN unnest(s.thresholds) AS t (day)
         WHERE s.expires_on - t.day < s.first + p_days
           AND NOT EXISTS (SELECT 1 FROM certification.cert_expiry_reminders AS r
                            WHERE r.mentor_id = s.id AND r.threshold_day = t.day
                              AND r.certification_expiry_date = s.expires_on)
    )
    SELECT r.due_on, r.organisation_id, r.id,
           CASE WHEN r.expires_on < r.due_on
                  OR EXISTS (SELECT 1 FROM unnest(r.thresholds) AS t (day)
                              WHERE t.day < r.day AND r.expires_on <= r.due_on + t.day) THEN 'collapsed'
                WHEN r.problem IS NOT NULL THEN 'unreachable'
                ELSE 'reminder' END,
           r.day, r.expires_on, r.problem
      FROM reached AS r
    UNION ALL
    SELECT greatest(s.first, s.expires_on + 1), s.organisation_id, s.id, 'expiry', NULL, s.expires_on, s.problem
      FROM standing AS s
     WHERE s.expires_on + 1 < s.first + p_days
       AND NOT EXISTS (SELECT 1 FROM certification.transitions AS t WHERE t.mentor_id = s.id
                          AND t.to_status = 'certification_expired' AND t.certification_expiry_date = s.expires_on)
    UNION ALL
    SELECT s.first, s.organisation_id, s.id, 'reactivation', NULL, s.expires_on, s.problem
      FROM standing AS s WHERE s.renewed
$$;
COMMENT ON FUNCTION certification.coming IS
    'Return who will be reminded, expired or reactivated on which day if nothing changes until then, in every '
    'organisation (p_settings is null) or in some, as if these settings were in force: {"organisation": '
    '{"thresholds": …, "reactivate_renewed": …}}. p_from is the first night (null: tomorrow, in each time zone), '
    'p_days the number of nights. It reads only.';

CREATE OR REPLACE FUNCTION certification.preview(p_from date, p_days integer)
RETURNS TABLE (due_on date, organisation_id uuid, mentor_id uuid, event text, threshold_day smallint,
               expires_on date, problem text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.due_on, c.organisation_id, c.mentor_id, c.event, c.threshold_day, c.expires_on, c.problem
      FROM certification.coming(p_from, p_days, NULL) AS c
     ORDER BY 1, 2, 3, 4, 5
$$;
COMMENT ON FUNCTION certification.preview IS
    'Return who will be reminded, expired or reactivated on which day if nothing changes until then. A dry run that '
    'only reads; p_from is the first night, p_days the number of nights.';

CREATE OR REPLACE FUNCTION certification.explain(p_mentor_id uuid, p_today date)
RETURNS TABLE (
    threshold_day smallint, due_on date, state text, reason text, run_id uuid, as_of date,
    notice_state text, notice_reason text, sent_at timestamptz, certification_expiry_date date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH mentor AS (
        SELECT m.id, certification.status_of(m.status::text) AS status,
               certification.address_problem(m.email::text) AS problem,
               certification.effective_thresholds(m.organisation_id) AS thresholds,
               CASE WHEN certification.day_of(c.expires_on, certification.zone_of(m.organisation_id))
                         BETWEEN '1900-01-01' AND '9999-12-30'
                    THEN certification.day_of(c.expires_on, certification.zone_of(m.organisation_id)) END AS expires_on,
               CASE WHEN c.expires_on IS NULL THEN 'no_certification' ELSE 'impossible_date' END AS no_day
          FROM public.peer_mentors AS m
          LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
         WHERE m.id = p_mentor_id
    ), past AS (
        SELECT r.threshold_day, r.certification_expiry_date - r.threshold_day AS due_on, r.state,
               r.reason, r.run_id, r.as_of,
               r.certification_expiry_date
          FROM certification.cert_expiry_reminders AS r WHERE r.mentor_id = p_mentor_id
    ), coming AS (
        SELECT t.day, m.expires_on - t.day,
               CASE WHEN m.expires_on IS NULL THEN m.no_day
                    WHEN m.expires_on - t.day > p_today THEN 'not_yet_due'
                    WHEN m.status <> 'active' THEN 'not_reminded'
                    ELSE 'due_next_run' END,
               CASE WHEN m.expires_on IS NULL OR m.status <> 'active' THEN 'status_' || m.status ELSE m.problem END,
               NULL::uuid, NULL::date, m.expires_on
          FROM mentor AS m
         CROSS JOIN unnest(m.thresholds) AS t (day)
         WHERE NOT EXISTS (SELECT 1 FROM past AS p
                            WHERE p.threshold_day = t.day AND p.certification_expiry_date = m.expires_on)
    )
    SELECT x.threshold_day, x.due_on, x.state, x.reason, x.run_id, x.as_of, n.state, n.reason, n.settled_at,
           x.certification_expiry_date
      FROM (SELECT * FROM past UNION ALL SELECT * FROM coming) AS x
      LEFT JOIN certification.notices AS n
        ON n.mentor_id = p_mentor_id AND n.kind = 'reminder' AND n.threshold_day = x.threshold_day
       AND n.certification_expiry_date = x.certification_expiry_date
     ORDER BY x.certification_expiry_date, x.threshold_day DESC
$$;
COMMENT ON FUNCTION certification.explain IS
    'Return every threshold of one mentor with its state, reason and run, and the outcome of its notice.';

REVOKE ALL ON FUNCTION
    certification.coming, certification.preview, certification.explain
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.preview, certification.explain
TO certification_operations, certification_operations_reader;

-- The digest: one message per coordinator and run. A notice that did not arrive, because SES refused it or because it
-- bounced or was complained of, is reported in the coordinator's next unsent digest, or in a new one (I17). A digest
-- that is lost itself has reported nothing.

CREATE OR REPLACE FUNCTION certification.digest_recipient(p_organisation_id uuid, p_coordinator_id uuid,
                                                          p_fallback_of bigint)
RETURNS TABLE (address text, problem text, is_fallback boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH candidate AS (
        SELECT k.email::text AS address, false AS is_fallback, CASE
                   WHEN certification.address_digest(k.email::text) = (
                       SELECT d.address_digest FROM certification.notices AS d WHERE d.id = p_fallback_of)
                   THEN coalesce(certification.address_problem(k.email::text), 'no_fallback_address')
                   ELSE certification.address_problem(k.email::text) END AS problem
          FROM public.coordinators AS k WHERE k.id = p_coordinator_id
        UNION ALL
        SELECT f.address, true, certification.address_problem(f.address)
          FROM certification.effective_fallback_address(p_organisation_id) AS f (address)
         WHERE f.address IS NOT NULL AND EXISTS (SELECT 1 FROM public.coordinators AS k WHERE k.id = p_coordinator_id)
    )
    SELECT certification.clean_text(c.address), c.problem, c.is_fallback
      FROM candidate AS c
     -- Where neither can be mailed, the fall-back is what operations sets right.
     ORDER BY c.problem IS NOT NULL,
              CASE WHEN c.problem IS NULL AND p_fallback_of IS NULL THEN c.is_fallback ELSE NOT c.is_fallback END
     LIMIT 1
$$;
COMMENT ON FUNCTION certification.digest_recipient IS
    'Return where a coordinator''s digest goes: to the coordinator''s address, or, where no mail can go there, to the '
    'fall-back address. The copy of a digest (fallback_of) goes to the fall-back address, or to the coordinator who '
    'has another address by now. Where it can go nowhere, problem says why. No row for a coordinator whom the app does '
    'not have.';

CREATE OR REPLACE FUNCTION certification.is_lost(p_digest certification.notices) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (p_digest.state IN ('undeliverable', 'superseded') OR certification.did_not_arrive(p_digest))
       AND NOT EXISTS (SELECT 1 FROM certification.notices AS c
                        WHERE c.fallback_of = p_digest.id AND c.state NOT IN ('undeliverable', 'superseded')
                          AND NOT certification.did_not_arrive(c))
$$;
COMMENT ON FUNCTION certification.is_lost IS
    'Return whether a digest was not sent or did not arrive, and neither was, or did, its copy to the fall-back '
    'address. What still waits, or whose outcome is unknown, is not lost.';

CREATE OR REPLACE FUNCTION certification.is_reported(p_notice certification.notices) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_notice.reported_in IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM certification.notices AS d
                        WHERE d.id = p_notice.reported_in AND certification.is_lost(d))
$$;
COMMENT ON FUNCTION certification.is_reported IS
    'Return whether a digest says that this notice did not arrive (I17): one that will be sent, or that has arrived as '
    'far as is known, or whose copy has. A digest that is lost has told nobody.';

CREATE OR REPLACE FUNCTION certification.can_be_reached(p_organisation_id uuid, p_coordinator_id uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM certification.digest_recipient(p_organisation_id, p_coordinator_id, NULL) AS r
         WHERE r.problem IS NULL AND (
             SELECT count(*) < 3 OR NOT bool_and(x.is_lost) FROM (
                 SELECT d.state = 'undeliverable' OR certification.did_not_arrive(d) AS is_lost
                   FROM certification.notices AS d
                  WHERE d.address_digest = certification.address_digest(r.address) AND d.kind = 'digest'
                    AND d.settled_at > clock_timestamp() - interval '14 days'
                    AND d.state IN ('sent', 'undeliverable')
                  ORDER BY d.id DESC LIMIT 3) AS x))
$$;
COMMENT ON FUNCTION certification.can_be_reached IS
    'Return whether a digest of its own is written for what the coordinator has to hear: not while no mail can go to '
    'the address or the fall-back, nor after three digests to that address within a fortnight that were all lost, for '
    'whatever cause. A digest that the nightly check writes is sent all the same.';

CREATE OR REPLACE FUNCTION certification.unreported_mails() RETURNS TABLE (notice_id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- A digest is reported nowhere itself, so the indexes of what is not reported find the lost ones as well.
    WITH unreported AS (
        SELECT n.id, n.kind FROM certification.notices AS n
         WHERE n.arrival IN ('bounced', 'complained') AND n.reported_in IS NULL
        UNION ALL
        SELECT n.id, n.kind FROM certification.notices AS n
         WHERE n.state = 'undeliverable' AND n.reported_in IS NULL
    )
    SELECT u.id FROM unreported AS u WHERE u.kind <> 'digest'
    UNION ALL
    SELECT n.id
      FROM unreported AS u
      JOIN certification.notices AS d ON d.id = u.id
      JOIN certification.notices AS n ON n.reported_in = d.id
     WHERE u.kind = 'digest' AND n.kind <> 'digest' AND certification.is_lost(d)
       AND (n.arrival IN ('bounced', 'complained') OR n.state = 'undeliverable')
$$;
COMMENT ON FUNCTION certification.unreported_mails IS
    'Return the notices to mentors, of every organisation, that did not arrive or were not sent, and that no digest '
    'reports (certification.is_reported).';

CREATE OR REPLACE FUNCTION certification.notices_to_report(p_run_id uuid, p_organisation_id uuid)
RETURNS TABLE (notice_id bigint, coordinator_id uuid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.id, m.coordinator_id
      FROM (SELECT u.notice_id FROM certification.unreported_mails() AS u
            UNION ALL
            SELECT o.id FROM certification.notices AS o
             WHERE o.organisation_id = p_organisation_id AND o.state = 'pending' AND o.kind <> 'digest'
               AND certification.was_refused(o, p_run_id) AND NOT certification.is_reported(o)) AS r (id)
      JOIN certification.notices AS n ON n.id = r.id
      JOIN public.peer_mentors AS m ON m.id = n.mentor_id
     WHERE n.organisation_id = p_organisation_id AND m.coordinator_id IS NOT NULL
$$;
COMMENT ON FUNCTION certification.notices_to_report IS
    'Return the notices to mentors that did not arrive, or were refused in this run, and that no digest reports, with '
    'the coordinator of now.';

CREATE OR REPLACE FUNCTION certification.complete_digests(p_run_id uuid, p_organisation_id uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_n bigint;
BEGIN
    PERFORM certification.own_run(p_run_id);
    -- SES has accepted none of these (I4). What is older than a fortnight is no news any more.
    UPDATE certification.notices AS d SET state = 'pending', reason = NULL, settled_at = NULL
     WHERE d.organisation_id = p_organisation_id AND d.state = 'undeliverable' AND d.reported_in IS NULL
       AND d.kind = 'digest' AND d.settled_at > clock_timestamp() - interval '14 days'
       AND d.sender_run_id IS DISTINCT FROM p_run_id
       AND EXISTS (SELECT 1 FROM certification.digest_recipient(p_organisation_id, d.coordinator_id,
                                                                d.fallback_of) AS r
                    WHERE r.problem IS NULL
                      AND (certification.is_about_the_address(d.reason) AND d.reason <> 'unusable_address'
                           -- SES refused it (unusable_address among it), and it would now go elsewhere.
                           OR d.address_digest <> certification.address_digest(r.address)));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    INSERT INTO certification.run_counts AS c (run_id, organisation_id, measure, detail, n)
    SELECT ro.run_id, ro.organisation_id, 'notices_put_back', '', v_n
      FROM certification.run_organisations AS ro
     WHERE ro.run_id = p_run_id AND ro.organisation_id = p_organisation_id
    ON CONFLICT ON CONSTRAINT run_counts_pkey DO UPDATE SET n = c.n + excluded.n;
    -- A digest reports on the mentors that are the coordinator's when it is sent. A coordinator that has taken over a
    -- mentor since the nightly check needs a digest too.
    INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id)
    SELECT DISTINCT d.run_id, p_organisation_id, 'digest', m.coordinator_id
      FROM certification.notices AS d
      JOIN (SELECT r.run_id, r.mentor_id FROM certification.cert_expiry_reminders AS r WHERE r.state <> 'collapsed'
            UNION ALL
            SELECT t.run_id, t.mentor_id FROM certification.transitions AS t) AS e ON e.run_id = d.run_id
      JOIN public.peer_mentors AS m ON m.id = e.mentor_id
     WHERE d.organisation_id = p_organisation_id AND d.kind = 'digest' AND d.state = 'pending'
       AND d.fallback_of IS NULL AND m.organisation_id = p_organisation_id AND m.coordinator_id IS NOT NULL
    ON CONFLICT (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL AND fallback_of IS NULL DO NOTHING;
    -- A report follows its mentor to the coordinator of now.
    UPDATE certification.notices AS n SET reported_in = NULL
      FROM certification.notices AS d
     WHERE d.organisation_id = p_organisation_id AND d.kind = 'digest' AND d.state = 'pending'
       AND n.reported_in = coalesce(d.fallback_of, d.id) -- a copy has the lines of its digest
       AND NOT EXISTS (SELECT 1 FROM public.peer_mentors AS m
                        WHERE m.id = n.mentor_id AND m.coordinator_id = d.coordinator_id);
    INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id)
    SELECT DISTINCT p_run_id, p_organisation_id, 'digest', r.coordinator_id
      FROM certification.notices_to_report(p_run_id, p_organisation_id) AS r
     WHERE NOT EXISTS (SELECT 1 FROM certification.notices AS d
                        WHERE d.coordinator_id = r.coordinator_id AND d.organisation_id = p_organisation_id
                          AND d.state = 'pending' AND d.fallback_of IS NULL)
       AND certification.can_be_reached(p_organisation_id, r.coordinator_id)
    ON CONFLICT (run_id, coordinator_id) WHERE coordinator_id IS NOT NULL AND fallback_of IS NULL DO NOTHING;
    UPDATE certification.notices AS n
       SET reported_in = t.digest_id
      FROM (SELECT r.notice_id, max(d.id) AS digest_id
              FROM certification.notices_to_report(p_run_id, p_organisation_id) AS r
              JOIN certification.notices AS d
                ON d.coordinator_id = r.coordinator_id AND d.organisation_id = p_organisation_id
               AND d.state = 'pending' AND d.fallback_of IS NULL
             GROUP BY r.notice_id) AS t
     WHERE n.id = t.notice_id;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END
$$;
COMMENT ON FUNCTION certification.complete_digests IS
    'Put back the digests of a fortnight that could go to no address and now can, write those that are missing, and '
    'attach every notice that did not arrive to one of them, also one that a lost digest was to report (I17). Where '
    'nobody can be told, it stays unreported. Return how many notices were attached.';

CREATE OR REPLACE FUNCTION certification.digest_lines(p_notice_id bigint)
RETURNS TABLE (section text, mentor_name text, phone text, email text, expires_on date, reason text, omitted bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH digest AS (
        -- The copy to the fall-back address has the lines of the digest that bounced.
        SELECT coalesce(d.fallback_of, d.id) AS id, d.run_id, d.coordinator_id
          FROM certification.notices AS d WHERE d.id = p_notice_id
    ), mentor AS (
        -- A mentor without a name appears under the address or id that the app has.
        SELECT m.id, certification.clean_text(m.phone::text) AS phone, m.email::text AS email,
               coalesce(certification.full_name(m.first_name::text, m.last_name::text),
                        certification.clean_text(m.email::text), m.id::text) AS name
          FROM public.peer_mentors AS m JOIN digest AS d ON d.coordinator_id = m.coordinator_id
    ), line AS (
        SELECT CASE r.state WHEN 'claimed' THEN 'reminded' ELSE 'unreachable' END AS section,
               m.name, m.phone, m.email, r.certification_expiry_date AS expires_on, r.reason
          FROM mentor AS m
          JOIN certification.cert_expiry_reminders AS r ON r.mentor_id = m.id
          JOIN digest AS d ON d.run_id = r.run_id
         WHERE r.state = 'unreachable'
            OR (r.state = 'claimed' AND NOT EXISTS ( -- not reminded after all, or reported below
                SELECT 1 FROM certification.notices AS n
                 WHERE n.mentor_id = r.mentor_id AND n.kind = 'reminder' AND n.threshold_day = r.threshold_day
                   AND n.certification_expiry_date = r.certification_expiry_date
                   AND (n.state IN ('undeliverable', 'superseded') OR n.arrival IN ('bounced', 'complained')
                        OR n.reported_in IS NOT NULL AND n.state = 'pending')))
        UNION ALL
        SELECT CASE t.to_status WHEN 'active' THEN 'reactivated' ELSE 'expired' END, m.name, m.phone, m.email,
               t.certification_expiry_date,
               -- Why the mentor has not heard of it from us; who got the mail and then complained has.
               CASE WHEN NOT EXISTS (
                   SELECT 1 FROM certification.notices AS n
                    WHERE n.mentor_id = m.id AND n.certification_expiry_date = t.certification_expiry_date
                      AND n.kind = k.kind AND n.state IN ('claimed', 'sent') AND NOT certification.did_not_arrive(n))
                    THEN certification.address_problem(m.email) END
          FROM mentor AS m
          JOIN certification.transitions AS t ON t.mentor_id = m.id
          JOIN digest AS d ON d.run_id = t.run_id
         CROSS JOIN LATERAL (SELECT CASE t.to_status WHEN 'active' THEN 'reactivated' ELSE 'expired' END AS kind) AS k
        UNION ALL
        SELECT 'undeliverable', m.name, m.phone, m.email, n.certification_expiry_date,
               CASE WHEN n.arrival IS NULL THEN n.reason ELSE certification.arrival_reason(n, m.email) END
          FROM certification.notices AS n
          JOIN digest AS d ON d.id = n.reported_in
          JOIN mentor AS m ON m.id = n.mentor_id
         WHERE n.state IN ('pending', 'undeliverable') OR n.arrival IN ('bounced', 'complained')
        UNION ALL
        SELECT 'needs_decision', m.name, m.phone, m.email, s.certification_expiry_date, s.reason
          FROM mentor AS m
          JOIN certification.step_failures AS s ON s.mentor_id = m.id
          JOIN digest AS d ON d.run_id = s.first_run_id
         WHERE s.reason IN ('manually_set_active', 'manually_set_expired', 'awaiting_manual_reactivation')
    ), ranked AS (
        SELECT l.*, row_number() OVER w AS place, count(*) OVER (PARTITION BY l.section) AS total
          FROM line AS l WINDOW w AS (PARTITION BY l.section ORDER BY l.expires_on, l.name COLLATE "default")
    )
    SELECT k.section, k.name, k.phone, certification.clean_text(k.email),
           CASE WHEN k.expires_on BETWEEN '1900-01-01' AND '9999-12-30' THEN k.expires_on END,
           k.reason, greatest(k.total - 100, 0)
      FROM ranked AS k WHERE k.place <= 100
     ORDER BY k.section, k.place
$$;
COMMENT ON FUNCTION certification.digest_lines IS
    'Return the lines of one digest with how to reach each mentor, at most 100 lines per section; `omitted` says how '
    'many more there are. The reason of an expired or reactivated mentor says why no mail told the mentor so '
    '(certification.address_problem); null: one was sent, or will be.';

REVOKE ALL ON FUNCTION
    certification.digest_recipient, certification.is_lost, certification.is_reported, certification.can_be_reached,
    certification.unreported_mails, certification.notices_to_report, certification.complete_digests,
    certification.digest_lines
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.complete_digests, certification.digest_lines
TO certification_send_notices;

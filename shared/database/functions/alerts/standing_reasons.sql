-- The reasons of a degraded run that still need attention: neither cured since nor reported by another condition.

CREATE OR REPLACE FUNCTION certification.is_about_the_website(p_reasons text, p_website_codes text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_to_array(p_reasons, ',') <@ p_website_codes, false)
$$;
COMMENT ON FUNCTION certification.is_about_the_website IS
    'Return whether every code of a run says that the website did not respond or did not authorise us '
    '(runs.website_codes).';

CREATE OR REPLACE FUNCTION certification.standing_reasons(p_run_id uuid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(string_agg(c.code, ',' ORDER BY c.code), '')
          FROM certification.runs AS r
         CROSS JOIN LATERAL unnest(string_to_array(r.reason, ',')) AS c (code)
         WHERE r.id = p_run_id
           -- Other conditions report these codes.
           AND c.code NOT LIKE 'pending\_%'
           AND c.code NOT IN ('reminders_braked', 'expiries_braked', 'repairs_braked', 'website_result_small',
                              'secret_end_date_malformed', 'notices_stuck')
           AND CASE
               WHEN c.code = ANY (r.website_codes) THEN
                   NOT EXISTS (SELECT 1 FROM certification.sync_state AS s
                                WHERE s.stopped_since IS NOT NULL OR s.failing_since IS NOT NULL)
                   -- All of these functions begin with the same check, so any one of them shows that the fault is over.
                   AND NOT EXISTS (
                       SELECT 1 FROM certification.runs AS x
                        WHERE x.function IN ('expiry_check', 'reconciliation_sweep', 'reconciliation_full')
                          AND x.started_at > r.ended_at AND x.state IN ('succeeded', 'degraded')
                          AND c.code <> ALL (string_to_array(coalesce(x.reason, ''), ',')))
               WHEN c.code = 'notices_undeliverable' THEN
                   EXISTS (SELECT 1 FROM certification.notices AS n
                            WHERE n.sender_run_id = r.id AND n.state = 'undeliverable'
                              -- The conditions of the coordinator's address report it for as long as it stands.
                              AND NOT (n.kind = 'digest' AND certification.is_about_the_address(n.reason)))
               WHEN c.code = 'notices_given_back' THEN
                   EXISTS (SELECT 1 FROM certification.notices AS n
                            WHERE n.sender_run_id = r.id AND n.state = 'pending')
               WHEN c.code = 'notices_outcome_unknown' THEN
                   EXISTS (SELECT 1 FROM certification.notices AS n
                            WHERE n.sender_run_id = r.id AND n.state = 'claimed'
                              AND n.claimed_at >= clock_timestamp() - interval '30 minutes')
               WHEN c.code IN ('step_failures', 'expiries_skipped_manual_edit',
                               'reactivations_skipped_manual_edit') THEN
                   EXISTS (SELECT 1 FROM certification.step_failures AS s
                             JOIN public.peer_mentors AS m ON m.id = s.mentor_id
                             JOIN public.certifications AS e ON e.mentor_id = s.mentor_id
                            WHERE s.last_run_id = r.id
                              AND certification.day_of(e.expires_on, certification.zone_of(m.organisation_id))
                                  = s.certification_expiry_date
                              AND CASE c.code
                                  WHEN 'expiries_skipped_manual_edit'
                                  THEN s.reason = 'manually_set_active'
                                       AND certification.is_status(m.status::text, 'active')
                                  WHEN 'reactivations_skipped_manual_edit'
                                  THEN s.reason = 'manually_set_expired'
                                       AND certification.is_status(m.status::text, 'certification_expired')
                                  ELSE s.reason NOT IN ('manually_set_active', 'manually_set_expired',
                                                        'awaiting_manual_reactivation') END)
               WHEN c.code = 'unnotified' THEN
                   EXISTS (SELECT 1 FROM (SELECT t.mentor_id FROM certification.transitions AS t WHERE t.run_id = r.id
                                          UNION SELECT m.mentor_id FROM certification.cert_expiry_reminders AS m
                                                 WHERE m.run_id = r.id AND m.state = 'unreachable') AS x
                             JOIN public.peer_mentors AS m ON m.id = x.mentor_id
                            WHERE m.coordinator_id IS NULL AND certification.address_problem(m.email::text) IS NOT NULL)
               ELSE true END);
EXCEPTION WHEN OTHERS THEN -- the app's tables cannot be read, so it is unknown what is cured
    RETURN (SELECT r.reason FROM certification.runs AS r WHERE r.id = p_run_id);
END
$$;
COMMENT ON FUNCTION certification.standing_reasons IS
    'Return the codes of a degraded run, separated by commas, that still stand and that no other condition reports; '
    'empty if there are none (I13).';

REVOKE ALL ON FUNCTION
    certification.is_about_the_website, certification.standing_reasons
FROM PUBLIC;

-- Whom mail does not reach now: coordinators, and the fall-back mailboxes of organisations (I17). While the app's
-- tables cannot be read nothing is known to be over, so an alert that is open stays as it is.

CREATE OR REPLACE FUNCTION certification.alert_as_it_is(p_condition text)
RETURNS TABLE (since timestamptz, n bigint, ids uuid[], mark text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.since, a.n, a.ids, a.mark FROM certification.alerts AS a
     WHERE a.condition = p_condition AND a.subject = '' AND a.closed_at IS NULL
$$;
COMMENT ON FUNCTION certification.alert_as_it_is IS
    'Return what the open alert of this condition says; no row if none is open.';

CREATE OR REPLACE FUNCTION certification.coordinators_not_reached()
RETURNS TABLE (since timestamptz, n bigint, ids uuid[], mark text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH coordinator AS MATERIALIZED (
        SELECT k.id, k.email::text AS email, certification.address_digest(k.email::text) AS digest
          FROM public.coordinators AS k
    ), standing AS (
        -- No mail goes to the address that the app has.
        SELECT k.id, u.since, u.notice_id
          FROM coordinator AS k
          JOIN certification.unusable_addresses AS u ON u.address_digest = k.digest AND u.reason IS NOT NULL
        UNION ALL
        -- Nobody has the digest: it bounced at an address that is still in use, and so did its copy, if there is one.
        SELECT k.id, d.arrival_at, d.id
          FROM certification.notices AS d JOIN coordinator AS k ON k.id = d.coordinator_id
         WHERE d.kind = 'digest' AND certification.did_not_arrive(d)
           AND d.arrival_at > clock_timestamp() - interval '30 days'
           AND NOT certification.may_be_an_automatic_reply(d)
           AND d.address_digest IN (k.digest, certification.address_digest(
                                        certification.effective_fallback_address(d.organisation_id)))
           AND NOT EXISTS (SELECT 1 FROM certification.unusable_addresses AS u
                            WHERE u.address_digest = d.address_digest AND u.allowed_at > d.arrival_at)
           AND NOT EXISTS (SELECT 1 FROM certification.notices AS x
                            WHERE x.address_digest = d.address_digest AND x.arrival = 'delivered'
                              AND x.arrival_at > d.arrival_at)
           AND NOT EXISTS (SELECT 1 FROM certification.notices AS x
                            WHERE x.fallback_of = d.id AND x.arrival = 'delivered')
        UNION ALL
        -- Nobody has the digest: there was no address for it to go to, and today there is none either.
        SELECT k.id, d.settled_at, d.id
          FROM certification.notices AS d JOIN coordinator AS k ON k.id = d.coordinator_id
         CROSS JOIN LATERAL (SELECT certification.effective_fallback_address(d.organisation_id) AS address) AS f
         WHERE d.kind = 'digest' AND d.state = 'undeliverable' AND d.reported_in IS NULL
           AND d.settled_at > clock_timestamp() - interval '30 days' AND certification.is_about_the_address(d.reason)
           AND CASE WHEN d.reason = 'unusable_address' -- as SES says
                    THEN d.address_digest IN (k.digest, certification.address_digest(f.address))
                         AND NOT EXISTS (SELECT 1 FROM certification.notices AS x
                                          WHERE x.address_digest = d.address_digest AND x.arrival = 'delivered'
                                            AND x.arrival_at > d.settled_at)
                    ELSE certification.address_problem(k.email) IS NOT NULL
                         AND certification.address_problem(f.address) IS NOT NULL END)
    SELECT min(s.since), count(DISTINCT s.id), certification.first_ids(array_agg(DISTINCT s.id)),
           max(s.notice_id)::text
      FROM standing AS s HAVING count(*) > 0;
EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT o.* FROM certification.alert_as_it_is('coordinator_mail_bounced') AS o;
END
$$;
COMMENT ON FUNCTION certification.coordinators_not_reached IS
    'Return the coordinators whose address is unusable, and those whose digest nobody has, as one row; none if there '
    'are none (I17). The mark is the newest mail that shows it.';

CREATE OR REPLACE FUNCTION certification.fallbacks_unusable()
RETURNS TABLE (since timestamptz, n bigint, ids uuid[], mark text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT min(u.since), count(*), certification.first_ids(array_agg(o.id)), ''
      FROM public.organisations AS o
      JOIN certification.unusable_addresses AS u
        ON u.address_digest = certification.address_digest(certification.effective_fallback_address(o.id))
     WHERE u.reason IS NOT NULL HAVING count(*) > 0;
EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT o.* FROM certification.alert_as_it_is('fallback_unusable') AS o;
END
$$;
COMMENT ON FUNCTION certification.fallbacks_unusable IS
    'Return the organisations whose fall-back address, or the standard''s, takes no mail any more, as one row (I17).';

CREATE OR REPLACE FUNCTION certification.mentors_not_reported()
RETURNS TABLE (since timestamptz, n bigint, ids uuid[], mark text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT min(b.came_back_at), count(DISTINCT b.mentor_id), certification.first_ids(array_agg(DISTINCT b.mentor_id)),
           ''
      FROM certification.mail_not_reported() AS b HAVING count(*) > 0;
EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT o.* FROM certification.alert_as_it_is('mail_not_reported') AS o;
END
$$;
COMMENT ON FUNCTION certification.mentors_not_reported IS
    'Return the mentors whose mail did not arrive and of whom no coordinator hears, as one row (I17).';

REVOKE ALL ON FUNCTION
    certification.alert_as_it_is, certification.coordinators_not_reached, certification.fallbacks_unusable,
    certification.mentors_not_reported
FROM PUBLIC;

-- What operations asks about the mail: how much arrived lately, and what came back and stands.

CREATE OR REPLACE FUNCTION certification.mail_outcomes(p_since timestamptz)
RETURNS TABLE (sent bigint, delivered bigint, bounced bigint, complained bigint, unknown bigint, waiting bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*),
           count(*) FILTER (WHERE n.arrival = 'delivered' OR certification.may_be_an_automatic_reply(n)),
           count(*) FILTER (WHERE n.arrival = 'bounced' AND NOT certification.may_be_an_automatic_reply(n)),
           count(*) FILTER (WHERE n.arrival = 'complained'), count(*) FILTER (WHERE n.arrival = 'unknown'),
           count(*) FILTER (WHERE n.arrival IS NULL)
      FROM certification.notices AS n WHERE n.state = 'sent' AND n.settled_at > p_since
$$;
COMMENT ON FUNCTION certification.mail_outcomes IS
    'Return how many mails SES has accepted since then, and what became of them (I17). What may be an automatic reply '
    'to a delivered mail counts as delivered. Drills are not counted.';

-- Alerts must still be found while the app's tables do not fit the contract (see certification.not_to_be_listed).
CREATE OR REPLACE FUNCTION certification.mail_that_came_back(p_since timestamptz)
RETURNS TABLE (is_digest boolean, notice_id bigint, person uuid, came_back_at timestamptz, stands boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT n.kind = 'digest', n.id, coalesce(n.mentor_id, n.coordinator_id), n.arrival_at,
           CASE n.kind WHEN 'digest'
           -- It is over once the address is no longer in use, or a later mail to it arrived.
           THEN EXISTS (
                    SELECT 1 FROM public.coordinators AS k
                     WHERE k.id = n.coordinator_id
                       AND n.address_digest IN (
                           certification.address_digest(k.email::text),
                           certification.address_digest(
                               certification.effective_fallback_address(n.organisation_id))))
                AND NOT EXISTS (
                    SELECT 1 FROM certification.notices AS x
                     WHERE x.address_digest = n.address_digest AND x.arrival = 'delivered'
                       AND x.arrival_at > n.arrival_at)
           -- It is over once a coordinator's digest reports it, or the certification was renewed. Where a coordinator
           -- can be told, the next sending does.
           ELSE NOT certification.is_reported(n) AND EXISTS (
                    SELECT 1 FROM public.peer_mentors AS m
                      JOIN public.certifications AS c ON c.mentor_id = m.id
                     WHERE m.id = n.mentor_id
                       AND (n.reported_in IS NOT NULL
                            OR m.coordinator_id IS NULL
                            OR NOT certification.can_be_told(n.organisation_id, m.coordinator_id))
                       AND certification.day_of(c.expires_on, certification.zone_of(m.organisation_id))
                           = n.certification_expiry_date) END
      FROM certification.notices AS n
     WHERE coalesce(n.arrival_at, n.settled_at) > p_since
       AND CASE n.kind WHEN 'digest'
           -- Every complaint is told as one. Whoever complained of a digest has it.
           THEN certification.did_not_arrive(n)
           ELSE n.arrival IN ('bounced', 'complained') OR n.state = 'undeliverable' END;
EXCEPTION WHEN OTHERS THEN
    RETURN;
END
$$;
COMMENT ON FUNCTION certification.mail_that_came_back IS
    'Return the digests that did not arrive, and the mails to mentors that did not arrive or were not sent, each with '
    'whether that still stands (I17): for a mail to a mentor, whether no coordinator hears of it, because there is '
    'none, because none can be told, or because the digest that was to say it is lost. No rows while the app''s tables '
    'cannot be read.';

CREATE OR REPLACE FUNCTION certification.last_sign_of_mail_events() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest((SELECT max(e.received_at) FROM certification.mail_events AS e),
                    (SELECT max(d.received_at) FROM certification.mail_drills AS d),
                    -- Mails of an earlier version have no tag, so no event finds them.
                    (SELECT m.applied_at FROM certification.migrations AS m
                      WHERE m.name = 'tables/0020_mail_events.sql'))
$$;
COMMENT ON FUNCTION certification.last_sign_of_mail_events IS
    'Return when SES last told of any mail, a drill included; before the first time, since when it could.';

CREATE OR REPLACE FUNCTION certification.address_of_mentor(p_mentor_id uuid)
RETURNS TABLE (problem text, since timestamptz, allowed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.reason, u.since, u.allowed_at
      FROM public.peer_mentors AS m
      JOIN certification.unusable_addresses AS u
        ON u.address_digest = certification.address_digest(m.email::text)
     WHERE m.id = p_mentor_id
$$;
COMMENT ON FUNCTION certification.address_of_mentor IS
    'Return since when no mail goes to the address that the mentor has now, and why; and when a person allowed it '
    'again. No row for an address that nothing was ever against. The address itself is not returned (I11).';

REVOKE ALL ON FUNCTION
    certification.address_of_mentor, certification.mail_outcomes, certification.mail_that_came_back,
    certification.last_sign_of_mail_events
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.address_of_mentor, certification.mail_outcomes
TO certification_operations;

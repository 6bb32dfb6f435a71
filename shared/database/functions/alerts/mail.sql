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

CREATE OR REPLACE FUNCTION certification.mail_not_reported()
RETURNS TABLE (notice_id bigint, mentor_id uuid, came_back_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.id, n.mentor_id, coalesce(n.arrival_at, n.settled_at)
      FROM certification.unreported_mails() AS u
      JOIN certification.notices AS n ON n.id = u.notice_id
     -- It is over once a coordinator's digest reports it, or the certification was renewed. Where a coordinator can be
     -- told, the next sending does.
     WHERE EXISTS (
            SELECT 1 FROM public.peer_mentors AS m
              JOIN public.certifications AS k ON k.mentor_id = m.id
             WHERE m.id = n.mentor_id
               AND (n.reported_in IS NOT NULL
                    OR m.coordinator_id IS NULL
                    OR NOT certification.can_be_reached(n.organisation_id, m.coordinator_id))
               AND certification.day_of(k.expires_on, certification.zone_of(m.organisation_id))
                   = n.certification_expiry_date)
$$;
COMMENT ON FUNCTION certification.mail_not_reported IS
    'Return the mails to mentors that did not arrive or were not sent, and that no coordinator hears of, because there '
    'is none, because none can be told, or because the digest that was to say it is lost (I17). It fails while the '
    'app''s tables cannot be read.';

CREATE OR REPLACE FUNCTION certification.last_sign_of_mail_events() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(greatest((SELECT max(e.received_at) FROM certification.mail_events AS e),
                             (SELECT max(d.received_at) FROM certification.mail_drills AS d)), '-infinity')
$$;
COMMENT ON FUNCTION certification.last_sign_of_mail_events IS
    'Return when SES last told of any mail, a drill included; minus infinity before the first time.';

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
    certification.address_of_mentor, certification.mail_outcomes, certification.mail_not_reported,
    certification.last_sign_of_mail_events
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.address_of_mentor, certification.mail_outcomes
TO certification_operations, certification_operations_reader;
